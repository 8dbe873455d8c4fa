package load

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/mqtt"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

func TestNumberOfTopic(t *testing.T) {
	cases := []struct {
		name   string
		topics scenarios.Topics
		none   []string
	}{
		{"one", scenarios.OneTopic("a/{sender}"), []string{"a/8", "a/", ""}},
		{"list", scenarios.Topics{Templates: []string{"a", "b/{sender}", "c"}}, []string{"b/8", "d"}},
		{"space", scenarios.Topics{Templates: []string{"a/{n}/b"}, Space: 120}, []string{"a/120/b", "a/01/b", "a/1/c", "a//b", "b/1/b", "a/1"}},
		{"number at the end", scenarios.Topics{Templates: []string{"a{n}"}, Space: 12}, []string{"a", "a12", "a-1", "a1 "}},
		{"digits behind the number", scenarios.Topics{Templates: []string{"a/{n}0/{n}"}, Space: 120}, []string{"a/10/0", "a/1/1"}},
		{"digits before the number", scenarios.Topics{Templates: []string{"a/1{n}"}, Space: 30}, []string{"a/1", "a/131"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			made := newTopics(&scenarios.Sender{Name: "g", Count: 9, Topic: c.topics}, 7)
			for n, name := range made.names {
				assert.Equal(t, n, made.number(name), name)
			}
			for _, name := range c.none {
				assert.Equal(t, -1, made.number(name), name)
			}
		})
	}
}

func TestChoosers(t *testing.T) {
	counts := func(choose scenarios.Choice, exponent float64) (counts [10]int) {
		group := &scenarios.Sender{Name: "g", Count: 1, Topic: scenarios.Topics{Templates: []string{"{n}"}, Space: 10, Choose: choose, Exponent: exponent}}
		a, b := newChooser(group, 0, 1), newChooser(group, 0, 1)
		for range 10_000 {
			n := a.next()
			require.Equal(t, n, b.next(), "of one seed")
			counts[n]++
		}
		return counts
	}
	for n, got := range counts(scenarios.RoundRobin, 0) {
		assert.Equal(t, 1000, got, n)
	}
	for n, got := range counts(scenarios.UniformChoice, 0) {
		assert.InDelta(t, 1000, got, 200, n)
	}
	zipf, last := counts(scenarios.Zipf, 2), 1<<30
	assert.InDelta(t, 10_000/1.5498, zipf[0], 300, "1/Σ1/n² for n up to 10")
	for _, got := range zipf {
		assert.LessOrEqual(t, got, last+100)
		last = got
	}
}

// TestSeveralTopics judges receivers that are owed some of a sender's messages and not others.
func TestSeveralTopics(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, senders, receivers string
		expected                 map[string]uint64 // by receiver
	}{
		{"list", `topic: ["bench/{sender}/a", "bench/{sender}/b", "other/{sender}"]`, `
  - {name: all, filter: "#", qos: 1}
  - {name: some, filter: "bench/#", qos: 1}
  - {name: one, filter: other/0, qos: 1}
  - {name: shared, count: 2, filter: $share/x/bench/+/b, qos: 1}`,
			map[string]uint64{"all": 300, "some": 200, "one": 50, "shared": 100}},
		{"space", `topic: {space: "bench/{sender}/{n}", topics: 10}`, `
  - {name: all, filter: bench/+/+, qos: 1}
  - {name: one, filter: bench/1/7, qos: 1}
  - {name: each, count: 10, filter: "bench/+/{receiver}", qos: 1}`,
			map[string]uint64{"all": 300, "one": 15, "each": 300}},
		{"several filters", `topic: {list: [a/0, a/1, a/2], choose: uniform}`, `
  - {name: both, filter: [a/0, a/1, a/2], qos: 1}
  - {name: shared, count: 2, filter: [$share/x/a/0, $share/x/a/1, $share/y/a/2], qos: 1}
  - {name: overlapping, filter: [a/#, a/+, a/0, a/1, a/2], qos: 1}`,
			map[string]uint64{"both": 300, "shared": 300, "overlapping": 300}},
	}
	for _, broker := range brokers {
		for _, c := range cases {
			t.Run(broker+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, fmt.Sprintf(`
broker: %s
warmup: 100ms
duration: 1500ms
senders: [{name: sensors, count: 2, rate: 100/s, start_jitter: false, qos: 1, %s}]
receivers: %s
tracing: {arm: record}
`, broker, c.senders, c.receivers))
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 300, a.Sent)
				got := map[string]uint64{}
				for _, f := range a.Delivery.Flows {
					got[f.Receiver] += f.Expected
					assert.Equal(t, f.Expected, f.Received, f.Receiver)
					assert.Zero(t, f.Duplicated, f.Receiver)
					if f.Receiver != "overlapping" {
						assert.Zero(t, f.Overlapping, f.Receiver)
					}
				}
				assert.Equal(t, c.expected, got)
				assert.Zero(t, a.Delivery.Foreign)
				assert.Equal(t, a.Spans.Messages, a.Spans.Whole)
			})
		}
	}
}

// witness subscribes to everything of a run's broker and keeps what it sees.
type witness struct {
	mu   sync.Mutex
	seen []*paho.Publish
}

func (w *witness) take(d mqtt.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, d.Publish)
}

// runWatched runs a scenario on a broker that a witness listens on, and returns what it has seen of the load.
func runWatched(t *testing.T, yaml string) (*result.Result, []*paho.Publish) {
	t.Helper()
	sc := scenario(t, yaml)
	var w witness
	r := newRun(t.Context(), sc, Options{})
	r.started = func(target *target) {
		settings := target.settings
		settings.ClientID = "witness"
		client, err := mqtt.Connect(t.Context(), settings, mqtt.Handlers{Message: w.take})
		require.NoError(t, err)
		t.Cleanup(func() { client.Close(context.Background()) })
		_, err = client.Subscribe(t.Context(), "#", 2)
		require.NoError(t, err)
	}
	res, err := r.execute(t.Context())
	require.NoError(t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	var load []*paho.Publish
	for _, p := range w.seen {
		if len(p.Payload) > 0 { // a probe is empty
			load = append(load, p)
		}
	}
	return res, load
}

func TestProperties(t *testing.T) {
	t.Parallel()
	for _, broker := range brokers {
		for _, arm := range []string{"off", "record"} {
			t.Run(broker+"/"+arm, func(t *testing.T) {
				t.Parallel()
				_, seen := runWatched(t, `
broker: `+broker+`
warmup: 0s
duration: 500ms
senders:
  - name: sensors
    rate: 20/s
    topic: bench/{sender}
    qos: 1
    message_expiry: 60s
    properties:
      user: [{site: "plant-{sender}"}, {site: again}, {number: "{seq}"}, {id: {$uuid: v4}}, {last: true}]
      content_type: text/{group}
      response_topic: answers/{sender}/{seq}
      payload_format: bytes
receivers: [{name: backend, filter: bench/+, qos: 1}]
tracing: {arm: `+arm+`}
`)
				require.Len(t, seen, 10)
				for i, p := range seen {
					user := p.Properties.User
					want := 5
					if arm == "record" {
						want++ // traceparent
						assert.NotEmpty(t, user.Get("traceparent"))
					}
					require.Len(t, user, want)
					assert.Equal(t, paho.UserProperty{Key: "site", Value: "plant-0"}, user[0])
					assert.Equal(t, paho.UserProperty{Key: "site", Value: "again"}, user[1])
					assert.Equal(t, fmt.Sprint(i), user.Get("number"))
					assert.Len(t, user.Get("id"), 36)
					assert.Equal(t, "true", user.Get("last"))
					assert.Equal(t, "text/sensors", p.Properties.ContentType)
					assert.Equal(t, fmt.Sprintf("answers/0/%d", i), p.Properties.ResponseTopic)
					assert.EqualValues(t, 0, *p.Properties.PayloadFormat)
					assert.NotNil(t, p.Properties.MessageExpiry)
				}
			})
		}
	}
}

// TestTopicAlias compares the bytes of PUBLISH packets with and without aliases, of topics as many as the broker takes and more.
func TestTopicAlias(t *testing.T) {
	t.Parallel()
	for _, broker := range brokers {
		for _, qos := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("%s/qos %d", broker, qos), func(t *testing.T) {
				t.Parallel()
				bytesOf := func(alias bool) float64 {
					res := runScenario(t, fmt.Sprintf(`
broker: %s
warmup: 100ms
duration: 500ms
senders: [{name: sensors, rate: 200/s, qos: %d, topic_alias: %t, payload: {size: 16},
  topic: {space: "a/topic/with/a/name/that/is/rather/long/{n}", topics: 12}}]
receivers: [{name: backend, filter: "#", qos: 2}]
`, broker, qos, alias))
					a := res.Arms[0]
					assert.EqualValues(t, 100, a.Delivery.Expected)
					assert.EqualValues(t, 100, a.Delivery.Received, "every alias is resolved to its topic")
					assert.Zero(t, a.Delivery.Foreign)
					return a.Cost.WireBytesPerMessage
				}
				plain, short := bytesOf(false), bytesOf(true)
				if broker == "embedded" {
					assert.Equal(t, plain, short, "it grants none")
				} else {
					assert.Less(t, short, plain-10)
				}
			})
		}
	}
}
