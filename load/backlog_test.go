package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

func TestBacklogResult(t *testing.T) {
	const start = clock.Instant(time.Hour)
	cases := []struct {
		name         string
		before, lost uint64
		levels       []uint64 // a tenth of a second apart; 100 messages are owed from each to the next
		want         result.Backlog
	}{
		{"drained", 3, 0, []uint64{0, 100, 200, 300, 150, 3, 0}, result.Backlog{
			Before: 3, Peak: 300, PeakAtNS: 1.3e9, DrainedNS: new(int64(2e8)), ReceivedRatePerS: 2485, OwedRatePerS: 1000}},
		{"down to a hundredth", 0, 0, []uint64{0, 300, 3, 2, 1}, result.Backlog{
			Peak: 300, PeakAtNS: 1.1e9, DrainedNS: new(int64(1e8)), ReceivedRatePerS: 3970, OwedRatePerS: 1000}},
		{"as high again", 0, 0, []uint64{300, 200, 300, 0}, result.Backlog{
			Peak: 300, PeakAtNS: 1.2e9, DrainedNS: new(int64(1e8)), ReceivedRatePerS: 4000, OwedRatePerS: 1000}},
		{"in part", 0, 200, []uint64{100, 300, 203, 203}, result.Backlog{
			Peak: 300, PeakAtNS: 1.1e9, DrainedNS: new(int64(1e8)), ReceivedRatePerS: 1970, OwedRatePerS: 1000, Lost: 200}},
		{"not to the end", 0, 0, []uint64{100, 300, 200, 100}, result.Backlog{Peak: 300, PeakAtNS: 1.1e9}},
		{"growing on", 0, 0, []uint64{100, 200, 300}, result.Backlog{Peak: 300, PeakAtNS: 1.2e9}},
		{"nothing of it arrived", 4, 300, []uint64{100, 300, 302, 304, 301}, result.Backlog{Before: 4, Peak: 304, PeakAtNS: 1.3e9, Lost: 300}},
		{"there was none", 5, 0, []uint64{0, 5, 2}, result.Backlog{Before: 5, Peak: 5, PeakAtNS: 1.1e9, DrainedNS: new(int64(0))}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := &backlog{lost: c.lost}
			b.add(standing{at: start.Add(900 * time.Millisecond), owed: c.before}, start, start.Add(time.Second))
			for i, level := range c.levels {
				owed := uint64(1000 + 100*i)
				b.add(standing{start.Add(time.Second + time.Duration(i)*100*time.Millisecond), owed, owed - level}, start, start.Add(time.Second))
			}
			got := b.result()
			got.ReceivedRatePerS, got.OwedRatePerS = float64(int(got.ReceivedRatePerS+0.5)), float64(int(got.OwedRatePerS+0.5))
			assert.Equal(t, c.want, *got)
		})
	}
	assert.Nil(t, new(backlog).result(), "nobody looked")
}

// Receivers are held back from 1.3 s to 2.4 s, at 400 messages a second.
func TestBacklog(t *testing.T) {
	t.Parallel()
	const (
		stall = "stall: {at: 1300ms, for: 1100ms}"
		away  = "faults: [{at: 1300ms, for: 1100ms, receivers: disconnect}]"
		cut   = "faults: [{at: 1300ms, for: 1100ms, network: cut, on: receivers}]"
		still = "faults: [{at: 1300ms, for: 1100ms, network: stall, on: receivers}]"
	)
	cases := []struct {
		name, broker, receivers, fault string
		copies                         uint64
	}{
		{"stall", "embedded", "count: 2, filter: $share/backend/bench/#, qos: 1, " + stall, "", 1},
		{"stall", "mosquitto", "count: 2, filter: $share/backend/bench/#, qos: 1, " + stall, "", 1},
		{"stall of each of three", "mosquitto", "count: 3, filter: bench/#, qos: 1, " + stall, "", 3},
		{"stall, at most once", "mosquitto", "filter: bench/#, qos: 0, " + stall, "", 1},
		{"away", "mosquitto", "count: 2, filter: $share/backend/bench/#, qos: 1, session_expiry: 1h", away, 1},
		{"away, exactly once", "mosquitto", "count: 2, filter: bench/#, qos: 2, session_expiry: 1h", away, 2},
		{"network cut", "mosquitto", "count: 2, filter: bench/#, qos: 1, session_expiry: 1h", cut, 2},
		{"network stalled", "embedded", "filter: bench/#, qos: 1", still, 1},
	}
	for _, c := range cases {
		t.Run(c.broker+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+c.broker+`
warmup: 1s
duration: 5s
senders: [{name: sensors, count: 4, rate: 100/s, topic: "bench/{sender}", qos: 2}]
receivers: [{name: backend, `+c.receivers+`}]
`+c.fault)
			a := res.Arms[0]
			assert.EqualValues(t, 2000, a.Sent)
			addsUp(t, res)
			nothingLost(t, a.Delivery)
			require.Len(t, res.Faults, 1)
			f := res.Faults[0]
			require.NotNil(t, f.Backlog)
			b := *f.Backlog
			assert.Zero(t, b.Lost)
			assert.Greater(t, b.Peak, b.Before)
			assert.Greater(t, b.Peak, 200*c.copies, "what was sent meanwhile")
			assert.Less(t, b.Peak, 1500*c.copies, "and no more than was sent until it was gone")
			assert.GreaterOrEqual(t, b.PeakAtNS, f.AtNS)
			require.NotNil(t, b.DrainedNS)
			assert.Positive(t, *b.DrainedNS)
			assert.Greater(t, b.ReceivedRatePerS, b.OwedRatePerS, "or it would not have become less")
			agreesWithSeries(t, a, c.copies)
		})
	}
}

// agreesWithSeries asserts that the backlog of each second is what was sent less what was received, and that of the last is what was lost.
// It is read after these two, at the latest when they are read again.
func agreesWithSeries(t *testing.T, a result.Arm, copies uint64) {
	t.Helper()
	const betweenCounts = 20 // messages that one of two counters has already
	var owed, received []int64
	var levels []*int64
	for _, p := range a.Series {
		if p.AtNS < 0 {
			assert.Nil(t, p.Backlog, "the warm-up does not count")
			continue
		}
		owed, received, levels = append(owed, int64(copies*p.Sent)), append(received, int64(p.Received)), append(levels, p.Backlog)
		if n := len(owed) - 1; n > 0 {
			owed[n] += owed[n-1]
			received[n] += received[n-1]
		}
	}
	last := len(levels) - 1
	for i, level := range levels {
		require.NotNil(t, level)
		next := min(i+1, last)
		assert.LessOrEqual(t, *level, owed[next]-received[i]+betweenCounts, "second %d", i)
		assert.GreaterOrEqual(t, *level, owed[i]-received[next]-betweenCounts, "second %d", i)
	}
	assert.EqualValues(t, a.Delivery.Expected, owed[last])
	assert.EqualValues(t, a.Delivery.Received, received[last])
	assert.EqualValues(t, a.Delivery.Lost, *levels[last])
}

func TestBacklogThatIsLost(t *testing.T) {
	t.Parallel()
	const away = "faults: [{at: 1300ms, for: 1100ms, receivers: disconnect}]"
	limited := startMosquitto(t, broker.MosquittoConfig{Extra: []string{"max_inflight_messages 20", "max_queued_messages 100"}})
	cases := []struct {
		name, broker, receivers string
		arrives                 bool // a part of it
		check                   func(*testing.T, result.Delivery)
	}{
		{"at most once", "mosquitto", "qos: 0, session_expiry: 1h", false, func(t *testing.T, d result.Delivery) { assert.Empty(t, d.Violations) }},
		{"at most once, embedded", "embedded", "qos: 0", false, func(t *testing.T, d result.Delivery) { assert.Empty(t, d.Violations) }},
		{"no session", "mosquitto", "qos: 1", false, nothingPromised},
		{"the broker's limit", limited.URL(), "qos: 1, session_expiry: 1h", true, func(t *testing.T, d result.Delivery) {
			assert.Len(t, d.Violations, 1)
			assert.Zero(t, d.Unpromised)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+c.broker+`
warmup: 1s
duration: 5s
drain: 1s
senders: [{name: sensors, count: 4, rate: 100/s, topic: "lost/{sender}", qos: 1}]
receivers: [{name: backend, filter: lost/#, `+c.receivers+`}]
`+away)
			a := res.Arms[0]
			addsUp(t, res)
			assert.Positive(t, a.Delivery.Lost)
			c.check(t, a.Delivery)
			require.NotNil(t, res.Faults[0].Backlog)
			b := *res.Faults[0].Backlog
			assert.Equal(t, a.Delivery.Lost, b.Lost)
			assert.GreaterOrEqual(t, b.Peak, b.Lost)
			if c.arrives {
				require.NotNil(t, b.DrainedNS)
				assert.Positive(t, b.ReceivedRatePerS)
			}
			agreesWithSeries(t, a, 1)
		})
	}
}

// Of a run with several groups, a backlog is that of those that are held back.
func TestBacklogOfAGroup(t *testing.T) {
	t.Parallel()
	res := runScenario(t, `
broker: embedded
warmup: 1s
duration: 4s
senders:
  - {name: sensors, rate: 200/s, topic: bench/a, qos: 1}
  - {name: alarms, rate: 100/s, topic: alarm/a, qos: 1}
receivers:
  - {name: slow, filter: bench/#, qos: 1, stall: {at: 1s, for: 1s}}
  - {name: fast, count: 5, filter: "#", qos: 1}
  - {name: passing, filter: "#", qos: 1, stop: 3s, stall: {at: 2s, for: 100ms}}
faults:
  - {at: 2500ms, network: stall, for: 100ms, on: sensors}
`)
	names := make(map[string]*result.Backlog)
	for _, f := range res.Faults {
		names[f.Name] = f.Backlog
	}
	require.Len(t, names, 3)
	require.NotNil(t, names["receivers: stall of slow"])
	assert.InDelta(t, 200, names["receivers: stall of slow"].Peak, 150)
	assert.Nil(t, names["receivers: stall of passing"], "receivers that come and go are left out")
	assert.Nil(t, names["network: stall on sensors"], "no receiver was held back")
}

// A client that stays away for longer than its session lasts has nothing to come back to, whether it tried in the meantime or not.
func TestSessionExpiresUnnoticed(t *testing.T) {
	for _, c := range []struct {
		away       time.Duration
		isPromised bool
	}{{30 * time.Second, true}, {2 * time.Minute, false}} {
		inbox := record.NewInbox(1)
		s := &sessions{inbox: inbox, expiry: time.Minute, away: true, since: clock.Now().Add(-c.away)}
		inbox.Add(0, 0, 0, false)
		s.back()
		inbox.Add(0, 0, 2, false)
		assert.Equal(t, c.isPromised, record.AccountOf(0, []*record.Inbox{inbox}).IsPromised(1), c.away)
	}
}

func TestBacklogScenario(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			s, err := scenarios.Load("../scenarios/backlog.yaml", scenarios.Set{Path: "broker", Value: broker}, scenarios.Set{Path: "drain", Value: "1m"})
			require.NoError(t, err)
			res, err := Run(t.Context(), s, Options{})
			require.NoError(t, err)
			for _, judged := range res.Thresholds {
				assert.True(t, judged.OK, judged.Expression)
			}
			addsUp(t, res)
			require.Len(t, res.Faults, 1)
			b := res.Faults[0].Backlog
			require.NotNil(t, b)
			assert.Greater(t, b.Peak, uint64(1000), "about 500/s × 4 s")
			assert.Less(t, b.Peak, uint64(4000))
			require.NotNil(t, b.DrainedNS)
			assert.Zero(t, b.Lost)
			agreesWithSeries(t, res.Arms[0], 1)
		})
	}
}

// Of shards, each of which knows a part, the seconds of all of them tell.
func TestBacklogOfShards(t *testing.T) {
	series := []result.Point{{AtNS: -1e9, LengthNS: 1e9, Received: 100}}
	for i, level := range []int64{-1, 100, 200, 50, 1, 0} {
		series = append(series, result.Point{AtNS: int64(i) * 1e9, LengthNS: 1e9, Received: 100, Backlog: &level})
	}
	r := newRun(t.Context(), scenario(t, `
duration: 6s
senders: [{name: sensors, rate: 100/s, topic: bench/a}]
receivers: [{name: slow, filter: bench/#, stall: {at: 1s, for: 2s}}, {name: fast, filter: bench/#}]
faults: [{at: 1s, for: 2s, network: cut, on: receivers}]
`), Options{})
	m, all, some := &merger{settlement: &settlement{run: r}}, r.episodes.all[0], r.episodes.all[1]
	require.Equal(t, "slow", some.stalled)
	assert.Equal(t, &result.Backlog{Peak: 200, PeakAtNS: 3e9, DrainedNS: new(int64(2e9)), ReceivedRatePerS: 100, OwedRatePerS: 0.5}, m.backlogOf(all, series))
	assert.Nil(t, m.backlogOf(some, series), "the seconds are of all receivers")
	series[3].Backlog = nil
	assert.Nil(t, m.backlogOf(all, series), "a second is missing")
}
