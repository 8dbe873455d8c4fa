package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// base is what the sets below are laid over.
const base = `
duration: 20s
broker: mosquitto
senders:
  - name: sensors
    count: 2
    total: 20/s
    topic: bench/{sender}
    payload:
      json: {first: 1, second: 2}
receivers:
  - {name: backend, filter: bench/+}
thresholds:
  - response.p50 < 20ms
`

// with decodes base with --set arguments laid over it.
func with(t *testing.T, args ...string) (*Scenario, error) {
	t.Helper()
	var sets []Set
	for _, arg := range args {
		set, err := ParseSet(arg)
		require.NoError(t, err)
		sets = append(sets, set)
	}
	return Decode("base.yaml", []byte(base), sets...)
}

func TestSet(t *testing.T) {
	cases := []struct {
		name string
		args []string
		want func(t *testing.T, s *Scenario)
	}{
		{"a value of the root", []string{"duration=5s"}, func(t *testing.T, s *Scenario) { assert.Equal(t, seconds(5), s.Duration) }},
		{"by index, in place of a rival key", []string{"senders[0].rate=50/s"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, Rate{Messages: 50, Per: time.Second}, s.Senders[0].Rate)
		}},
		{"by name", []string{"senders.sensors.count=4"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, 4, s.Senders[0].Count)
			assert.Equal(t, Rate{Messages: 5, Per: time.Second}, s.Senders[0].Rate)
		}},
		{"how often it runs", []string{"repeat=3"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, Repeat{Runs: 3, Pause: seconds(2)}, s.Repeat)
		}},
		{"how long it pauses", []string{"repeat=3", "repeat={runs: 4, pause: 0}"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, Repeat{Runs: 4}, s.Repeat)
		}},
		{"the last one wins", []string{"seed=1", "seed=2"}, func(t *testing.T, s *Scenario) { assert.Equal(t, uint64(2), s.Seed) }},
		{"what the file does not have", []string{"tracing.arm=record", "tracing.sampler.traceidratio=0.5"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, Tracing{TracingArm: TracingArm{
				Name: "record@0.5", Arm: ArmRecord, Sampler: Sampler{Name: TraceIDRatio, Ratio: 0.5}, Relation: ChildAndLink,
			}}, s.Tracing)
		}},
		{"an arm in place of several", []string{"tracing.compare=[off, record]", "tracing.slice=1s", "tracing.arm=context"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, ArmContext, s.Tracing.Arm)
			assert.Empty(t, s.Tracing.Compare)
			assert.Zero(t, s.Tracing.Slice)
		}},
		{"several arms in place of one", []string{"tracing={arm: context, name: mine}", "tracing.compare=[off, {name: wide, arm: record}]", "tracing.compare.wide.attributes=50"},
			func(t *testing.T, s *Scenario) {
				assert.Equal(t, []string{"off", "wide"}, names(s.Tracing.Arms()))
				assert.Equal(t, 50, s.Tracing.Compare[1].Attributes)
			}},
		{"a structure", []string{"senders.sensors.payload={size: 1KiB}"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, Payload{Size: 1024}, s.Senders[0].Payload)
		}},
		{"a rival inside a structure", []string{"senders.sensors.payload.size=10"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, Payload{Size: 10}, s.Senders[0].Payload)
		}},
		{"keys keep their order", []string{"senders[0].payload.json.first=9"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, "first", s.Senders[0].Payload.JSON.Object[0].Key)
			assert.Equal(t, "9", s.Senders[0].Payload.JSON.Object[0].Value.Literal)
		}},
		{"no rivals inside JSON", []string{"senders.sensors.payload.json.size=1", "senders.sensors.payload.json.file=2"}, func(t *testing.T, s *Scenario) {
			assert.Len(t, s.Senders[0].Payload.JSON.Object, 4)
		}},
		{"text that YAML reads otherwise", []string{"senders[0].topic={group}/x", "receivers[0].filter=#"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, OneTopic("{group}/x"), s.Senders[0].Topic)
			assert.Equal(t, Filters{"#"}, s.Receivers[0].Filter)
		}},
		{"an equals sign in the value", []string{"thresholds[0]=delivery.lost == 0"}, func(t *testing.T, s *Scenario) {
			assert.Equal(t, Threshold{Figure: "delivery.lost", Op: Equal, Text: "delivery.lost == 0"}, s.Thresholds[0])
		}},
		{"null takes a key away", []string{"thresholds=null"}, func(t *testing.T, s *Scenario) { assert.Empty(t, s.Thresholds) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := with(t, c.args...)
			require.NoError(t, err)
			c.want(t, s)
		})
	}
}

func TestBadSet(t *testing.T) {
	cases := []struct{ name, arg, want string }{
		{"a bad value", "senders[0].rate=abc",
			`--set senders[0].rate=abc: senders[0].rate: "abc" is not a rate, expected messages and a unit, such as 10/s or 600/min, or max`},
		{"a bad value by name", "senders.sensors.qos=3", `--set senders.sensors.qos=3: senders[0].qos: got 3, expected 0, 1 or 2`},
		{"an unknown key", "durration=5s", `--set durration=5s: durration: unknown key "durration" (did you mean duration?), ` +
			`expected one of name, description, broker, client, source_addresses, warmup, duration, drain, seed, repeat, senders, receivers, tracing, faults, metrics, sweep, search, thresholds`},
		{"an index past the end", "senders[1].rate=1/s",
			`--set senders[1].rate=1/s: senders[1].rate: senders has no entry 1, expected an index below 1 or a name in it`},
		{"an unknown name", "receivers.front.qos=1",
			`--set receivers.front.qos=1: receivers.front.qos: receivers has no entry front, expected an index below 1 or a name in it`},
		{"an index past the end, last", "thresholds[4]=x",
			`--set thresholds[4]=x: thresholds[4]: thresholds has no entry 4, expected an index below 1 or a name in it`},
		{"inside a scalar", "duration.x=1",
			`--set duration.x=1: duration.x: x is inside "20s", expected a path that the scenario has`},
		{"not UTF-8", "name=a\xff", "--set name=a\xff: name: the value is not UTF-8, expected UTF-8 text"},
		{"no path", "senders[x].rate=1/s", `--set senders[x].rate=1/s: senders[x].rate: the path cannot be read, expected keys and indexes, such as senders[0].rate`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := with(t, c.arg)
			require.EqualError(t, err, c.want)
		})
	}
}

func TestParseSetOfNoSetting(t *testing.T) {
	for _, arg := range []string{"", "senders[0].rate", "=5"} {
		_, err := ParseSet(arg)
		assert.EqualError(t, err, "--set "+arg+": not a setting, expected path=value, such as senders[0].rate=50/s")
	}
}

func TestProblemsOfSetsComeAfterThoseOfTheFile(t *testing.T) {
	_, err := Decode("x.yaml", []byte("warmup: -1s\n"+minimal), Set{"--duration", "duration", "-5s"}, Set{"--broker", "broker", "mqt://h"})
	require.EqualError(t, err, `x.yaml:1:9: warmup: -1s is negative, expected a duration of 0s or more
    1 | warmup: -1s
      |         ^
--duration -5s: duration: -5s is negative, expected a duration of more than 0s
--broker mqt://h: broker: unknown scheme "mqt", expected mqtt://host:port, mqtts://, quic://, ws:// or wss:// with a path, or unix:///path`)
}

// TestSetOfArms leaves what the file says for other arms alone, and finds fault with what comes along.
func TestSetOfArms(t *testing.T) {
	file := "tracing: {arm: export, sampler: always_on, exporter: embedded, batch: {queue: 10, size: 5}}" + minimal
	s, err := Decode("x.yaml", []byte(file), Set{"--set", "tracing.arm", "context"})
	require.NoError(t, err)
	assert.Equal(t, TracingArm{Name: "context", Arm: ArmContext, Sampler: Sampler{Name: AlwaysOn}}, s.Tracing.TracingArm)
	s, err = Decode("x.yaml", []byte(file), Set{"--set", "tracing.compare", "[off, off]"})
	require.NoError(t, err)
	assert.Equal(t, []TracingArm{{Name: "off", Arm: ArmOff}, {Name: "off#2", Arm: ArmOff}}, s.Tracing.Arms())

	_, err = Decode("x.yaml", []byte(file), Set{"--set", "tracing.arm", "context"}, Set{"--set", "tracing.batch", "{queue: 20}"})
	require.EqualError(t, err, "--set tracing.batch={queue: 20}: tracing.batch: batch is of no use to arm context, expected batch with arm export only")
}

// TestSetInsideTheShortFormOfABroker makes the short form the long one.
func TestSetInsideTheShortFormOfABroker(t *testing.T) {
	s, err := Decode("x.yaml", []byte("broker: mqtts://host"+minimal), Set{Origin: "--set", Path: "broker.tls.server_name", Value: "other"})
	require.NoError(t, err)
	assert.Equal(t, Broker{Kind: External, URL: "mqtts://host", TLS: TLS{ServerName: "other"}}, s.Broker)

	s, err = Decode("x.yaml", []byte("broker: embedded"+minimal), Set{Origin: "--broker", Path: "broker", Value: "mqtt://host"},
		Set{Origin: "--set", Path: "broker.username", Value: "ann"})
	require.NoError(t, err)
	assert.Equal(t, Broker{Kind: External, URL: "mqtt://host", Username: "ann"}, s.Broker)

	_, err = Decode("x.yaml", []byte("broker: embedded"+minimal), Set{Origin: "--set", Path: "broker.username", Value: "ann"})
	assert.ErrorContains(t, err, "--set broker.username=ann: broker.username: unknown key")
}
