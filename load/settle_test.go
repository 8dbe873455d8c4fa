package load

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/internal/relay"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// runOf runs a scenario in one process and returns what is left of the run, too.
func runOf(t *testing.T, yaml string) (*run, *result.Result) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r := newRun(ctx, scenario(t, yaml), Options{})
	res, err := r.execute(ctx)
	require.NoError(t, err)
	return r, res
}

// sharded writes the ledger of a run as so many shards would have.
func (r *run) sharded(t *testing.T, n int) (shards []*result.Result) {
	t.Helper()
	for i := range n {
		ledger, err := r.ledgerOf(&share{index: i, of: n})
		require.NoError(t, err)
		shards = append(shards, &result.Result{Shard: &result.Shard{Index: i, Of: n, Run: "test", Ledger: ledger}})
	}
	return shards
}

// badNetwork loses, repeats and cuts off deliveries.
func badNetwork() relay.Faults {
	var n atomic.Int64
	isNth := func(p *packets.ControlPacket, of, rest int64) bool {
		m, ok := p.Content.(*packets.Publish)
		return ok && len(m.Properties.CorrelationData) == 16 && n.Add(1)%of == rest
	}
	return relay.Faults{
		Swallow:    func(p *packets.ControlPacket) bool { return isNth(p, 97, 5) },
		Repeat:     func(p *packets.ControlPacket) bool { return isNth(p, 89, 7) },
		ToReceiver: func(p *packets.ControlPacket) bool { return !isNth(p, 1009, 1000) },
	}
}

// Shards that write down what they know come to the very ledger that one process has.
func TestLedgersOfShardsSettleAsThatOfOneProcess(t *testing.T) {
	cases := []struct{ name, yaml string }{
		{"every quality of service", `
senders:
  - {name: zero, count: 4, rate: 60/s, topic: "bench/zero/{sender}"}
  - {name: one, count: 4, rate: 60/s, topic: "bench/one/{sender}", qos: 1}
  - {name: two, count: 3, rate: 60/s, topic: "bench/two/{sender}", qos: 2}
receivers:
  - {name: all, count: 2, filter: bench/#, qos: 2}
  - {name: lasting, count: 2, filter: bench/#, qos: 1, session_expiry: 1m}
  - {name: workers, count: 5, filter: $share/workers/bench/+/+, qos: 1}
  - {name: other-workers, count: 4, filter: $share/others/bench/one/+, qos: 1}
`},
		{"several topics and filters that overlap", `
senders:
  - {name: many, count: 5, rate: 60/s, topic: ["a/{sender}", "b/{sender}", c], qos: 1}
  - {name: wide, count: 2, rate: 60/s, topic: {space: "wide/{sender}/{n}", topics: 20}, qos: 1}
receivers:
  - {name: one, filter: a/+, qos: 1}
  - {name: both, count: 3, filter: [a/#, "+/+", wide/#], qos: 1}
  - {name: own, count: 5, filter: "b/{receiver}", qos: 1}
  - {name: workers, count: 4, filter: $share/workers/#, qos: 1}
`},
	}
	for _, c := range cases {
		for _, name := range brokers {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				b, err := brokerNamed(t, name)
				require.NoError(t, err)
				bad, err := relay.Start(b.Addr(), badNetwork())
				require.NoError(t, err)
				defer bad.Close()
				r, res := runOf(t, "broker: mqtt://"+bad.Addr()+"\nwarmup: 100ms\nduration: 2s\ndrain: 1s\n"+c.yaml)
				bad.Close()
				want := res.Arms[0].Delivery
				assert.Positive(t, want.Lost)
				assert.Positive(t, want.Duplicated)
				t.Logf("expected %d, lost %d, unpromised %d, duplicated %d, overlapping %d, reordered %d, foreign %d, late %d", want.Expected, want.Lost,
					want.Unpromised, want.Duplicated, want.Overlapping, want.Reordered, want.Foreign, want.Late)
				for _, n := range []int{1, 3, 8} {
					settled, err := settleShards(r.scenario, r.sharded(t, n))
					require.NoError(t, err)
					assert.Equal(t, []result.Delivery{want}, settled.deliveries, "%d shards", n)
				}
			})
		}
	}
}

func brokerNamed(t *testing.T, name string) (*broker.Broker, error) {
	if name == "mosquitto" {
		return startMosquitto(t, broker.MosquittoConfig{}), nil
	}
	b, err := broker.StartEmbedded(t.Context())
	if err == nil {
		t.Cleanup(func() { _ = b.Stop(context.Background()) })
	}
	return b, err
}

func TestLedgersOfComparisonsSettle(t *testing.T) {
	r, res := runOf(t, `
broker: embedded
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 5, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, count: 2, filter: bench/#, qos: 1}]
tracing: {compare: [off, record]}
`)
	settled, err := settleShards(r.scenario, r.sharded(t, 3))
	require.NoError(t, err)
	require.Len(t, settled.deliveries, 2)
	for i, a := range res.Arms {
		assert.Equal(t, a.Delivery, settled.deliveries[i], a.Name)
	}
}

const comingAndGoing = `
broker: mosquitto
warmup: 0s
duration: 2s
senders: [{name: sensors, count: 5, rate: 100/s, topic: ["bench/{sender}", "elsewhere"], qos: 1}]
receivers:
  - {name: churned, count: 4, filter: bench/#, qos: 1, lifetime: {min: 200ms, max: 500ms}, pause: {mean: 50ms}}
  - {name: late, count: 2, filter: "#", qos: 1, start: 500ms}
`

// Of receivers that come and go, what senders of other shards owed them cannot be told: what arrived was owed.
func TestReceiversThatComeAndGoAreJudgedByTheirOwnShard(t *testing.T) {
	r, res := runOf(t, comingAndGoing)
	want := res.Arms[0].Delivery
	settled, err := settleShards(r.scenario, r.sharded(t, 1))
	require.NoError(t, err)
	assert.Equal(t, want, settled.deliveries[0])
	settled, err = settleShards(r.scenario, r.sharded(t, 3))
	require.NoError(t, err)
	assert.Equal(t, want.Received, settled.deliveries[0].Received)
	assert.Zero(t, settled.deliveries[0].Lost)
}

// quietly is a run in which nothing goes wrong.
const quietly = `
broker: embedded
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 6, rate: 1000/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/#, qos: 1}, {name: workers, count: 3, filter: $share/w/bench/#, qos: 1}]
`

func TestLedgersAreSmall(t *testing.T) {
	r, res := runOf(t, quietly)
	require.EqualValues(t, 12_000, res.Arms[0].Delivery.Received)
	ledger, err := r.ledgerOf(&share{index: 0, of: 1})
	require.NoError(t, err)
	t.Logf("%d bytes", len(ledger))
	assert.Less(t, len(ledger), 12_000)
}

func TestShardsThatAreMissingAreLeftOut(t *testing.T) {
	r, _ := runOf(t, quietly)
	shards := r.sharded(t, 8) // senders are of shards 0 to 5, receivers of 6, 7, 0 and 1
	settled, err := settleShards(r.scenario, shards[1:])
	require.NoError(t, err)
	d := settled.deliveries[0]
	assert.EqualValues(t, 5000, d.Expected, "of the five other senders, to the one receiver that is no member of a group")
	assert.EqualValues(t, 5000, d.Received)
	assert.Empty(t, d.Violations)
	assert.Zero(t, d.Foreign, "what came from the missing shard is of this run")
	assert.GreaterOrEqual(t, settled.strays, uint64(1000), "what that receiver got of the sixth sender")
	assert.LessOrEqual(t, settled.strays, uint64(2000), "and what two of the group's three members did")
	assert.GreaterOrEqual(t, settled.copies[6], uint64(6000), "of all that reached that receiver's shard nothing is left out")
}

func TestLedgersThatAreNotWhole(t *testing.T) {
	r, _ := runOf(t, strings.Replace(quietly, "1000/s", "20/s", 1))
	whole := r.sharded(t, 2)
	change := func(f func(data []byte) []byte) string {
		data, err := unpack(whole[1].Shard.Ledger)
		require.NoError(t, err)
		text, err := pack(f(data))
		require.NoError(t, err)
		return text
	}
	cases := []struct{ name, ledger, want string }{
		{"none", "", "EOF"},
		{"no text of ours", "hello there", "illegal base64"},
		{"cut off", whole[1].Shard.Ledger[:100], "unexpected EOF"},
		{"another shard's", whole[0].Shard.Ledger, "index of the shard: 0, want 1"},
		{"too short", change(func(data []byte) []byte { return data[:len(data)-1] }), "cut off"},
		{"too long", change(func(data []byte) []byte { return append(data, 1, 2, 3) }), "3 bytes too many"},
		{"another version", change(func(data []byte) []byte { data[0]++; return data }), "version: 2, want 1"},
		{"another run", change(func(data []byte) []byte { data[2] ^= 1; return data }), "are of different runs"},
		{"not compressed", base64.StdEncoding.EncodeToString([]byte("no gzip")), "cannot be read"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			damaged := *whole[1].Shard
			damaged.Ledger = c.ledger
			_, err := settleShards(r.scenario, []*result.Result{whole[0], {Shard: &damaged}})
			assert.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "shard")
		})
	}
}

// FuzzLedger looks for ledgers that settling panics on.
func FuzzLedger(f *testing.F) {
	const yaml = `
broker: embedded
duration: 2s
senders:
  - {name: a, count: 2, rate: 10/s, topic: ["a/{sender}", b]}
  - {name: c, count: 1, rate: 10/s, topic: c}
receivers:
  - {name: all, filter: "#"}
  - {name: workers, count: 2, filter: $share/w/+}
  - {name: late, filter: "#", start: 1s}
faults: [{receivers: disconnect, at: 1s, on: all}]
`
	sc, err := scenarios.Decode("test.yaml", []byte(yaml))
	require.NoError(f, err)
	empty := newRun(f.Context(), sc, Options{})
	empty.target, empty.arms = new(target), []*arm{{}}
	require.NoError(f, empty.recruit())
	for i, s := range empty.senders {
		l := s.lanes[0]
		l.issued.Store(9)
		for seq := range uint32(9) {
			l.hand(0, seq)
		}
		l.turnedDown.Add(3)
		l.marks = []uint32{2}
		empty.receivers[i].inbox.Add(i, 0, uint32(i), false)
	}
	empty.receivers[3].arrive()
	text, err := empty.ledgerOf(&share{index: 0, of: 1})
	require.NoError(f, err)
	data, err := unpack(text)
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := pack(data)
		require.NoError(t, err)
		settled, err := settleShards(sc, []*result.Result{{Shard: &result.Shard{Of: 1, Ledger: text}}})
		if err != nil {
			assert.ErrorContains(t, err, "ledger of shard 0")
			return
		}
		again, err := settled.ledgerOf(&share{index: 0, of: 1})
		require.NoError(t, err)
		other, err := settleShards(sc, []*result.Result{{Shard: &result.Shard{Of: 1, Ledger: again}}})
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint(settled.deliveries), fmt.Sprint(other.deliveries))
	})
}

// A scenario is made of a result's wherever that is read.
func TestScenariosAreRecalledWithoutTheirFiles(t *testing.T) {
	raw := json.RawMessage(`{"name": "there", "duration": "1s", "broker": {"url": "mqtts://broker:8883", "password_file": "/not/here", "tls": {"ca": "/nor/this"}},
		"senders": [{"name": "a", "rate": "1/s", "topic": "a", "payload": {"file": "/nor/that"}}]}`)
	sc, err := recall(raw)
	require.NoError(t, err)
	assert.Equal(t, "mqtts://broker:8883", sc.Broker.URL)
	_, err = recall(json.RawMessage(`[]`))
	assert.ErrorContains(t, err, "the scenario cannot be read")
}
