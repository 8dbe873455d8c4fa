package load

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"mqttrace/load/broker"
	"mqttrace/load/otlp"
)

// sideBySide is how many parallel tests run at once, unless -parallel says otherwise: most of the time they wait for messages.
const sideBySide = "6"

func TestMain(m *testing.M) {
	broker.RunIfChild()
	otlp.RunIfChild()
	RunIfChild()
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
