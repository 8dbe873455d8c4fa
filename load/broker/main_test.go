package broker

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	RunIfChild()
	runIfDoomedParent()
	goleak.VerifyTestMain(m)
}

// testLimit is how long anything here may take before the test that waits for it gives up.
const testLimit = time.Minute

// limited returns a context that ends after testLimit. It outlives t.Context, so that clean-ups may use it.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), testLimit)
	t.Cleanup(cancel)
	return ctx
}

// await fails the test unless done is closed in time.
func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-limited(t).Done():
		require.FailNow(t, "gave up waiting", what)
	}
}

// running stops b at the end of the test.
func running(t *testing.T, b *Broker, err error) *Broker {
	t.Helper()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Stop(limited(t))) })
	return b
}

// eachBroker runs test on both kinds of broker.
func eachBroker(t *testing.T, test func(t *testing.T, b *Broker)) {
	kinds := map[string]func(context.Context) (*Broker, error){"embedded": StartEmbedded, "mosquitto": StartMosquitto}
	for name, start := range kinds {
		t.Run(name, func(t *testing.T) {
			b, err := start(limited(t))
			test(t, running(t, b, err))
		})
	}
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
