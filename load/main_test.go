package load

import (
	"testing"

	"go.uber.org/goleak"

	"mqttrace/load/broker"
	"mqttrace/load/otlp"
)

func TestMain(m *testing.M) {
	broker.RunIfChild()
	otlp.RunIfChild()
	RunIfChild()
	goleak.VerifyTestMain(m)
}
