package result_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/result"
)

func TestBinOfAgreesWithBinStart(t *testing.T) {
	assert.Equal(t, 0, result.BinOf(math.MinInt64))
	assert.Equal(t, 0, result.BinOf(999))
	assert.Equal(t, 1, result.BinOf(1000))
	assert.Equal(t, 1+3*result.BinsPerDecade, result.BinOf(1_000_000))
	assert.Equal(t, result.MaxBins-1, result.BinOf(math.MaxInt64))
	for bin := 1; bin < result.MaxBins; bin++ {
		start := int64(math.Ceil(result.BinStart(bin)))
		assert.Equal(t, bin, result.BinOf(start), "the start of bin %d", bin)
		assert.Equal(t, bin-1, result.BinOf(start-1), "just below bin %d", bin)
	}
}

func TestNewBinsLeavesOutTheEmptyOuterOnes(t *testing.T) {
	var all [result.MaxBins]uint64
	assert.Nil(t, result.NewBins(&all))
	all[5], all[7] = 2, 5
	assert.Equal(t, &result.Bins{First: 5, Counts: []uint64{2, 0, 5}}, result.NewBins(&all))
}

func BenchmarkBinOf(b *testing.B) {
	ns := int64(1)
	for b.Loop() {
		ns = (ns*6364136223846793005 + 1) & (1<<33 - 1)
		result.BinOf(ns)
	}
}
