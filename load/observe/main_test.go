package observe

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mqttrace/load/broker"
)

func TestMain(m *testing.M) {
	broker.RunIfChild() // of the run in TestAgreesWithARun
	goleak.VerifyTestMain(m)
}

// testLimit is how long anything here may take before the test that waits for it gives up.
const testLimit = time.Minute

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), testLimit)
	t.Cleanup(cancel)
	return ctx
}
