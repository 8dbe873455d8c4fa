package reports_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mqttrace/load/result"
)

// started is when runs of these tests began.
var started = time.Date(2026, 11, 22, 13, 45, 0, 0, time.UTC)

// eventful is a run of an arm with everything that a page can draw: seconds with a warm-up, histograms, and faults.
func eventful() *result.Result {
	r := stressed()
	r.Started = started
	r.Environment.Broker.Limits = result.Limits{ReceiveMaximum: 20, MaximumQoS: 2, RetainAvailable: true, TopicAliasMaximum: 10}
	r.Stages = []result.Stage{{AtNS: 0, ForNS: 12e9, Group: "sensors", Name: "from 100/s to 1000/s"}, {AtNS: 12e9, ForNS: 8e9, Group: "sensors", Name: "steady"},
		{AtNS: 14e9, ForNS: 1e9, Group: "alarms", Name: "sends"}}
	r.Reasons = []result.Reason{{Packet: "PUBACK", Code: 0x97, Name: "Quota exceeded (0x97)", Count: 3}}
	r.BrokerMetrics = []result.Metric{{Name: "$SYS/broker/clients/connected", Points: []result.MetricPoint{{AtNS: 0, Value: 12}, {AtNS: 10e9, Value: 13}}}}
	drawable(r, 24)
	return r
}

// comparison is a run of several arms that took turns, with all there is to draw.
func comparison(names ...string) *result.Result {
	r := arms(names...)
	r.Started = started
	drawable(r, 20)
	return r
}

// drawable gives every arm of a result a series and histograms that belong to its latencies.
func drawable(r *result.Result, points int) {
	for i := range r.Arms {
		a := &r.Arms[i]
		a.Series = series(points, len(r.Arms), i)
		for name, l := range a.Latency {
			a.Latency[name] = recorded(l)
		}
	}
}

// series are the points of an arm: seconds with two of warm-up, or slices of arms that take turns.
func series(n, arms, arm int) (points []result.Point) {
	rng := rand.New(rand.NewPCG(1, uint64(arm)))
	at := int64(-2e9)
	if arms > 1 {
		at = 0
	}
	for i := range n {
		slow := int64(2_000_000 + rng.IntN(3_000_000))
		p := result.Point{
			AtNS: at + int64(i*arms+arm)*1e9, LengthNS: 1e9, Scheduled: 1000, Sent: 1000, Received: 990 + rng.Uint64N(20),
			P50NS: 300_000 + int64(rng.IntN(50_000)), P99NS: slow, MaxNS: 2 * slow, ScheduleLagP99NS: 90_000 + int64(rng.IntN(90_000)),
			GeneratorCPU: 0.3 + rng.Float64()/10, BrokerCPU: 0.2, GeneratorRSS: 60e6, BrokerRSS: 30e6, GCPauseNS: int64(rng.IntN(1e6)),
			SpansExported: 2000, SpansFailed: 3, SpansWaiting: uint64(i) * 10,
			Response: &result.Bins{First: 24, Counts: []uint64{20, 300, 500, 100, 50, 12, 6, 2, 1, 0, 1}},
		}
		points = append(points, p)
	}
	return points
}

// recorded gives a latency a histogram of log-normal values.
func recorded(l result.Latency) result.Latency {
	rng := rand.New(rand.NewPCG(7, l.Count))
	h := hdrhistogram.New(1, int64(10*time.Minute), 3)
	for range l.Count {
		_ = h.RecordValue(int64(math.Exp(rng.NormFloat64()*0.6 + math.Log(400_000))))
	}
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err)
	}
	l.HDR = string(encoded)
	return l
}

// hour is what an hour of a comparison of four arms looks like, or of more seconds.
func hour(seconds int, names ...string) *result.Result {
	r := arms(names...)
	drawable(r, 1)
	for i := range r.Arms {
		r.Arms[i].Series = series(seconds, 1, i)
	}
	return r
}

// running is a run that still goes on.
func running(seconds int) *result.Result {
	r := eventful()
	r.Verdict, r.Reason, r.Thresholds = "", "", nil
	r.Arms[0].Sent = uint64(seconds) * 1000
	r.Arms[0].Series = r.Arms[0].Series[:seconds+2]
	return r
}

// attack is what somebody might write wherever a result has text.
const attack = `<script>hacked = 1</script>"><img src=x onerror="hacked = 1">'</script><svg onload=hacked=1>` + "\u2028" + `{{hacked}}${hacked}javascript:hacked=1//`

// attacked is a comparison whose every string is an attack, but for those by which a page finds what belongs together.
func attacked(t *testing.T) *result.Result {
	t.Helper()
	whole := comparison("off", "record")
	whole.Faults, whole.Sweep, whole.Overhead[0].Figure = eventful().Faults, searched().Sweep, "response.p50_ns"
	whole.Arms[0].Delivery, whole.Arms[1].Spans = failed().Arms[0].Delivery, eventful().Arms[0].Spans
	r := everyString(t, whole, attack)
	for i := range r.Arms {
		r.Arms[i].Name, r.Arms[i].Latency = fmt.Sprint(attack, i), whole.Arms[i].Latency
	}
	for i := range r.Overhead {
		r.Overhead[i].Base, r.Overhead[i].Arm, r.Overhead[i].Figure = r.Arms[0].Name, r.Arms[1].Name, whole.Overhead[i].Figure
	}
	r.TraceURL = "javascript:hacked=1//{trace_id}"
	r.Arms[0].Slowest[0].TraceID = whole.Arms[1].Slowest[0].TraceID
	return r
}

// attackedObservation is an observation of services that attack.
func attackedObservation(t *testing.T) *result.Result {
	t.Helper()
	r := everyString(t, observedBroken(), attack)
	r.TraceURL = `https://grafana.example/"><script>hacked=1</script>/{trace_id}`
	r.Observed.Broken[0].Examples[0].TraceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	r.Arms[0].Latency = map[string]result.Latency{result.Trace: recorded(latency(1000, 1, 2, 3, 4, 0, 5))}
	return r
}
