package propagation

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// HeaderCarrier is OpenTelemetry's carrier over HTTP headers, here so that one import is enough.
type HeaderCarrier = propagation.HeaderCarrier

// New returns the propagator of trace context and baggage: [TraceContext] and [Baggage] in this order.
func New() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(TraceContext{}, Baggage{})
}

// TraceContext is a propagator of W3C trace context by the rules of this package. It takes the place of
// [propagation.TraceContext] over any carrier, and costs least over a [Carrier]. Safe for concurrent use.
type TraceContext struct{}

var _ propagation.TextMapPropagator = TraceContext{}

// Inject writes the span context of ctx into carrier as the function [Inject] does, so it leaves alone a context that is
// there already. That holds for HTTP too: a proxy that copies headers and means to be seen in the trace drops them first.
func (TraceContext) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	sc := trace.SpanContextFromContext(ctx)
	if c, ok := carrier.(Carrier); ok {
		Inject(sc, c.props)
		return
	}
	if !sc.IsValid() {
		return
	}
	if _, err := carriedTraceparent(carrier); err == nil {
		return
	}
	carrier.Set(traceparentKey, newTraceparent(&sc))
	if state := sc.TraceState().String(); state != "" {
		carrier.Set(tracestateKey, state)
	} else {
		deleteFrom(carrier, tracestateKey)
	}
}

// Extract returns ctx with the span context in carrier as its remote parent, or ctx itself if there is none to continue.
func (TraceContext) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	sc, err := extractFrom(carrier)
	if err != nil {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, sc)
}

// Fields returns the names Inject writes.
func (TraceContext) Fields() []string {
	return []string{traceparentKey, tracestateKey}
}

func extractFrom(carrier propagation.TextMapCarrier) (trace.SpanContext, error) {
	if c, ok := carrier.(Carrier); ok {
		return Extract(c.list())
	}
	sc, err := carriedTraceparent(carrier)
	if err != nil {
		return sc, err
	}
	if s := carriedList(carrier, tracestateKey); s != "" {
		sc = sc.WithTraceState(parseTracestate(s))
	}
	return sc, nil
}

func carriedTraceparent(carrier propagation.TextMapCarrier) (trace.SpanContext, error) {
	if many, ok := carrier.(propagation.ValuesGetter); ok {
		switch vs := many.Values(traceparentKey); len(vs) {
		case 0:
			return trace.SpanContext{}, ErrNone
		case 1:
			return ParseTraceparent(vs[0])
		default:
			return trace.SpanContext{}, ErrDuplicate
		}
	}
	s := carrier.Get(traceparentKey)
	if s == "" {
		return trace.SpanContext{}, ErrNone
	}
	return ParseTraceparent(s)
}

// carriedList returns all parts of a list as one.
func carriedList(carrier propagation.TextMapCarrier, key string) string {
	if many, ok := carrier.(propagation.ValuesGetter); ok {
		return strings.Join(many.Values(key), ",")
	}
	return carrier.Get(key)
}

// deleteFrom removes key from the carriers that can; the interface has no way to. On any other carrier a tracestate that
// came without a traceparent stays.
func deleteFrom(carrier propagation.TextMapCarrier, key string) {
	switch c := carrier.(type) {
	case interface{ Delete(key string) }:
		c.Delete(key)
	case propagation.HeaderCarrier:
		http.Header(c).Del(key)
	case propagation.MapCarrier:
		delete(c, key)
	}
}
