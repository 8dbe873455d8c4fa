package propagation

import (
	"context"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"
	otelprop "go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

func TestFirst(t *testing.T) {
	const tp = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"
	sc, err := ParseTraceparent(tp)
	require.NoError(t, err)
	require.Equal(t, tp, string(AppendTraceparent(nil, sc)))
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", sc.TraceID().String())
	var props paho.UserProperties
	Inject(sc, &props)
	got, err := Extract(props)
	require.NoError(t, err)
	require.Equal(t, sc, got)
	ctx := otelprop.TraceContext{}.Extract(context.Background(), NewCarrier(&props))
	require.Equal(t, sc, trace.SpanContextFromContext(ctx))
}

var sink trace.SpanContext

func BenchmarkFirst(b *testing.B) {
	const tp = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"
	sc, _ := ParseTraceparent(tp)
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), sc)
	props := paho.UserProperties{{Key: "traceparent", Value: tp}}
	c := NewCarrier(&props)
	var empty paho.UserProperties
	b.Run("append", func(b *testing.B) {
		var buf [64]byte
		for b.Loop() {
			AppendTraceparent(buf[:0], sc)
		}
	})
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			sink, _ = ParseTraceparent(tp)
		}
	})
	b.Run("parsebytes", func(b *testing.B) {
		tb := []byte(tp)
		for b.Loop() {
			sink, _ = ParseTraceparent(tb)
		}
	})
	b.Run("extract", func(b *testing.B) {
		for b.Loop() {
			sink, _ = Extract(props)
		}
	})
	b.Run("inject", func(b *testing.B) {
		for b.Loop() {
			empty = empty[:0]
			Inject(sc, &empty)
		}
	})
	for n, p := range map[string]otelprop.TextMapPropagator{"otel": otelprop.TraceContext{}, "ours": TraceContext{}} {
		b.Run("extract="+n, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Extract(context.Background(), c)
			}
		})
		b.Run("inject="+n, func(b *testing.B) {
			b.ReportAllocs()
			ec := NewCarrier(&empty)
			for b.Loop() {
				empty = empty[:0]
				p.Inject(ctx, ec)
			}
		})
	}
}
