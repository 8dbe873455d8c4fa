package scenarios

import (
	"math"
	"os"
)

// Plan is what a scenario would do, in numbers. Rates and counts are expected values: start jitter and Poisson arrivals move
// single messages in and out of a phase. Groups with rate: max have no expected value; Unbounded says so and the sums leave
// them out.
type Plan struct {
	Scenario *Scenario
	// Clients is how many connections are made, Subscriptions how many subscriptions.
	Clients, Subscriptions int
	Senders                []SenderPlan
	Receivers              []ReceiverPlan
	// InPerSecond messages go into the broker each second and OutPerSecond come out of it.
	InPerSecond, OutPerSecond float64
	// InBytesPerSecond and OutBytesPerSecond estimate the PUBLISH packets in them, headers and trace context included.
	InBytesPerSecond, OutBytesPerSecond float64
	Unbounded                           bool
}

// SenderPlan is what a group of senders would do, all its clients together.
type SenderPlan struct {
	Sender Sender
	// PerSecond is the group's mean rate over the measured phase; Warmup and Measured are how many messages that makes in each phase. All are 0 when
	// Unbounded.
	PerSecond, Warmup, Measured float64
	Unbounded                   bool
	// PayloadBytes and PacketBytes are of one message, about: generators vary in length. PacketBytes is the mean over the
	// arms, some of which may set a size of their own.
	PayloadBytes, PacketBytes int
}

// ReceiverPlan is what a group of receivers would get, all its clients together.
type ReceiverPlan struct {
	Receiver Receiver
	// From names the sender groups whose topics the filter matches, in the scenario's order.
	From []string
	// PerSecond messages are delivered each second, Measured in the measured phase, those of unbounded senders left out.
	PerSecond, Measured float64
	Unbounded           bool
	// BytesPerSecond is what PerSecond weighs.
	BytesPerSecond float64
}

// Plan computes what s would do. It reads the sizes of payload files and nothing else.
func (s *Scenario) Plan() Plan {
	p := Plan{Scenario: s}
	for _, sender := range s.Senders {
		p.addSender(s.planSender(sender))
	}
	for _, receiver := range s.Receivers {
		p.addReceiver(s.planReceiver(receiver, p.Senders))
	}
	return p
}

func (p *Plan) addSender(sp SenderPlan) {
	p.Senders = append(p.Senders, sp)
	p.Clients += sp.Sender.Count
	p.InPerSecond += sp.PerSecond
	p.InBytesPerSecond += sp.PerSecond * float64(sp.PacketBytes)
	p.Unbounded = p.Unbounded || sp.Unbounded
}

func (p *Plan) addReceiver(rp ReceiverPlan) {
	p.Receivers = append(p.Receivers, rp)
	p.Clients += rp.Receiver.Count
	p.Subscriptions += rp.Receiver.Count * len(rp.Receiver.Filter)
	p.OutPerSecond += rp.PerSecond
	p.OutBytesPerSecond += rp.BytesPerSecond
}

func (s *Scenario) planSender(sender Sender) SenderPlan {
	p := SenderPlan{Sender: sender, Unbounded: sender.Rate.Max, PayloadBytes: sender.Payload.bytes(sender.Name)}
	warm, measured := sender.expected(s.Warmup, s.Duration)
	p.Warmup, p.Measured = warm*float64(sender.Count), measured*float64(sender.Count)
	p.PerSecond = p.Measured / max(s.Duration.Std().Seconds(), 1e-9)
	p.PacketBytes = meanPacket(sender, p.PayloadBytes, s.Tracing.Arms())
	return p
}

// meanPacket is the length of a PUBLISH packet over arms that run for as long as each other.
func meanPacket(s Sender, payload int, arms []TracingArm) int {
	var sum float64
	for _, arm := range arms {
		size := payload
		if arm.PayloadSize != nil && s.Payload.sized() {
			size = *arm.PayloadSize
		}
		sum += float64(packetBytes(s, size, arm))
	}
	return int(math.Round(sum / float64(len(arms))))
}

func (s *Scenario) planReceiver(receiver Receiver, senders []SenderPlan) ReceiverPlan {
	p := ReceiverPlan{Receiver: receiver}
	share := s.shareOf(receiver)
	for _, sp := range senders {
		n := meanFlows(sp.Sender, receiver)
		if n == 0 {
			continue
		}
		p.From = append(p.From, sp.Sender.Name)
		p.Unbounded = p.Unbounded || sp.Unbounded
		perSecond := n * sp.PerSecond / float64(sp.Sender.Count) * share
		p.PerSecond += perSecond
		p.BytesPerSecond += perSecond * float64(sp.PacketBytes)
	}
	attended := receiver.attended(s.Duration)
	p.PerSecond *= attended
	p.BytesPerSecond *= attended
	p.Measured = p.PerSecond * s.Duration.Std().Seconds()
	return p
}

// shareOf is the part of a shared subscription's messages that goes to one of the groups that hold it, by their clients.
func (s *Scenario) shareOf(receiver Receiver) float64 {
	if receiver.ShareName() == "" {
		return 1
	}
	clients := 0
	for _, other := range s.Receivers {
		if other.FilterOf(0) == receiver.FilterOf(0) {
			clients += other.Count
		}
	}
	return float64(receiver.Count) / float64(clients)
}

// bytes is the length of a payload, about.
func (p Payload) bytes(group string) int {
	switch {
	case p.JSON != nil:
		return p.JSON.bytes(group)
	case p.File != "":
		info, err := os.Stat(p.File)
		if err != nil {
			return 0
		}
		return int(info.Size())
	}
	return p.Size
}

// packetBytes is the length of a PUBLISH packet of MQTT 5 section 3.3.
func packetBytes(s Sender, payload int, arm TracingArm) int {
	const (
		correlationData = 1 + 2 + 16
		traceparent     = 1 + 2 + len("traceparent") + 2 + 55
		tracestate      = 1 + 2 + len("tracestate") + 2
		member          = 16 // of a tracestate, with its comma: about
		baggage         = 1 + 2 + len("baggage") + 2
		expiry          = 1 + 4
		alias           = 1 + 2
	)
	properties := correlationData
	if arm.Arm.doesAll(ArmContext) {
		properties += traceparent
	}
	if arm.Tracestate > 0 {
		properties += tracestate + member*arm.Tracestate
	}
	if arm.Baggage > 0 {
		properties += baggage + arm.Baggage
	}
	if s.MessageExpiry > 0 {
		properties += expiry
	}
	properties += s.Properties.bytes(s.Name)
	topic := len(s.TopicAt(s.Count-1, s.Topic.Len()-1))
	if s.TopicAlias {
		properties, topic = properties+alias, 0
	}
	rest := 2 + topic + variableInt(properties) + properties + payload
	if s.QoS > 0 {
		rest += 2
	}
	return 1 + variableInt(rest) + rest
}

// variableInt is how many bytes MQTT writes n in, seven bits in each.
func variableInt(n int) int {
	bytes := 1
	for n >>= 7; n > 0; n >>= 7 {
		bytes++
	}
	return bytes
}

// ofRun are the latencies that a run has, and not each of its arms.
var ofRun = map[string]bool{"connect": true, "subscribe": true}

// samples is how many values of a latency the measured phase would give; +Inf when a rate has no bound. In a compare it is
// how many the arm with the fewest would get, as if nothing were left out at the start of a slice.
func (p Plan) samples(latency string) float64 {
	arms := float64(len(p.Scenario.Tracing.Arms()))
	switch latency {
	case "connect":
		return float64(p.Clients)
	case "subscribe":
		return float64(p.Subscriptions)
	case "send":
		return p.sent(func(s Sender) bool { return s.QoS > 0 }) / arms
	case "schedule_lag":
		return p.sent(func(s Sender) bool { return !s.Rate.Max && !s.Idle }) / arms
	case "trace":
		return p.traced() / arms
	}
	return p.delivered() / arms
}

func (p Plan) sent(counts func(Sender) bool) float64 {
	var n float64
	for _, sp := range p.Senders {
		switch {
		case !counts(sp.Sender):
		case sp.Unbounded:
			return math.Inf(1)
		default:
			n += sp.Measured
		}
	}
	return n
}

func (p Plan) delivered() float64 {
	var n float64
	for _, rp := range p.Receivers {
		if rp.Unbounded {
			return math.Inf(1)
		}
		n += rp.Measured
	}
	return n
}

// traced is the part of the messages that are delivered with a span on both sides, at the ratio of the arm with the fewest.
func (p Plan) traced() float64 {
	share := p.leastTraced().Sampler.Share()
	if share == 0 {
		return 0
	}
	return p.delivered() * share
}

// leastTraced is the arm with the fewest sampled spans, of those that have any; the zero arm samples none.
func (p Plan) leastTraced() TracingArm {
	least := TracingArm{Sampler: Sampler{Name: AlwaysOff}}
	for _, arm := range p.Scenario.Tracing.Arms() {
		share := arm.Sampler.Share()
		if arm.Arm.Spans() && share > 0 && (least.Arm == "" || share < least.Sampler.Share()) {
			least = arm
		}
	}
	return least
}
