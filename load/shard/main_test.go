package shard

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
)

func TestMain(m *testing.M) {
	broker.RunIfChild()
	runIfShard()
	goleak.VerifyTestMain(m)
}

// testLimit bounds every wait of these tests.
const testLimit = time.Minute

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), testLimit)
	t.Cleanup(cancel)
	return ctx
}

// quick is the pace of tests that wait for what does not come.
var quick = pace{
	beat: 300 * time.Millisecond, silence: 4 * time.Second, grace: 1500 * time.Millisecond, reconnect: 6 * time.Second,
	ahead: time.Second, settled: 200 * time.Millisecond, again: 500 * time.Millisecond,
}

func mosquitto(t *testing.T) *broker.Broker {
	t.Helper()
	b, err := broker.StartMosquitto(limited(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(limited(t))) })
	return b
}

// eachBroker runs test against both kinds of broker.
func eachBroker(t *testing.T, test func(t *testing.T, settings mqtt.Settings)) {
	for name, start := range map[string]func(context.Context) (*broker.Broker, error){"embedded": broker.StartEmbedded, "mosquitto": broker.StartMosquitto} {
		t.Run(name, func(t *testing.T) {
			b, err := start(limited(t))
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, b.Stop(limited(t))) })
			test(t, mqtt.Settings{Address: b.Addr()})
		})
	}
}
