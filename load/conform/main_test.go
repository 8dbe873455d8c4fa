package conform_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"mqttrace/load/broker"
)

var update = flag.Bool("update", false, "write the expected output anew")

func TestMain(m *testing.M) {
	broker.RunIfChild()
	goleak.VerifyTestMain(m)
}
