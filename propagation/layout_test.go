package propagation

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/trace"
)

// If this fails, the trace package has changed its span context. All still works, at the speed of copying; change
// spanContext to match, if it can.
func TestSameLayout(t *testing.T) {
	assert.True(t, sameLayout)
}

func TestEqualLayouts(t *testing.T) {
	type renamed struct {
		TraceID    trace.TraceID
		SpanID     trace.SpanID
		TraceFlags trace.TraceFlags
		TraceState trace.TraceState
		Remote     bool
	}
	ours := reflect.TypeFor[spanContext]()
	assert.True(t, equalLayouts(ours, ours))
	assert.False(t, equalLayouts(ours, reflect.TypeFor[renamed]()), "another name may mean another thing")
	assert.False(t, equalLayouts(ours, reflect.TypeFor[trace.Link]()))
}
