package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// MeterSettings say where metrics go. The zero value is nowhere.
type MeterSettings struct {
	// Export sends them where OTEL_METRICS_EXPORTER and OTEL_EXPORTER_OTLP_ENDPOINT say, at the intervals of
	// OTEL_METRIC_EXPORT_INTERVAL.
	Export bool
	// Listen is the address, host:port, where Prometheus finds them under /metrics. Default: nowhere.
	Listen string
}

// NewMeterProvider returns a provider whose metrics go where the settings say. service is the name of the service unless
// OTEL_SERVICE_NAME gives another. The caller shuts it down.
func NewMeterProvider(ctx context.Context, service, version string, s MeterSettings) (*sdkmetric.MeterProvider, error) {
	res, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(service), semconv.ServiceVersion(version)),
		resource.WithHost(), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	options := []sdkmetric.Option{sdkmetric.WithResource(res)}
	if s.Listen != "" {
		reader, err := serveMetrics(s.Listen)
		if err != nil {
			return nil, err
		}
		options = append(options, sdkmetric.WithReader(reader))
	}
	if s.Export {
		reader, err := autoexport.NewMetricReader(ctx)
		if err != nil {
			return nil, errors.Join(err, sdkmetric.NewMeterProvider(options...).Shutdown(ctx))
		}
		options = append(options, sdkmetric.WithReader(reader))
	}
	return sdkmetric.NewMeterProvider(options...), nil
}
