package observe

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// FuzzObserver: whatever spans and metrics say, nothing is held beyond the bounds, nothing is left at the end, and the counts
// add up.
func FuzzObserver(f *testing.F) {
	for _, all := range recordings {
		for _, q := range all {
			data, err := proto.Marshal(q)
			require.NoError(f, err)
			f.Add(data, data, uint8(3))
		}
	}
	for _, spans := range [][]made{
		{publish(1, 1), process(1, 2, childOf(1)), process(1, 3, childOf(2)), process(2, 2, linkTo(1, 1))},
		{publish(1, 1), process(1, 2, childOf(9)), publish(1, 4, childOf(9)), inner(1, 9, childOf(9))},
	} {
		data, err := proto.Marshal(request(spans...))
		require.NoError(f, err)
		f.Add(data, data, uint8(100))
	}
	data, err := proto.Marshal(lost("otelcol_exporter_send_failed_spans", 5))
	require.NoError(f, err)
	f.Add(data, data, uint8(1))
	f.Fuzz(func(t *testing.T, first, second []byte, most uint8) {
		for _, isRecorded := range []bool{true, false} {
			c := &clock{began}
			o := New(Config{Recorded: isRecorded, MaxSpans: int(most), Window: time.Minute, Now: c.read})
			for _, data := range [][]byte{first, second, first} {
				q := new(collectorpb.ExportTraceServiceRequest)
				if proto.Unmarshal(data, q) == nil {
					require.NoError(t, o.Traces(t.Context(), q))
				}
				m := new(metricspb.ExportMetricsServiceRequest)
				if proto.Unmarshal(data, m) == nil {
					require.NoError(t, o.Metrics(t.Context(), m))
				}
				require.LessOrEqual(t, len(o.held), o.cfg.MaxSpans)
				c.now = c.now.Add(30 * time.Second)
				o.Live()
			}
			r := finish(t, o)
			s := r.Observed.Spans
			require.LessOrEqual(t, s.Malformed+s.Repeated+s.Producers+s.Consumers, s.Received)
			m := r.Observed.Messages
			require.Equal(t, m.Parent+m.Link+m.Ancestor+m.Trace, r.Arms[0].Latency["trace"].Count)
			_, err := json.Marshal(r)
			require.NoError(t, err)
		}
	})
}
