package mqtt_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
)

// implementation is what the clients of the tests are. Every test runs over all of them.
var implementation mqtt.Implementation

func TestMain(m *testing.M) {
	broker.RunIfChild()
	goleak.VerifyTestMain(overAll{m})
}

// overAll runs the tests once for each implementation; fuzzing, which needs no client, once.
type overAll struct{ *testing.M }

func (o overAll) Run() (code int) {
	flag.Parse()
	for _, implementation = range []mqtt.Implementation{mqtt.Paho, mqtt.Lean} {
		code = max(code, o.M.Run())
		if code != 0 {
			fmt.Fprintf(os.Stderr, "with client: %s\n", implementation)
		}
		if flag.Lookup("test.fuzz").Value.String() != "" || flag.Lookup("test.fuzzworker").Value.String() == "true" {
			break
		}
	}
	return code
}

// dial connects a client of the implementation that is being tested, unless the settings name another.
func dial(ctx context.Context, settings mqtt.Settings, handlers mqtt.Handlers) (*mqtt.Client, error) {
	if settings.Implementation == "" {
		settings.Implementation = implementation
	}
	return mqtt.Connect(ctx, settings, handlers)
}
