package result

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Sparse is how HDR and HDRNegative of a latency begin while its run goes on; result files never have it. What follows is base64 of
// uvarints: the histogram's lowest and highest value and its significant digits, then for each bucket with values by how much its
// lowest value is above that of the one before, and its count. HdrHistogram's compressed encoding takes more than a megabyte of
// memory to make, which would be part of what the run is said to take; Compress makes it where that does not matter.
const Sparse = "sparse:"

// SparseHDR is a histogram as Sparse has it.
func SparseHDR(h *hdrhistogram.PackedHistogram) string {
	const mostUsual = 5 // bytes of a bucket
	data := make([]byte, 0, 16+mostUsual*int(h.Populated()))
	data = binary.AppendUvarint(data, uint64(h.LowestTrackableValue()))
	data = binary.AppendUvarint(data, uint64(h.HighestTrackableValue()))
	data = binary.AppendUvarint(data, uint64(h.SignificantFigures()))
	var last int64
	for value, count := range h.ForEachBucket {
		data = binary.AppendUvarint(binary.AppendUvarint(data, uint64(value-last)), uint64(count))
		last = value
	}
	var text strings.Builder
	text.Grow(len(Sparse) + base64.StdEncoding.EncodedLen(len(data)))
	text.WriteString(Sparse)
	encoder := base64.NewEncoder(base64.StdEncoding, &text)
	_, _ = encoder.Write(data) // a Builder takes everything
	_ = encoder.Close()
	return text.String()
}

// Compress gives the latencies of a run that goes on the histograms that result files have. It changes maps that r shares with others.
func (r *Result) Compress() error {
	for _, a := range r.Arms {
		for name, l := range a.Latency {
			var err, errNegative error
			l.HDR, err = compress(l.HDR)
			l.HDRNegative, errNegative = compress(l.HDRNegative)
			if err := errors.Join(err, errNegative); err != nil {
				return fmt.Errorf("the histogram of %s of arm %s: %w", name, a.Name, err)
			}
			a.Latency[name] = l
		}
	}
	return nil
}

// compress leaves alone what is not sparse.
func compress(hdr string) (string, error) {
	text, isSparse := strings.CutPrefix(hdr, Sparse)
	if !isSparse {
		return hdr, nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", err
	}
	h, err := readSparse(data)
	if err != nil {
		return "", err
	}
	compressed, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	return string(compressed), err
}

func readSparse(data []byte) (*hdrhistogram.Histogram, error) {
	var isCutOff bool
	next := func() int64 {
		v, n := binary.Uvarint(data)
		isCutOff = isCutOff || n <= 0
		data = data[max(n, 0):]
		return int64(v)
	}
	lowest, highest, digits := next(), next(), next()
	if isCutOff || lowest < 1 || highest < 2*lowest || digits < 1 || digits > 5 {
		return nil, errors.New("it does not begin with a range and a precision")
	}
	h := hdrhistogram.New(lowest, highest, int(digits))
	var value int64
	for len(data) > 0 {
		above, count := next(), next()
		if isCutOff {
			return nil, errors.New("it is cut off")
		}
		value += above
		if err := h.RecordValues(value, count); err != nil {
			return nil, err
		}
	}
	return h, nil
}
