package settings

import (
	"math"
	"math/rand/v2"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Service is what both services are told.
type Service struct {
	Broker     Broker
	Topic      string
	Grace      time.Duration
	HealthAddr string // empty: none
	Log        Log
	Telemetry  Telemetry
	// Warnings are about settings that are allowed and hardly meant.
	Warnings []string
}

// Sender is what the sender is told.
type Sender struct {
	Service
	Source      *url.URL
	Expiry      time.Duration // whole seconds
	Interval    time.Duration
	Temperature Temperature
}

// Temperature is the shape of the simulated temperature, in degrees Celsius.
type Temperature struct {
	Mean, Swing, StdDev float64
	Period              time.Duration
	Seed                uint64
}

const (
	defaultTopic  = "sample/telemetry"
	defaultSource = "urn:mqttrace:telemetry:sensor:temperature-001"
	defaultGrace  = 8 * time.Second
)

// ReadBroker reads how the broker is reached and with which login, for somebody who has many clients: what concerns one client alone,
// its identifier and its session, need not be set and is theirs to choose. The error is of type Problems.
func ReadBroker(lookup Lookup) (Broker, error) {
	r := &reader{lookup: func(name string) (string, bool) {
		value, ok := lookup(name)
		if name == ClientID && value == "" {
			return "mqttrace", true
		}
		return value, ok
	}}
	return r.broker(), r.err()
}

// ReadSender reads all that the sender is told. The error is of type Problems.
func ReadSender(lookup Lookup) (Sender, error) {
	r := &reader{lookup: lookup}
	s := Sender{
		Service:  r.service(false),
		Source:   r.source(),
		Expiry:   time.Duration(r.whole(MessageExpirySecs, 30, 1, math.MaxUint32)) * time.Second,
		Interval: r.duration(SendInterval, 5*time.Second, time.Millisecond),
		Temperature: Temperature{
			Mean:   r.number(TemperatureMean, 21, math.Inf(-1)),
			Swing:  r.number(TemperatureSwing, 4, 0),
			Period: r.duration(TemperaturePeriod, 24*time.Hour, time.Second),
			StdDev: r.number(TemperatureStdDev, 0.4, 0),
			Seed:   r.whole(TemperatureSeed, rand.Uint64(), 0, math.MaxUint64),
		},
	}
	return s, r.err()
}

// ReadReceiver reads all that the receiver is told. The error is of type Problems.
func ReadReceiver(lookup Lookup) (Service, error) {
	r := &reader{lookup: lookup}
	s := r.service(true)
	return s, r.err()
}

func (r *reader) service(mayHaveTokens bool) Service {
	s := Service{
		Broker:     r.broker(),
		Topic:      r.topic(mayHaveTokens),
		Grace:      r.duration(ShutdownGrace, defaultGrace, time.Second),
		HealthAddr: r.healthAddr(),
		Log:        r.log(),
		Telemetry:  r.telemetry(),
	}
	s.Warnings = append(s.Broker.warnings(), r.otelWarnings()...)
	return s
}

var (
	topicPattern = regexp.MustCompile(`^([^ "+#{}/]+|\{[^ "+#{}/]+\})(/([^ "+#{}/]+|\{[^ "+#{}/]+\}))*$`)
	topicName    = regexp.MustCompile(`^[^ "+#{}/]+(/[^ "+#{}/]+)*$`)
)

// topic checks what the envelope's own package checks when a message is sent or a subscription made.
func (r *reader) topic(mayHaveTokens bool) string {
	topic, pattern, want := r.mqttText(Topic, r.text(Topic, defaultTopic)), topicName, `a topic such as sample/telemetry: no empty level, no space, none of "+#{}`
	if mayHaveTokens {
		pattern, want = topicPattern, want+`, except {name} for a whole level that may be any`
	}
	if !pattern.MatchString(topic) || strings.HasPrefix(topic, "$") {
		r.report(Topic, "want "+want+", no $ at the beginning")
	}
	return topic
}

func (r *reader) source() *url.URL {
	return parsed(r, CESource, mustParse(defaultSource), "a URI reference (RFC 3986)", url.Parse)
}

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err) // a constant
	}
	return u
}

func (r *reader) healthAddr() string {
	return parsed(r, HealthAddr, "", "an address to listen on, host:port, such as 127.0.0.1:8080", func(s string) (string, error) {
		_, port, err := net.SplitHostPort(s)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		return s, err
	})
}

func (b Broker) warnings() []string {
	ip := net.ParseIP(b.Host)
	if b.Secure || b.Host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	if b.PasswordFile != "" || b.SATFile != "" {
		return []string{UseTLS + "=false sends the password or token over the network as it is"}
	}
	return nil
}
