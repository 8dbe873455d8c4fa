package record

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What went into collecting is part of what was busy, however long this process waited for a processor.
func TestCollectingIsPartOfBusy(t *testing.T) {
	before := ReadUsage()
	for range 3 {
		runtime.GC()
	}
	after := ReadUsage()
	gc, busy := after.GCCPU-before.GCCPU, after.BusyCPU-before.BusyCPU
	assert.Positive(t, gc)
	assert.GreaterOrEqual(t, busy, gc)
}
