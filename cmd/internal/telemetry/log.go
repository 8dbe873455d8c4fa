package telemetry

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/cmd/internal/settings"
)

// newLocalHandler writes records as lines, with the ids of the span in the context.
func newLocalHandler(w io.Writer, cfg settings.Log) slog.Handler {
	options := &slog.HandlerOptions{Level: cfg.Level}
	if cfg.JSON {
		return spanHandler{slog.NewJSONHandler(w, options)}
	}
	return spanHandler{slog.NewTextHandler(w, options)}
}

// spanHandler adds the ids under the names that OpenTelemetry gives them in formats other than its own.
type spanHandler struct{ slog.Handler }

func (h spanHandler) Handle(ctx context.Context, r slog.Record) error {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()),
			slog.String("trace_flags", sc.TraceFlags().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h spanHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return spanHandler{h.Handler.WithAttrs(attrs)}
}
func (h spanHandler) WithGroup(name string) slog.Handler {
	return spanHandler{h.Handler.WithGroup(name)}
}

// newExportHandler hands records on to OpenTelemetry, which takes the span from the context itself.
func newExportHandler(provider log.LoggerProvider, level slog.Level) slog.Handler {
	return levelHandler{otelslog.NewHandler(Scope, otelslog.WithLoggerProvider(provider)), level}
}

// levelHandler leaves out what is below a level; OpenTelemetry's has none.
type levelHandler struct {
	slog.Handler
	level slog.Level
}

func (h levelHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

func (h levelHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return levelHandler{h.Handler.WithAttrs(attrs), h.level}
}

func (h levelHandler) WithGroup(name string) slog.Handler {
	return levelHandler{h.Handler.WithGroup(name), h.level}
}
