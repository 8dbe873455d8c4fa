package telemetry

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// ownHealth is how the export itself fares.
type ownHealth struct {
	spansProcessed, spansExported metric.Int64Counter
	logsProcessed, logsExported   metric.Int64Counter
	local                         *slog.Logger
}

func newOwnHealth(m metric.Meter, local *slog.Logger) (*ownHealth, error) {
	h := &ownHealth{local: local}
	var errs [4]error
	h.spansProcessed, errs[0] = m.Int64Counter(SpansProcessed, metric.WithUnit("{span}"),
		metric.WithDescription("Spans that were queued for export, or with error.type dropped."))
	h.spansExported, errs[1] = m.Int64Counter(SpansExported, metric.WithUnit("{span}"),
		metric.WithDescription("Spans that were exported, or with error.type were not."))
	h.logsProcessed, errs[2] = m.Int64Counter(LogsProcessed, metric.WithUnit("{log_record}"),
		metric.WithDescription("Log records that were queued for export, or with error.type dropped."))
	h.logsExported, errs[3] = m.Int64Counter(LogsExported, metric.WithUnit("{log_record}"),
		metric.WithDescription("Log records that were exported, or with error.type were not."))
	return h, errors.Join(errs[:]...)
}

// lost returns a function that says, once per burst and reason, how many of something were lost.
func (h *ownHealth) lost(what string) func(ctx context.Context, n int64, why string) {
	bursts := new(Bursts)
	return func(ctx context.Context, n int64, why string) {
		if total, first := bursts.Add(why, uint64(n)); first {
			h.local.WarnContext(context.WithoutCancel(ctx), "telemetry lost", "what", what, "count", total, "reason", why)
		}
	}
}

// newErrorHandler says once per burst what the SDK could not do, such as reach the collector.
func newErrorHandler(local *slog.Logger) otel.ErrorHandler {
	burst := NewBurst()
	return otel.ErrorHandlerFunc(func(err error) {
		if total, first := burst.Add(1); first {
			local.Warn("telemetry cannot be exported", "error", err, "count", total)
		}
	})
}
