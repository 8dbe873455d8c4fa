package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"

	"mqttrace/cmd/internal/credentials"
	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/exitcode"
	"mqttrace/cmd/internal/settings"
	"mqttrace/cmd/internal/telemetry"
	"mqttrace/load/mqtt"
)

// run is one life of a service.
type run struct {
	world   World
	program Program
	cfg     settings.Service
	maker   Maker
	ending  *ending

	telemetry  *telemetry.Telemetry
	log        *slog.Logger
	client     *envelope.Client
	work       Work
	health     *health
	bursts     telemetry.Bursts
	connection atomic.Pointer[mqtt.Client] // nil before the first connection

	stopping func() // says that the end has begun, once

	connectionsLost, reconnects metric.Int64Counter
}

// until lives until stop ends, and returns the exit code.
func (r *run) until(stop context.Context) int {
	err := r.start(stop)
	if err != nil {
		return r.program.complain(r.world, exitcode.Of(err), err)
	}
	r.log.Info("starting", "service", r.program.Name, "version", r.program.version(), "broker", r.cfg.Broker.Address(), "topic", r.cfg.Topic,
		"client_id", r.cfg.Broker.ClientID, "tls", r.cfg.Broker.Secure, "exporting", r.cfg.Telemetry.Exports())
	for _, warning := range r.cfg.Warnings {
		r.log.Warn(warning)
	}
	r.stopping = sync.OnceFunc(func() {
		r.health.begun.Store(false)
		r.log.Info("stopping")
	})
	context.AfterFunc(stop, r.stopping)
	code := exitcode.Pass
	if err := r.live(stop); err != nil && stop.Err() == nil {
		r.log.Error("cannot go on", "error", err)
		fmt.Fprintf(r.world.Stderr, "%s: %s\n", r.program.Name, err)
		code = exitcode.CannotRun
		r.ending.begin()
	}
	r.end()
	return code
}

// start makes everything that needs no broker. A failure is a mistake in the settings that only now came out.
func (r *run) start(ctx context.Context) (err error) {
	r.telemetry, err = telemetry.Start(ctx, telemetry.Config{
		Telemetry: r.cfg.Telemetry, Log: r.cfg.Log, Service: r.program.ServiceName, Version: r.program.version(), Stdout: r.world.Stdout,
	})
	if err != nil {
		return exitcode.With(exitcode.Usage, err)
	}
	r.log = r.telemetry.Log
	if r.health, err = listenHealth(r.cfg.HealthAddr); err != nil {
		r.ending.begin()
		return exitcode.With(exitcode.CannotRun, errors.Join(err, r.telemetry.Shutdown(r.ending.graceTime)))
	}
	r.client = envelope.New(r.cfg.Broker.ClientID, r.telemetry.Propagator, func(a *envelope.Arrival, err error) { r.work.Rejected(a, err) })
	r.work, err = r.maker(&Kit{Settings: r.cfg, Telemetry: r.telemetry, Client: r.client, Bursts: &r.bursts})
	if err == nil {
		err = r.observe()
	}
	return exitcode.With(exitcode.CannotRun, err)
}

// observe makes the metrics of the connection.
func (r *run) observe() error {
	instruments := telemetry.NewInstruments(r.telemetry.Meter)
	r.connectionsLost = instruments.Count(telemetry.ConnectionsLost, "{connection}", "Connections to the broker that ended and were not meant to.")
	r.reconnects = instruments.Count(telemetry.Reconnects, "{reconnect}", "Connections to the broker that were made again.")
	inFlight := instruments.Level(telemetry.InFlight, "{message}", "Messages that wait for their acknowledgement.")
	queued := instruments.Level(telemetry.Queued, "{message}", "Messages that wait to be sent or to be handled.")
	if err := instruments.Err(); err != nil {
		return err
	}
	r.connectionsLost.Add(context.Background(), 0) // so that a rate can be told from the first one on
	r.reconnects.Add(context.Background(), 0)
	_, err := r.telemetry.Meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		waiting := r.work.Waiting()
		if c := r.connection.Load(); c != nil {
			o.ObserveInt64(inFlight, int64(c.InFlight()))
			waiting += c.Waiting()
		}
		o.ObserveInt64(queued, int64(waiting))
		return nil
	}, inFlight, queued)
	return err
}

// live connects and works until stop ends; an error is why it cannot.
func (r *run) live(stop context.Context) error {
	var token *credentials.Token
	if file := r.cfg.Broker.SATFile; file != "" {
		token = credentials.NewToken(file)
	}
	connection, err := r.connect(stop, r.cfg.Broker.Connection(token))
	if err != nil {
		return err
	}
	r.connection.Store(connection)
	r.client.Attach(connection)
	var watching sync.WaitGroup
	defer watching.Wait()
	stop, cancel := context.WithCancel(stop)
	defer cancel()
	if token != nil {
		watching.Go(func() { r.renew(stop, connection, token) })
	}
	if err := r.begin(stop); err != nil {
		return err
	}
	r.health.begun.Store(true)
	r.log.Info("ready")
	r.work.Run(stop, r.ending.drainTime)
	return nil
}

// connect connects, and tries again while the broker cannot be reached, as before it has started. What will not get better by
// waiting is an error: credentials that the broker refuses, a certificate that cannot be verified.
func (r *run) connect(stop context.Context, to mqtt.Settings) (*mqtt.Client, error) {
	handlers := mqtt.Handlers{Message: r.client.Deliver, Down: r.down, Up: r.up}
	return insist(stop, func() (*mqtt.Client, error) {
		connection, err := mqtt.Connect(stop, to, handlers)
		r.health.connection(err)
		return connection, r.explained("connection", err)
	})
}

// begin begins the work, again and again if the connection is lost meanwhile.
func (r *run) begin(stop context.Context) error {
	_, err := insist(stop, func() (struct{}, error) {
		return struct{}{}, r.explained("subscription", r.work.Begin(stop))
	})
	return err
}

// explained logs what will be tried again, once per burst, and marks what will not.
func (r *run) explained(what string, err error) error {
	if err == nil || isFinal(err) {
		return err
	}
	if total, say := r.bursts.Add(what, 1); say {
		r.log.Warn(what+" failed, trying again", "error", err, "count", total)
	}
	return &passing{err}
}

// down is called when the connection is lost, and at every attempt to make it again that fails.
func (r *run) down(err error) {
	if r.health.connection(err) {
		r.connectionsLost.Add(context.Background(), 1)
		r.log.Warn("connection lost", "error", err)
		return
	}
	if total, say := r.bursts.Add("reconnect", 1); say {
		r.log.Warn("reconnection failed, trying again", "error", err, "count", total)
	}
}

func (r *run) up() {
	r.health.connection(nil)
	r.reconnects.Add(context.Background(), 1)
	r.log.Info("connected again")
}

// renew presents the token again whenever it is renewed.
func (r *run) renew(stop context.Context, connection *mqtt.Client, token *credentials.Token) {
	err := token.Watch(stop, func() {
		ctx, cancel := context.WithTimeout(stop, renewTimeout)
		defer cancel()
		if err := connection.Reauthenticate(ctx); err != nil {
			r.log.Warn("the renewed token was not taken", "error", err)
			return
		}
		r.log.Info("re-authenticated with the renewed token")
	})
	if err != nil {
		// The broker then ends the connection when the token expires, and the next connection presents the new one.
		r.log.Warn("renewed tokens will not be noticed", "file", r.cfg.Broker.SATFile, "error", err)
	}
}

const renewTimeout = 30 * time.Second

// end disconnects, flushes and stops, within the grace.
func (r *run) end() {
	r.stopping()
	r.client.Close()
	if connection := r.connection.Load(); connection != nil {
		ctx, cancel := context.WithTimeout(r.ending.graceTime, disconnectTimeout)
		_ = connection.Close(ctx) // always nil
		cancel()
	}
	r.work.Finish()
	r.log.Info("stopped")
	if err := r.telemetry.Shutdown(r.ending.graceTime); err != nil {
		r.telemetry.Local.Warn("telemetry was not flushed", "error", err)
	}
	r.health.close()
}

// disconnectTimeout is how long a broker that takes no more bytes may hold up the end.
const disconnectTimeout = time.Second

// Main runs a program in the process that it is.
func Main(p Program) {
	os.Exit(Run(World{Args: os.Args[1:], Lookup: os.LookupEnv, Stdout: os.Stdout, Stderr: os.Stderr, Signals: notified()}, p))
}
