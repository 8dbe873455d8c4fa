package telemetry

import (
	"context"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// NewMeterProvider returns a provider whose metrics go where OTEL_METRICS_EXPORTER and OTEL_EXPORTER_OTLP_ENDPOINT say, at the
// intervals of OTEL_METRIC_EXPORT_INTERVAL. service is the name of the service unless OTEL_SERVICE_NAME gives another. The
// caller shuts it down.
func NewMeterProvider(ctx context.Context, service, version string) (*sdkmetric.MeterProvider, error) {
	res, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(service), semconv.ServiceVersion(version)),
		resource.WithHost(), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	reader, err := autoexport.NewMetricReader(ctx)
	if err != nil {
		return nil, err
	}
	return sdkmetric.NewMeterProvider(sdkmetric.WithResource(res), sdkmetric.WithReader(reader)), nil
}
