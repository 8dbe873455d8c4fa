package observe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"mqttrace/load/result"
)

// watching observes live by a clock that is set by hand.
func watching(cfg Config) (*Observer, *clock) {
	c := &clock{began}
	cfg.Now = c.read
	return New(cfg), c
}

func (c *clock) pass(t *testing.T, o *Observer, d time.Duration, spans ...made) {
	t.Helper()
	c.now = c.now.Add(d)
	for _, m := range spans {
		require.NoError(t, o.Traces(t.Context(), request(m)))
	}
}

func TestWindow(t *testing.T) {
	t.Run("waits for as long as it says", func(t *testing.T) {
		o, c := watching(Config{Window: time.Minute})
		c.pass(t, o, time.Second, process(1, 2, childOf(1)))
		c.pass(t, o, 59*time.Second, publish(1, 1))
		c.pass(t, o, time.Hour)
		assert.Equal(t, result.Pairing{Parent: 1}, finish(t, o).Observed.Messages)
	})
	t.Run("judges what has waited, and counts what comes later", func(t *testing.T) {
		o, c := watching(Config{Window: time.Minute})
		c.pass(t, o, time.Second, process(1, 2, childOf(1)), publish(2, 3))
		c.pass(t, o, time.Minute)
		assert.Equal(t, uint64(2), o.Live().Broken)
		c.pass(t, o, time.Second, publish(1, 1), process(2, 4, childOf(3)))
		c.pass(t, o, time.Hour)
		got := finish(t, o)
		assert.Equal(t, uint64(2), got.Observed.Spans.Late)
		assert.Equal(t, result.Pairing{}, got.Observed.Messages)
		assert.ElementsMatch(t, []string{"consumer_without_producer receiver a/b", "producer_without_consumer sender a/b"}, brokenIn(got))
		assert.Contains(t, got.Warnings[1].Text, "2 spans came after")
	})
	t.Run("a producer waits once more for a consumer that may be its own", func(t *testing.T) {
		o, c := watching(Config{Window: time.Minute})
		c.pass(t, o, time.Second, publish(1, 1))
		c.pass(t, o, 30*time.Second, process(1, 2, childOf(77)))
		c.pass(t, o, 31*time.Second)
		assert.Zero(t, o.Live().Broken)
		c.pass(t, o, time.Minute)
		assert.Equal(t, uint64(1), o.Live().Broken)
		assert.Equal(t, result.Pairing{Trace: 1}, finish(t, o).Observed.Messages)
	})
	t.Run("does not judge what may still be under way at the end", func(t *testing.T) {
		o, c := watching(Config{})
		c.pass(t, o, time.Second, publish(1, 1))
		c.pass(t, o, 12*time.Second, publish(2, 2), process(3, 3, childOf(33)), process(4, 4))
		c.pass(t, o, 9*time.Second)
		got := finish(t, o)
		assert.Equal(t, result.Pairing{Unjudged: 2}, got.Observed.Messages)
		assert.Equal(t, []string{"consumer_without_parent receiver a/b", "producer_without_consumer sender a/b"}, brokenIn(got))
		assert.Equal(t, []result.Loss{}, got.Observed.Losses)
	})
	t.Run("does not judge what began before it did", func(t *testing.T) {
		o, c := watching(Config{})
		c.pass(t, o, time.Second, publish(1, 1, at(-time.Second)), process(2, 2, childOf(22), at(-time.Second)))
		c.pass(t, o, time.Hour)
		got := finish(t, o)
		assert.Equal(t, result.Pairing{Unjudged: 2}, got.Observed.Messages)
		assert.Empty(t, got.Observed.Broken)
	})
	t.Run("is of the spans' own time in files", func(t *testing.T) {
		o := New(Config{Recorded: true, Window: time.Minute})
		var all []made
		all = append(all, publish(1, 1))
		for i := range uint64(20) {
			all = append(all, inner(9, 100+i, at(time.Duration(i)*10*time.Second)))
		}
		for _, m := range all {
			require.NoError(t, o.Traces(t.Context(), request(m)))
		}
		assert.Equal(t, uint64(1), o.Live().Broken)
	})
	t.Run("one absurd timestamp does not end the wait of others", func(t *testing.T) {
		got := recorded(t, publish(1, 1), inner(9, 9, at(10*365*24*time.Hour)), process(1, 2, childOf(1)))
		assert.Equal(t, result.Pairing{Parent: 1}, got.Observed.Messages)
	})
}

func TestHoldsNoMoreThanItMay(t *testing.T) {
	o, c := watching(Config{MaxSpans: 10})
	for i := range uint64(1000) {
		c.pass(t, o, time.Millisecond, publish(i+1, i+1))
		require.LessOrEqual(t, len(o.held), 10)
	}
	c.pass(t, o, time.Hour)
	got := finish(t, o)
	assert.Equal(t, uint64(990), got.Observed.Spans.Evicted)
	assert.Equal(t, uint64(990), got.Observed.Messages.Unjudged)
	assert.Equal(t, uint64(10), got.Arms[0].Spans.MissingConsumer)
	assert.LessOrEqual(t, len(o.judged.known), 10)
	assert.LessOrEqual(t, cap(o.queue.spans), 64, "room is given back")
}

func TestRepeatedSpansCountOnce(t *testing.T) {
	got := recorded(t, publish(1, 1), publish(1, 1), process(1, 2, childOf(1)), process(1, 2, childOf(1)))
	assert.Equal(t, result.Pairing{Parent: 1}, got.Observed.Messages)
	assert.Equal(t, uint64(2), got.Observed.Spans.Repeated)
}

func TestIgnoresWhatComesAfterTheEnd(t *testing.T) {
	o := New(Config{})
	finish(t, o)
	require.NoError(t, o.Traces(t.Context(), request(publish(1, 1))))
	require.NoError(t, o.Metrics(t.Context(), lost("otelcol_exporter_send_failed_spans", 1)))
	assert.Zero(t, o.Live().Spans)
}

// TestManyOfOneTrace: a service with one trace for everything must not make the observer slow. Comparing every span with
// every other would take minutes.
func TestManyOfOneTrace(t *testing.T) {
	o := New(Config{Recorded: true})
	const many = 20_000
	q := &collectorpb.ExportTraceServiceRequest{}
	for i := range uint64(many) {
		q.ResourceSpans = append(q.ResourceSpans, request(publish(1, i+1), process(1, many+i+1, childOf(9*many))).ResourceSpans...)
	}
	require.NoError(t, o.Traces(t.Context(), q))
	got := finish(t, o)
	assert.Equal(t, uint64(many), got.Observed.Messages.Trace)
}

// TestEdgesOfFiles: a recording is judged to its ends unless something says that there was more.
func TestEdgesOfFiles(t *testing.T) {
	const minute = time.Minute
	spans := []made{
		process(1, 1, childOf(11), at(0)), publish(2, 2, at(0)), // at the start
		inner(8, 8, at(minute)), inner(8, 9, at(minute)), inner(8, 10, at(minute)), inner(8, 11, at(minute)), inner(8, 12, at(minute)),
		inner(8, 13, at(minute)), inner(8, 14, at(minute)), inner(8, 15, at(minute)), inner(8, 16, at(minute)), inner(8, 17, at(minute)),
		process(3, 3, childOf(33), at(minute)), publish(4, 4, at(minute)), // at the end
	}
	for name, tc := range map[string]struct {
		cutOff, breaksOff bool
		wantBroken        uint64
	}{
		"whole":           {false, false, 4},
		"cut off":         {true, false, 2},
		"breaks off":      {false, true, 2},
		"a piece of some": {true, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := New(Config{Recorded: true, CutOff: tc.cutOff})
			for _, m := range spans {
				require.NoError(t, o.Traces(t.Context(), request(m)))
			}
			got, err := o.Finish(About{BreaksOff: tc.breaksOff})
			require.NoError(t, err)
			assert.Equal(t, tc.wantBroken, got.Arms[0].Spans.Messages)
			assert.Equal(t, 4-tc.wantBroken, got.Observed.Messages.Unjudged)
		})
	}
}
