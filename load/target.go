package load

import (
	"context"
	"time"

	"mqttrace/load/broker"
	"mqttrace/load/internal/login"
	"mqttrace/load/mqtt"
	"mqttrace/scenarios"
)

// target is the broker that a run's clients connect to.
type target struct {
	name, version, url string
	settings           mqtt.Settings // what all clients have in common
	process            *ownBroker    // nil for a broker that somebody else runs
	// watch calls back when a token that the settings present has been renewed; nil without one.
	watch func(ctx context.Context, renewed func()) error
}

// reach starts the scenario's broker, or reads what is needed to connect to one that runs already. aio is what the environment says of
// one; nil if that is not known.
func reach(ctx context.Context, b scenarios.Broker, aio *AIO) (*target, error) {
	switch {
	case b.Started():
		return started(startBroker(ctx, b))
	case b.Kind == scenarios.AIO:
		return aio.target()
	}
	t := &target{name: b.URL, url: b.URL, settings: mqtt.Settings{Address: b.Address()}}
	t.settings.Transport = mqtt.Transport{Unix: b.UnixPath(), WebSocketPath: b.WebSocketPath(), QUIC: b.QUIC()}
	login.Apply(b, &t.settings)
	if b.Secure() {
		config, err := login.TLS(b.TLS, login.Names{CA: "broker.tls.ca", CertAndKey: "broker.tls.cert and broker.tls.key"})
		if err != nil {
			return nil, err
		}
		t.settings.TLS = config
	}
	return t, nil
}

func started(o *ownBroker, err error) (*target, error) {
	if err != nil {
		return nil, err
	}
	b := o.process
	return &target{name: b.Name(), version: b.Version(), url: b.URL(), settings: mqtt.Settings{Address: b.Addr()}, process: o}, nil
}

// close stops a broker that the run started.
func (t *target) close() error {
	if t.process == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return t.process.stop(ctx)
}

const stopTimeout = 5 * time.Second

// ended is closed when the run's own broker has ended of itself; it is nil, and never ready, for one that somebody else runs.
func (t *target) ended() <-chan struct{} {
	if t.process == nil {
		return nil
	}
	return t.process.ended()
}

// usage is zero for a broker that somebody else runs.
func (t *target) usage() (broker.Usage, error) {
	if t.process == nil {
		return broker.Usage{}, nil
	}
	return t.process.usage()
}
