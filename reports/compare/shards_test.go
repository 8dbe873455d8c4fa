package compare

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

func TestRunsOfUnlikeNumbersOfShardsAreRefused(t *testing.T) {
	base, changed := quietMachine().sides(3, 1)
	edit(changed, func(r *result.Result) { r.Shards = make([]result.Shard, 8) })
	_, err := New(base, changed, Options{})
	var unlike *UnlikeError
	require.ErrorAs(t, err, &unlike)
	assert.Equal(t, "the runs are not alike:\n  shards: nothing in base, 8 in new\nto compare them all the same: --allow shards", err.Error())
	assert.Len(t, compared(t, base, changed, Options{Allow: []Kind{Shards}}).Unlike, 1)

	edit(base, func(r *result.Result) { r.Shards = make([]result.Shard, 8) })
	assert.Empty(t, compared(t, base, changed, Options{}).Unlike)
}

func TestAShardAloneIsNoRun(t *testing.T) {
	base, changed := quietMachine().sides(4, 1)
	edit(base[:1], func(r *result.Result) { r.Shard = &result.Shard{Index: 3, Of: 8} })
	c := compared(t, base, changed, Options{})
	assert.Equal(t, 3, c.Base.Runs)
	assert.Equal(t, "it is of shard 3 of 8 alone, and not of the whole run", c.Base.LeftOut[0].Reason)
}

func TestClockLimitedRunsAreDoubted(t *testing.T) {
	base, changed := quietMachine().sides(3, 1)
	edit(base[:2], func(r *result.Result) {
		for i := range r.Arms {
			l := r.Arms[i].Latency[result.Response]
			l.BoundNS, l.ClockLimited = 3_203_456, true
			r.Arms[i].Latency[result.Response] = l
		}
	})
	assert.Contains(t, compared(t, base, changed, Options{}).Notes, "of base 2 runs clock-limited: response times may be off by ± 3.20 ms")
}
