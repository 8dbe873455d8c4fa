package mqtt_test

import (
	"testing"

	"go.uber.org/goleak"

	"mqttrace/load/broker"
)

func TestMain(m *testing.M) {
	broker.RunIfChild()
	goleak.VerifyTestMain(m)
}
