package record

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
)

func TestSlowestAreKept(t *testing.T) {
	r := NewRecorder(3)
	random := rand.New(rand.NewPCG(1, 2))
	for i, at := range random.Perm(1000) {
		stripe := r.Stripe(i)
		if response := time.Duration(at) * time.Millisecond; stripe.Received(response, response/2) {
			stripe.Slow(Exemplar{Sender: "s", Seq: uint32(at), Response: response, Transit: response / 2, Trace: trace.TraceID{1}})
		}
	}
	slowest := r.Slowest()
	require.Len(t, slowest, MostSlowest)
	for i, e := range slowest {
		assert.EqualValues(t, 999-i, e.Seq)
		assert.Equal(t, "01000000000000000000000000000000", e.TraceID)
	}
}
