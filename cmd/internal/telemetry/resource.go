package telemetry

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// newResource describes this process. What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say stands above all else.
func newResource(ctx context.Context, service, version string) (*resource.Resource, error) {
	own := resource.NewWithAttributes(semconv.SchemaURL,
		semconv.ServiceName(service),
		semconv.ServiceVersion(version),
		semconv.ServiceInstanceID(uuid.NewString()),
	)
	// Images without a machine id have none to tell, and say so with an error of this kind.
	host, err := resource.New(ctx, resource.WithHost(), resource.WithHostID(), resource.WithTelemetrySDK())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) && !errors.Is(err, resource.ErrSchemaURLConflict) {
		host = resource.Empty()
	}
	environment, err := resource.New(ctx, resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return merge(own, host, environment)
}

// merge lets later resources overrule earlier ones. The schema is the first's: the others use nothing that has been renamed.
func merge(all ...*resource.Resource) (*resource.Resource, error) {
	result := all[0]
	for _, r := range all[1:] {
		merged, err := resource.Merge(result, resource.NewSchemaless(r.Attributes()...))
		if err != nil {
			return nil, err
		}
		result = merged
	}
	return result, nil
}
