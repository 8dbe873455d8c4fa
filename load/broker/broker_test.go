package broker

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSmoke(t *testing.T) {
	for _, start := range []func(context.Context) (*Broker, error){StartEmbedded, StartMosquitto} {
		b, err := start(t.Context())
		require.NoError(t, err)
		u, err := b.Usage()
		t.Log(b.Name(), b.Version(), b.URL(), b.PID(), u, err)
		require.NoError(t, b.Stop(t.Context()))
		u, err = b.Usage()
		t.Log(u, err, b.Err(), b.Log())
	}
}
