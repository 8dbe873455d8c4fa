package otlp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

const (
	// DefaultMaxMessage is how long a request may be unless a Config says otherwise: a batch of 512 spans with everything the
	// conventions recommend is below 1 MiB.
	DefaultMaxMessage = 16 << 20
	// mostRequests bounds the requests under way over HTTP, and so the memory that they take.
	mostRequests = 256
	// closeGrace is how long Close waits for requests under way.
	closeGrace = time.Second
)

// Handler functions get what is exported. Each is called from many goroutines at once; nil functions are for what nobody
// wants to see. An error refuses the request: the exporter is answered with its gRPC status (status.FromError), which for
// any other error is Unknown, or with the HTTP status that the protocol maps it to. The request is the handler's to keep; the
// headers that it came with are in the context (metadata.FromIncomingContext), those of HTTP too.
type Handler struct {
	Traces  func(context.Context, *tracepb.ExportTraceServiceRequest) error
	Metrics func(context.Context, *metricspb.ExportMetricsServiceRequest) error
	Logs    func(context.Context, *logspb.ExportLogsServiceRequest) error
}

// Config says where a receiver listens and what becomes of what it receives.
type Config struct {
	// GRPC and HTTP are addresses, host:port; port 0 takes a free one. Nobody listens where one is empty.
	GRPC string `json:"grpc"`
	HTTP string `json:"http"`
	// MaxMessage bounds a request in bytes, compressed and not; 0 stands for DefaultMaxMessage. A longer one is refused.
	MaxMessage int `json:"max_message,omitempty"`
	// Handler gets what is received. Its zero value has it counted alone.
	Handler `json:"-"`
}

// Receiver is a server for OTLP. Its methods are safe for concurrent use.
type Receiver struct {
	handler    Handler
	maxMessage int
	conduct    *conduct
	counter    *counter

	grpcListener, httpListener net.Listener // nil where nobody listens
	grpc                       *grpc.Server
	http                       *http.Server
	requests                   gate // of HTTP
	serving                    sync.WaitGroup
	close                      sync.Once
}

// gate counts the requests under way and can be shut.
type gate struct {
	mu       sync.Mutex
	underWay sync.WaitGroup // grows under mu alone, while open
	count    int
	isShut   bool
}

// enter lets a request in unless the gate is shut or there are too many; who is let in must leave.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isShut || g.count == mostRequests {
		return false
	}
	g.count++
	g.underWay.Add(1)
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count--
	g.underWay.Done()
}

// shut lets nobody in any more and waits for all to leave.
func (g *gate) shut() {
	g.mu.Lock()
	g.isShut = true
	g.mu.Unlock()
	g.underWay.Wait()
}

// Listen starts a receiver. The caller must Close it.
func Listen(cfg Config) (*Receiver, error) {
	r := &Receiver{handler: cfg.Handler, maxMessage: cfg.MaxMessage, conduct: newConduct(), counter: newCounter()}
	if r.maxMessage <= 0 {
		r.maxMessage = DefaultMaxMessage
	}
	if cfg.GRPC == "" && cfg.HTTP == "" {
		return nil, errors.New("listen for OTLP: there is no address, neither for gRPC nor for HTTP")
	}
	if err := r.listen(cfg); err != nil {
		return nil, err
	}
	r.serve()
	return r, nil
}

func (r *Receiver) listen(cfg Config) (err error) {
	if r.grpcListener, err = listen("gRPC", cfg.GRPC); err != nil {
		return err
	}
	if r.httpListener, err = listen("HTTP", cfg.HTTP); err != nil && r.grpcListener != nil {
		_ = r.grpcListener.Close()
	}
	return err
}

func listen(protocol, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for OTLP over %s: %w", protocol, err)
	}
	return l, nil
}

func (r *Receiver) serve() {
	if r.grpcListener != nil {
		r.grpc = r.newGRPC()
		r.serving.Go(func() { _ = r.grpc.Serve(r.grpcListener) })
	}
	if r.httpListener != nil {
		r.http = r.newHTTP()
		r.serving.Go(func() { _ = r.http.Serve(r.httpListener) })
	}
}

// GRPCAddr is the address that takes gRPC, host:port; empty if none does.
func (r *Receiver) GRPCAddr() string { return addr(r.grpcListener) }

// HTTPAddr is the address that takes HTTP, host:port; empty if none does. Its paths are /v1/traces, /v1/metrics and /v1/logs.
func (r *Receiver) HTTPAddr() string { return addr(r.httpListener) }

func addr(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// Behave changes how requests are answered from here on, those that wait for an answer included.
func (r *Receiver) Behave(b Behavior) { r.conduct.set(b) }

// Counts returns what has been received so far.
func (r *Receiver) Counts() Counts { return r.counter.counts() }

// Close stops listening, refuses requests that a Behavior holds, waits up to a second for answers under way, closes all
// connections, and returns when every handler has. Further calls wait for the first.
func (r *Receiver) Close() error {
	r.close.Do(func() {
		r.conduct.close()
		var closing sync.WaitGroup
		if r.grpc != nil {
			closing.Go(r.closeGRPC)
		}
		if r.http != nil {
			closing.Go(r.closeHTTP)
		}
		closing.Wait()
		r.serving.Wait()
	})
	return nil
}

// closeGRPC cuts connections off when the grace is over; both ways of stopping return after the last handler.
func (r *Receiver) closeGRPC() {
	cutOff := time.AfterFunc(closeGrace, r.grpc.Stop)
	defer cutOff.Stop()
	r.grpc.GracefulStop()
}

func (r *Receiver) closeHTTP() {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	_ = r.http.Shutdown(ctx)
	_ = r.http.Close()
	r.requests.shut()
}
