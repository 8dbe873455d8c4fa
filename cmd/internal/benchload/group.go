package main

import (
	"context"
	"fmt"
	"time"

	"mqttrace/load"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// group is the work that contenders are compared on.
type group struct {
	broker     string
	rate       int // messages a second of all senders; 0: as many as go
	qos        byte
	contenders []contender
}

// senders is how many clients publish. At full speed and QoS 0 it is one, and nobody receives: what a broker does with more than it
// can deliver is its own affair.
func (g group) senders() int {
	if g.sendsOnly() {
		return 1
	}
	return 10
}

func (g group) sendsOnly() bool { return g.rate == 0 && g.qos == 0 }

// floors are the floors of the group, the one that the others are compared with first. A client that only sends, as fast as it can, is
// compared with a program that does no more than that. At full speed the broker is the limit, and what a message carries costs it time.
func (g group) floors() []contender {
	bare := contender{arm: off}
	switch {
	case g.rate > 0:
		return []contender{bare}
	case g.sendsOnly():
		return []contender{{arm: off, coalesces: true}}
	}
	return []contender{bare, {arm: off, coalesces: true}, {arm: traced}}
}

func (g group) String() string {
	speed := "at full speed"
	if g.rate > 0 {
		speed = fmt.Sprintf("at %d msg/s", g.rate)
	}
	to := "10 senders to 1 receiver"
	if g.sendsOnly() {
		to = "1 sender, nobody receives"
	}
	return fmt.Sprintf("%s, QoS %d %s, %s", g.broker, g.qos, speed, to)
}

const (
	fixedRate = 10_000
	window    = 100 // unacknowledged messages of each sender
	payload   = 64  // bytes

	off, traced = "off", "context" // the arms that a floor can have
)

func groups(quick bool) (all []group) {
	brokers, arms := []string{"embedded", "mosquitto"}, []string{off, traced, "record"}
	if quick {
		brokers, arms = brokers[1:], arms[:2]
	}
	var clients []contender
	for _, client := range []scenarios.Client{scenarios.Lean, scenarios.Paho} {
		for _, arm := range arms {
			clients = append(clients, contender{client: client, arm: arm})
		}
	}
	for _, b := range brokers {
		for _, rate := range []int{fixedRate, 0} {
			for qos := range byte(2) {
				g := group{broker: b, rate: rate, qos: qos}
				g.contenders = append(g.floors(), clients...)
				all = append(all, g)
			}
		}
	}
	return all
}

// contender is a client in an arm; without a client it is the floor, which writes each message by itself unless it coalesces.
type contender struct {
	client    scenarios.Client
	arm       string
	coalesces bool // one write takes as many messages as may leave
}

func (c contender) String() string {
	switch {
	case c.client != "":
		return fmt.Sprintf("%s %s", c.client, c.arm)
	case c.coalesces:
		return fmt.Sprintf("floor %s, coalescing", c.arm)
	}
	return "floor " + c.arm
}

// figures are what a measurement came to: CPU seconds of sender and receiver per million messages, allocations per message, messages
// a second, and the p99 of schedule_lag in ms, 0 where it is not measured.
type figures struct{ cpu, allocs, rate, lag float64 }

func (c contender) measure(ctx context.Context, g group, length time.Duration) (figures, error) {
	if c.client == "" {
		return c.measureFloor(ctx, g, length)
	}
	sc, err := scenarios.Decode("benchload.yaml", []byte(c.scenario(g, length)))
	if err != nil {
		return figures{}, err
	}
	res, err := load.Run(ctx, sc, load.Options{})
	if err != nil {
		return figures{}, err
	}
	if ctx.Err() != nil {
		return figures{}, ctx.Err()
	}
	arm := res.Arms[0]
	f := figures{cpu: arm.Cost.CPUNSPerMessage / 1000, allocs: arm.Cost.AllocsPerMessage, rate: arm.RatePerS}
	if p99 := arm.Latency[result.ScheduleLag].P99NS; p99 != nil {
		f.lag = float64(*p99) / 1e6
	}
	return f, nil
}

func (c contender) scenario(g group, length time.Duration) string {
	rate := "rate: max"
	switch {
	case g.rate > 0:
		rate = fmt.Sprintf("rate: %d/s", g.rate/g.senders())
	case g.qos > 0:
		rate = fmt.Sprintf("rate: max, window: %d", window)
	}
	text := fmt.Sprintf(`
broker: %s
client: %s
warmup: 500ms
duration: %v
drain: 5s
tracing: {arm: %s}
senders:
  - {name: s, count: %d, %s, qos: %d, topic: "bench/{sender}", payload: {size: %d}}
`, g.broker, c.client, length, c.arm, g.senders(), rate, g.qos, payload)
	if !g.sendsOnly() {
		text += fmt.Sprintf("receivers:\n  - {name: r, filter: bench/+, qos: %d}\n", g.qos)
	}
	return text
}
