package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// served is a reader whose metrics Prometheus scrapes. Its Shutdown ends the server too, and waits for scrapes under way.
type served struct {
	sdkmetric.Reader
	server *http.Server
	done   chan struct{} // closed when the server has ended
}

// serveMetrics serves /metrics at an address, host:port. Unlike autoexport's, it goes along with an export over OTLP.
func serveMetrics(address string) (*served, error) {
	registry := prometheus.NewRegistry()
	reader, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("serve metrics: %w", err), reader.Shutdown(context.Background()))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	s := &served{
		Reader: reader,
		server: &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second},
		done:   make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener) // until Shutdown
	}()
	return s, nil
}

// Shutdown implements sdkmetric.Reader.
func (s *served) Shutdown(ctx context.Context) error {
	err := errors.Join(s.server.Shutdown(ctx), s.Reader.Shutdown(ctx))
	<-s.done
	return err
}
