package network

import (
	"bytes"
	"context"
	"fmt"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

const (
	// listenAttempts is how often a proxy that was cut tries to have its port back: a client that dials a port which nobody
	// listens on may have it for a moment.
	listenAttempts = 20
	listenPause    = 50 * time.Millisecond
)

// proxies are the proxies of this process, by name.
type proxies map[string]*toxiproxy.Proxy

// open starts a proxy for each name on a free port of 127.0.0.1.
func open(upstream string, names []string) (proxies, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	all := make(proxies)
	for _, name := range names {
		p := toxiproxy.NewProxy(server, name, "127.0.0.1:0", upstream)
		if err := p.Start(); err != nil {
			all.close()
			return nil, fmt.Errorf("listen for %s: %w", name, err)
		}
		all[name] = p
	}
	return all, nil
}

// addresses are where the proxies listen, by name.
func (all proxies) addresses() map[string]string {
	addresses := make(map[string]string)
	for name, p := range all {
		addresses[name] = p.Listen
	}
	return addresses
}

// set gives the network of one name a condition, in the place of the one that it had.
func (all proxies) set(name string, c Condition) error {
	p := all[name]
	if p == nil {
		return fmt.Errorf("there is no proxy for %q", name)
	}
	if c.Cut {
		p.Stop()
		return nil
	}
	toxics, err := c.toxics()
	if err != nil {
		return err
	}
	p.Toxics.ResetToxics(context.Background())
	for _, text := range toxics {
		if _, err := p.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
			return err
		}
	}
	return start(p)
}

// start has a proxy listen, if it does not.
func start(p *toxiproxy.Proxy) (err error) {
	for range listenAttempts {
		if p.Enabled {
			return nil
		}
		if err = p.Start(); err == nil {
			return nil
		}
		time.Sleep(listenPause)
	}
	return err
}

func (all proxies) close() {
	for _, p := range all {
		p.Stop()
	}
}
