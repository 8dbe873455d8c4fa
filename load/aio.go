package load

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mqttrace/load/mqtt"
)

// AIO is a broker that the environment of the process describes, such as that of Azure IoT Operations.
type AIO struct {
	// URL is where it is, for people.
	URL string
	// Settings are how connections reach it and authenticate. Client identifiers and sessions are the run's own.
	Settings mqtt.Settings
	// Watch calls renewed whenever the token that Settings.Auth presents has been renewed, until ctx ends; nil if there is none.
	// One Watch is for all connections.
	Watch func(ctx context.Context, renewed func()) error
}

// target is the broker as the clients of a run connect to it.
func (a *AIO) target() (*target, error) {
	if a == nil {
		return nil, errors.New("broker aio: this needs the AIO_* variables of the environment, which are not at hand here")
	}
	s := a.Settings
	return &target{name: "aio", url: a.URL, watch: a.Watch, settings: mqtt.Settings{
		Address: s.Address, TLS: s.TLS, FreshTLS: s.FreshTLS, Username: s.Username, Password: s.Password, Auth: s.Auth, Hints: s.Hints,
	}}, nil
}

// renewTimeout bounds the re-authentication of one client.
const renewTimeout = 30 * time.Second

// renew presents a token anew on every connection whenever it has been renewed, until ctx ends. A connection that is not told is ended
// by the broker when its token expires, and the next one presents the new token.
func (r *run) renew(ctx context.Context) {
	if r.target.watch == nil {
		return
	}
	err := r.target.watch(ctx, func() {
		if failed, why := r.reauthenticate(ctx); failed > 0 {
			r.warn("run", "%d clients could not present the renewed token: %v", failed, why)
		}
	})
	if err != nil {
		r.warn("run", "renewed tokens were not noticed: %v", err)
	}
}

// keepTokens begins to renew, and returns how to end that.
func (r *run) keepTokens(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // messages under way at an interrupt need their connections too
	done := make(chan struct{})
	go func() { defer close(done); r.renew(ctx) }()
	return func() { cancel(); <-done }
}

// reauthenticate has every client present what is in force now. Receivers that come late are left out: they present it when they
// connect.
func (r *run) reauthenticate(ctx context.Context) (failed int64, why error) {
	var count atomic.Int64
	var last atomic.Pointer[error]
	var group errgroup.Group
	group.SetLimit(connecting)
	for _, c := range append(r.senderClients(""), r.receiverClients("")...) {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, renewTimeout)
			defer cancel()
			if err := c.Reauthenticate(ctx); err != nil && ctx.Err() == nil {
				count.Add(1)
				last.Store(&err)
			}
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	if cause := last.Load(); cause != nil {
		why = *cause
	}
	return count.Load(), why
}
