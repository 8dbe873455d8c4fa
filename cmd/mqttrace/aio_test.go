package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
)

// doorkeeper lets those into a broker who present the token that is right at the moment, as the brokers of Azure IoT Operations do.
type doorkeeper struct {
	mochi.HookBase
	flowing chan struct{} // closed when fifty messages have been published
	all     chan struct{} // closed when five clients have re-authenticated

	mu        sync.Mutex // guards what follows
	right     string
	published int
	connects  map[string][]string // tokens by the client that presented them when it connected
	auths     map[string][]string // and when it re-authenticated
}

func newDoorkeeper(right string) *doorkeeper {
	return &doorkeeper{
		flowing: make(chan struct{}), all: make(chan struct{}), right: right,
		connects: map[string][]string{}, auths: map[string][]string{},
	}
}

func (*doorkeeper) Provides(event byte) bool {
	switch event {
	case mochi.OnConnect, mochi.OnAuthPacket, mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPublished,
		mochi.OnSessionEstablish, mochi.OnSessionEstablished:
		return true
	}
	return false
}

func (*doorkeeper) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }
func (*doorkeeper) OnACLCheck(*mochi.Client, string, bool) bool              { return true }

// Without a quota mochi does not come to where it deadlocks: see package broker.
func (*doorkeeper) OnSessionEstablish(cl *mochi.Client, _ packets.Packet) {
	cl.State.Inflight.ResetSendQuota(0)
	cl.Properties.Props.ReceiveMaximum = 0
}

func (*doorkeeper) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	cl.State.Inflight.ResetSendQuota(0)
}

func (d *doorkeeper) OnConnect(cl *mochi.Client, pk packets.Packet) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	token := string(pk.Properties.AuthenticationData)
	if pk.Properties.AuthenticationMethod != "K8S-SAT" || token != d.right {
		refusal := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: packets.ErrNotAuthorized.Code}
		return errors.Join(packets.ErrNotAuthorized, cl.WritePacket(refusal))
	}
	d.connects[cl.ID] = append(d.connects[cl.ID], token)
	return nil
}

func (d *doorkeeper) OnAuthPacket(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	token := string(pk.Properties.AuthenticationData)
	if pk.ReasonCode != packets.CodeReAuthenticate.Code || pk.Properties.AuthenticationMethod != "K8S-SAT" || token != d.right {
		return pk, packets.ErrNotAuthorized
	}
	if d.auths[cl.ID] = append(d.auths[cl.ID], token); len(d.auths) == 5 && len(d.auths[cl.ID]) == 1 {
		close(d.all)
	}
	success := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Auth}, ReasonCode: packets.CodeSuccess.Code}
	success.Properties.AuthenticationMethod = pk.Properties.AuthenticationMethod
	return pk, cl.WritePacket(success)
}

func (d *doorkeeper) OnPublished(*mochi.Client, packets.Packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.published++; d.published == 50 {
		close(d.flowing)
	}
}

// renew makes another token the right one.
func (d *doorkeeper) renew(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.right = token
}

// exchange puts a token where a file is, at once.
func exchange(t *testing.T, file, token string) {
	t.Helper()
	next := file + ".next"
	assert.NoError(t, os.WriteFile(next, []byte(token+"\n"), 0o600))
	assert.NoError(t, os.Rename(next, file))
}

const renewal = `
name: renewal
broker: aio
warmup: 0s
duration: 4s
drain: 10s
senders: [{name: sensors, count: 3, rate: 50/s, topic: 'a/{sender}', qos: 1, session_expiry: 1h}]
receivers: [{name: backend, count: 2, filter: a/#, qos: 1, session_expiry: 1h}]
`

// TestServiceAccountTokensAreRenewed runs against a broker that takes one token and then only another: every client presents the new
// one on the connection that it has, those whose connections end come back with it, and no message is lost.
func TestServiceAccountTokensAreRenewed(t *testing.T) {
	t.Setenv("GORACE", raceOptions)
	for _, client := range []string{"lean", "paho"} {
		t.Run(client, func(t *testing.T) {
			ours, keeper := brokertest.NewAuthority(t, t.TempDir()), newDoorkeeper("first")
			server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, server.AddHook(keeper, nil))
			listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ours.Pair(t, "broker")}})
			require.NoError(t, err)
			defer brokertest.Serve(t, server, listener)()
			address := listener.Addr().String()
			_, port, err := net.SplitHostPort(address)
			require.NoError(t, err)

			file := filepath.Join(t.TempDir(), "token")
			exchange(t, file, "first")
			s := newShell(t, load.Run, "--quiet", "--set", "client="+client)
			s.file(t, "a.yaml", renewal)
			s.getenv = func(name string) string {
				return map[string]string{
					"AIO_BROKER_HOSTNAME": "127.0.0.1", "AIO_BROKER_TCP_PORT": port, "AIO_MQTT_CLIENT_ID": "bench",
					"AIO_SAT_FILE": file, "AIO_TLS_CA_FILE": ours.File,
				}[name]
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			var beside sync.WaitGroup
			beside.Go(func() {
				if !happens(ctx, keeper.flowing) {
					return
				}
				keeper.renew("second")
				exchange(t, file, "second")
				if !happens(ctx, keeper.all) {
					return
				}
				_, err := mqtt.Connect(ctx, mqtt.Settings{
					Address: address, ClientID: "late", TLS: ours.Trusted(),
					Auth: &mqtt.EnhancedAuth{Method: "K8S-SAT", Data: func() ([]byte, error) { return []byte("first"), nil }},
				}, mqtt.Handlers{})
				assert.ErrorContains(t, err, "refused by the broker: 0x87 not authorized")
				for _, cl := range server.Clients.GetAll() {
					if len(cl.State.Subscriptions.GetAll()) == 0 {
						cl.Stop(errors.New("a sender's connection ends"))
					}
				}
			})
			code := run(s.world)
			beside.Wait()
			require.Contains(t, []int{0, 4}, code, s.stderr.String()+s.stdout.String()) // 4 where the machine is too busy

			require.Len(t, s.results(t), 1)
			res, err := result.Read(s.results(t)[0])
			require.NoError(t, err)
			a := res.Arms[0]
			assert.EqualValues(t, 600, a.Sent)
			assert.EqualValues(t, 1200, a.Delivery.Received)
			assert.Zero(t, a.Delivery.Lost)
			for _, w := range res.Warnings {
				assert.NotContains(t, w.Text, "token")
			}
			exchange(t, file, "first")
			assert.Equal(t, 1, run(s.world), "with a token of yesterday")
			assert.Contains(t, s.stderr.String(), "refused by the broker: 0x87 not authorized")
			keeper.mu.Lock()
			defer keeper.mu.Unlock()
			assert.Len(t, keeper.auths, 5, "every client re-authenticated")
			again := 0
			for id, presented := range keeper.connects {
				assert.Equal(t, []string{"second"}, keeper.auths[id], id)
				if len(presented) > 1 {
					again++
					assert.Equal(t, []string{"first", "second"}, presented, id)
				}
			}
			assert.Len(t, keeper.connects, 5)
			assert.Equal(t, 3, again, "the senders, whose connections ended")
		})
	}
}

// happens waits for a channel to be closed.
func happens(ctx context.Context, what <-chan struct{}) bool {
	select {
	case <-what:
		return true
	case <-ctx.Done():
		return false
	}
}
