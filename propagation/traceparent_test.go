package propagation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
)

const (
	sampleTraceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	samplePrefix      = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"
)

func mustParse(t testing.TB, s string) trace.SpanContext {
	t.Helper()
	sc, err := ParseTraceparent(s)
	require.NoError(t, err)
	return sc
}

func TestAppendTraceparent(t *testing.T) {
	sample := mustParse(t, sampleTraceparent)
	cases := []struct {
		name string
		dst  string
		sc   trace.SpanContext
		want string
	}{
		{"sampled", "", sample, samplePrefix + "01"},
		{"not sampled", "", sample.WithTraceFlags(0), samplePrefix + "00"},
		{"random", "", sample.WithTraceFlags(2), samplePrefix + "02"},
		{"unknown flags are zeroed", "", sample.WithTraceFlags(0xff), samplePrefix + "03"},
		{"after what is there", "x: ", sample, "x: " + sampleTraceparent},
		{"no trace id", "x", sample.WithTraceID(trace.TraceID{}), "x"},
		{"no span id", "x", sample.WithSpanID(trace.SpanID{}), "x"},
		{"only the last byte of each", "", sample.WithTraceID(trace.TraceID{15: 1}).WithSpanID(trace.SpanID{7: 1}),
			"00-00000000000000000000000000000001-0000000000000001-01"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, string(AppendTraceparent([]byte(c.dst), c.sc)))
		})
	}
}

func TestAppendTraceparentUsesRoom(t *testing.T) {
	room := make([]byte, 3, 3+traceparentLen)
	got := AppendTraceparent(room, mustParse(t, sampleTraceparent))
	assert.Same(t, &room[0], &got[0])
	assert.Equal(t, sampleTraceparent, string(got[3:]))
}

func TestParseTraceparent(t *testing.T) {
	cases := []struct {
		name string
		in   string
		want error
	}{
		{"version 00", sampleTraceparent, nil},
		{"empty", "", errLength},
		{"blank", " \t ", errLength},
		{"cut", sampleTraceparent[:54], errLength},
		{"version 00 goes on", sampleTraceparent + "-00", errLength},
		{"version 01 goes on", "01" + sampleTraceparent[2:] + "-00", nil},
		{"version 01 goes on without a dash", "01" + sampleTraceparent[2:] + ".00", errLength},
		{"version fe", "fe" + sampleTraceparent[2:], nil},
		{"version ff", "ff" + sampleTraceparent[2:], errVersion},
		{"version is no hex", "0g" + sampleTraceparent[2:], errDigits},
		{"version in upper case", "CC" + sampleTraceparent[2:], errDigits},
		{"dash missing", strings.Replace(sampleTraceparent, "c-b", "c b", 1), errDashes},
		{"trace id zero", "00-00000000000000000000000000000000-b7ad6b7169203331-01", errZeroTrace},
		{"parent id zero", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", errZeroSpan},
		{"flags are no hex", samplePrefix + "0x", errDigits},
		{"not ASCII", "00-0af7651916cd43dd8448eb211c8031\xff\xff-b7ad6b7169203331-01", errDigits},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fromString, err := ParseTraceparent(c.in)
			fromBytes, bytesErr := ParseTraceparent([]byte(c.in))
			assert.Equal(t, fromString, fromBytes)
			assert.Equal(t, err, bytesErr)
			if c.want == nil {
				require.NoError(t, err)
				assert.Equal(t, mustParse(t, sampleTraceparent), fromString)
				return
			}
			require.ErrorIs(t, err, c.want)
			require.ErrorIs(t, err, ErrMalformed)
			assert.Equal(t, trace.SpanContext{}, fromString)
		})
	}
}

// Every byte in every place of the three fields: accepted exactly if it is a lower-case hex digit, whatever stands next to it.
func TestParseTraceparentDigits(t *testing.T) {
	for _, filler := range []byte("09af") {
		base := []byte("00-" + strings.Repeat(string(filler), 31) + "1-" + strings.Repeat(string(filler), 15) + "1-00")
		for i := range base {
			if base[i] == '-' {
				continue
			}
			for c := range 256 {
				in := append([]byte(nil), base...)
				in[i] = byte(c)
				sc, err := ParseTraceparent(in)
				digit := strings.IndexByte("0123456789abcdef", byte(c)) >= 0
				zero := i != 34 && i != 51 || c != '0' || filler != '0' // not the one digit that keeps an id from being zero
				require.Equal(t, digit && zero, err == nil, "%q", in)
				if err == nil && i > 2 && i < 53 {
					require.Equal(t, string(in), string(AppendTraceparent(nil, sc)))
				}
			}
		}
	}
}

// Two wrong characters must not make each other right: what the first spills into the next lane is caught at the first.
func TestParseTraceparentNeighbours(t *testing.T) {
	in := []byte(sampleTraceparent)
	for a := range 256 {
		for b := range 256 {
			in[3], in[4] = byte(a), byte(b)
			_, err := ParseTraceparent(in)
			digits := unhex(byte(a)) < 16 && unhex(byte(b)) < 16
			require.Equal(t, digits, err == nil, "%q", in)
		}
	}
}

func TestParseTraceparentWithoutLayout(t *testing.T) {
	withoutLayout(t)
	sc := mustParse(t, sampleTraceparent)
	assert.Equal(t, sampleTraceparent, string(AppendTraceparent(nil, sc)))
	assert.True(t, sc.IsRemote())
	_, err := ParseTraceparent(samplePrefix + "0x")
	require.ErrorIs(t, err, ErrMalformed)
}
