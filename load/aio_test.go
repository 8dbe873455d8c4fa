package load

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
)

const onAIO = `
broker: aio
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 3, rate: 20/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, count: 2, filter: bench/#, qos: 1}]
`

func TestBrokerOfTheEnvironment(t *testing.T) {
	t.Parallel()
	b := startMosquitto(t, broker.MosquittoConfig{})
	res, err := Run(t.Context(), scenario(t, onAIO), Options{AIO: &AIO{URL: b.URL(), Settings: mqtt.Settings{Address: b.Addr(), ClientID: "theirs"}}})
	require.NoError(t, err)
	assert.Equal(t, "aio", res.Environment.Broker.Name)
	assert.Equal(t, b.URL(), res.Environment.Broker.URL)
	assert.EqualValues(t, 60, res.Arms[0].Sent)
	assert.EqualValues(t, 0, res.Arms[0].Delivery.Lost)

	_, err = Run(t.Context(), scenario(t, onAIO), Options{})
	assert.EqualError(t, err, "broker aio: this needs the AIO_* variables of the environment, which are not at hand here")
}

// A renewed token is for every client, and one watch is for all of them. This broker knows no tokens, so each says that it failed.
func TestRenewedTokensArePresentedByEveryClient(t *testing.T) {
	t.Parallel()
	b := startMosquitto(t, broker.MosquittoConfig{})
	var watches atomic.Int64
	watch := func(ctx context.Context, renewed func()) error {
		watches.Add(1)
		select {
		case <-time.After(300 * time.Millisecond):
			renewed()
		case <-ctx.Done():
		}
		<-ctx.Done()
		return nil
	}
	res, err := Run(t.Context(), scenario(t, onAIO), Options{AIO: &AIO{URL: b.URL(), Settings: mqtt.Settings{Address: b.Addr()}, Watch: watch}})
	require.NoError(t, err)
	assert.EqualValues(t, 1, watches.Load())
	assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
	assert.True(t, warned(res, "5 clients could not present the renewed token: client mqttrace-"), res.Warnings)
}
