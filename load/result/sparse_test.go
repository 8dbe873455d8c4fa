package result

import (
	"encoding/base64"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSparseHistogramsAreCompressed(t *testing.T) {
	dense, packed := hdrhistogram.New(1, 1e9, 3), hdrhistogram.NewPacked(1, 1e9, 3)
	for _, v := range []int64{0, 1, 1, 2047, 2048, 123_456, 999_999_999} {
		require.NoError(t, dense.RecordValue(v))
		require.NoError(t, packed.RecordValue(v))
	}
	want, err := dense.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	require.NoError(t, err)
	r := Result{Arms: []Arm{{Latency: map[string]Latency{
		Response: {HDR: SparseHDR(packed), HDRNegative: SparseHDR(packed)},
		Transit:  {HDR: string(want)},
	}}}}
	require.NoError(t, r.Compress())
	assert.Equal(t, Latency{HDR: string(want), HDRNegative: string(want)}, r.Arms[0].Latency[Response])
	assert.Equal(t, Latency{HDR: string(want)}, r.Arms[0].Latency[Transit], "it was compressed before")
}

func TestSparseHistogramsThatAreNone(t *testing.T) {
	for hdr, want := range map[string]string{
		"!":                            "illegal base64",
		"":                             "it does not begin with a range",
		"\x01\x02":                     "it does not begin with a range",
		"\x00\x02\x03":                 "it does not begin with a range",
		"\x01\x02\x09":                 "it does not begin with a range",
		"\x01\x7f\x03\x05":             "it is cut off",
		"\x01\x7f\x03\xff\xff\x7f\x01": "too large",
	} {
		if hdr != "!" {
			hdr = base64.StdEncoding.EncodeToString([]byte(hdr))
		}
		r := Result{Arms: []Arm{{Name: "off", Latency: map[string]Latency{Response: {HDR: Sparse + hdr}}}}}
		err := r.Compress()
		assert.ErrorContains(t, err, want, "%q", hdr)
		assert.ErrorContains(t, err, "the histogram of response of arm off: ")
	}
}
