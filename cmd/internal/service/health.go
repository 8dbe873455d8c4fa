package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/cmd/internal/settings"
)

// health serves /livez, which answers while the process runs, and /readyz, which answers with 200 while the service is
// connected and has begun its work, and with 503 and the reason while not.
type health struct {
	begun   atomic.Bool
	server  *http.Server
	serving sync.WaitGroup

	mu  sync.Mutex // guards what follows
	err error      // why there is no connection; nil if there is one
}

var errNotYet = errors.New("no connection yet")

// listenHealth serves on an address, or nowhere if it is empty.
func listenHealth(addr string) (*health, error) {
	h := &health{err: errNotYet}
	if addr == "" {
		return h, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve health on %s (%s): %w", addr, settings.HealthAddr, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", h.answer)
	h.server = &http.Server{Handler: mux, ReadHeaderTimeout: healthTimeout}
	h.serving.Go(func() { _ = h.server.Serve(l) })
	return h, nil
}

const healthTimeout = 2 * time.Second

func (h *health) answer(w http.ResponseWriter, _ *http.Request) {
	if err := h.unready(); err != nil {
		http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

func (h *health) unready() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.err != nil:
		return h.err
	case !h.begun.Load():
		return errors.New("not begun, or stopping")
	default:
		return nil
	}
}

// connection notes that there is a connection, or why there is none, and reports whether there was one before.
func (h *health) connection(err error) (was bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, h.err = h.err == nil, err
	return was
}

func (h *health) close() {
	if h.server != nil {
		_ = h.server.Close() // nobody is owed an answer any more
	}
	h.serving.Wait()
}

// healthcheck asks the service that runs with the same HEALTH_ADDR whether it is ready, for images that have no shell or curl.
func healthcheck(w World, p Program) int {
	addr, err := settings.ReadHealthAddr(w.Lookup)
	if err != nil {
		return p.complain(w, exitcode.Usage, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	if err := askReady(ctx, reachable(addr)); err != nil {
		return p.complain(w, exitcode.CannotRun, err)
	}
	return exitcode.Pass
}

// reachable is where somebody on this host reaches an address that is listened on.
func reachable(addr string) string {
	host, port, _ := net.SplitHostPort(addr) // it has been checked
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}

func askReady(ctx context.Context, addr string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true} // and no proxy
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("%s", reason)
	}
	return nil
}
