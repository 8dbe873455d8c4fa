package propagation

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

func withBaggage(t testing.TB, s string) context.Context {
	t.Helper()
	b, err := baggage.Parse(s)
	require.NoError(t, err)
	return baggage.ContextWithBaggage(context.Background(), b)
}

func extractBaggage(p propagation.TextMapPropagator, c propagation.TextMapCarrier) baggage.Baggage {
	return baggage.FromContext(p.Extract(context.Background(), c))
}

func baggageMembers(from, to int) string {
	var ms []string
	for i := from; i <= to; i++ {
		ms = append(ms, fmt.Sprintf("k%02d=v", i))
	}
	return strings.Join(ms, ",")
}

func TestBaggageInject(t *testing.T) {
	cases := []struct {
		name   string
		ctx    context.Context
		before paho.UserProperties
		want   paho.UserProperties
	}{
		{"none", context.Background(), pairs("a", "1"), pairs("a", "1")},
		{"some", withBaggage(t, "k=v"), pairs("a", "1"), pairs("a", "1", "baggage", "k=v")},
		{"what is there stays", withBaggage(t, "k=v"), pairs("baggage", "x=y"), pairs("baggage", "x=y")},
		{"an empty one does not", withBaggage(t, "k=v"), pairs("baggage", ""), pairs("baggage", "k=v")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			props := append(paho.UserProperties(nil), c.before...)
			Baggage{}.Inject(c.ctx, NewCarrier(&props))
			assert.Equal(t, c.want, props)
		})
	}
}

func TestBaggageExtract(t *testing.T) {
	cases := []struct {
		name string
		in   []string
		keys int // members expected
	}{
		{"none", nil, 0},
		{"one", []string{"k=v"}, 1},
		{"parts", []string{"k=v", "l=w", "m=x"}, 3},
		{"broken members are left out", []string{"k=v,broken,l=w"}, 2},
		{"nothing but broken", []string{"broken"}, 0},
		{"64 members", []string{baggageMembers(1, 64)}, 64},
		{"65 members", []string{baggageMembers(1, 65)}, 64},
		{"65 members in parts", []string{baggageMembers(1, 40), baggageMembers(41, 65)}, 64},
		{"8192 bytes", []string{"k=" + strings.Repeat("v", 8190)}, 1},
		{"8193 bytes", []string{"k=" + strings.Repeat("v", 8191)}, 0},
		{"8193 bytes in parts", []string{"k=v", "l=" + strings.Repeat("w", 8187)}, 0},
		{"8192 bytes in parts", []string{"k=v", "l=" + strings.Repeat("w", 8186)}, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var props paho.UserProperties
			for _, v := range c.in {
				props.Add("baggage", v)
			}
			got := extractBaggage(Baggage{}, NewCarrier(&props))
			assert.Equal(t, c.keys, got.Len())
			assert.Equal(t, c.keys, extractBaggage(Baggage{}, headerOf(props)).Len())
			assert.Equal(t, c.keys, extractBaggage(New(), NewCarrier(&props)).Len())
			assert.Equal(t, c.keys, extractBaggage(propagation.Baggage{}, NewCarrier(&props)).Len(), "by otel's propagator")
		})
	}
}

// Over the limit the members on the left are kept; otel's own keeps any 64 of a baggage in parts.
func TestBaggageKeepsTheLeft(t *testing.T) {
	props := pairs("baggage", baggageMembers(1, 40), "baggage", baggageMembers(41, 70))
	got := extractBaggage(Baggage{}, NewCarrier(&props))
	assert.Equal(t, "v", got.Member("k64").Value())
	assert.Empty(t, got.Member("k65").Key())
}

func TestBaggageRoundTrip(t *testing.T) {
	ctx := withBaggage(t, "user=J%C3%BCrgen%20B;prop=1,k=a%2Cb")
	var props paho.UserProperties
	New().Inject(ctx, NewCarrier(&props))
	got := extractBaggage(New(), NewCarrier(&props))
	assert.Equal(t, baggage.FromContext(ctx), got)
	assert.Equal(t, "Jürgen B", got.Member("user").Value())
}
