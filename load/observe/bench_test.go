package observe

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
)

// BenchmarkTraces takes requests of 512 spans, the size of the SDKs' batches, two to a message. The spans that have come before
// wait for their window to be over, in the number given.
func BenchmarkTraces(b *testing.B) {
	for _, held := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("spans=512/held=%d", held), func(b *testing.B) {
			o := New(Config{MaxSpans: held})
			var pair []made
			for range 256 {
				pair = append(pair, publish(1, 1), process(1, 2, childOf(1)))
			}
			q := request(pair...)
			b.ReportAllocs()
			trace := uint64(0)
			for b.Loop() {
				for i, r := range q.ResourceSpans {
					trace += uint64(1 - i%2)
					binary.BigEndian.PutUint64(r.ScopeSpans[0].Spans[0].TraceId[8:], trace)
				}
				_ = o.Traces(context.Background(), q)
			}
		})
	}
}
