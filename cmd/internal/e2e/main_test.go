package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"mqttrace/load/broker"
)

// binaries is the folder with the services.
var binaries string

func TestMain(m *testing.M) {
	broker.RunIfChild()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "mqttrace-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	binaries = folder
	build := exec.Command("go", "build", raceFlag, "-ldflags=-s -w", "-o", folder+string(filepath.Separator), "mqttrace/cmd/sender", "mqttrace/cmd/receiver")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the services:", err)
		return 1
	}
	if code := m.Run(); code != 0 {
		return code
	}
	if err := goleak.Find(goleak.IgnoreCurrent()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// limit is how long anything here may take before a test that waits for it gives up.
const limit = time.Minute

// limited returns a context that ends after limit. It outlives t.Context, so that clean-ups may use it.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), limit)
	t.Cleanup(cancel)
	return ctx
}

// receive waits for a value.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-limited(t).Done():
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

func mosquitto(t *testing.T, cfg broker.MosquittoConfig) *broker.Broker {
	t.Helper()
	b, err := cfg.Start(limited(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	return b
}
