package otlp

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// TestJSONIsOTLPs: ids in hexadecimal of either case, kinds as numbers, long integers as text, names in camel case, unknown
// fields ignored (opentelemetry.io/docs/specs/otlp, section "JSON Protobuf Encoding").
func TestJSONIsOTLPs(t *testing.T) {
	const text = `{"resourceSpans":[{"unknown":1,"scopeSpans":[{"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C",
		"spanId":"eee19b7ec3c1b174","kind":4,"startTimeUnixNano":"1544712660000000000"}]}]}]}`
	q := new(tracepb.ExportTraceServiceRequest)
	require.NoError(t, unmarshalJSON([]byte(text), q))
	s := q.ResourceSpans[0].ScopeSpans[0].Spans[0]
	assert.Equal(t, []byte{0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c}, s.TraceId)
	assert.Equal(t, []byte{0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74}, s.SpanId)
	assert.Equal(t, uint64(1544712660000000000), s.StartTimeUnixNano)

	again, err := EncodeJSON(q)
	require.NoError(t, err)
	assert.Contains(t, string(again), `"5b8efff798038103d269b633813fc60c"`)
	assert.Contains(t, string(again), `"kind":4`)
	assert.Len(t, s.TraceId, traceIDSize, "encoding leaves the message alone")
}

// FuzzJSON: what decodes encodes to what decodes to the same.
func FuzzJSON(f *testing.F) {
	for _, s := range signals {
		line, err := EncodeJSON(s.request())
		require.NoError(f, err)
		f.Add(line)
	}
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00"},null]}]},null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := decodeRecord(data)
		if err != nil || q == nil {
			return
		}
		contents(q)
		earliest(q)
		line, err := EncodeJSON(q)
		require.NoError(t, err)
		again, err := decodeRecord(line)
		require.NoError(t, err)
		if again != nil { // an empty request
			require.True(t, proto.Equal(q, again))
		}
	})
}
