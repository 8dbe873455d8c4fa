package result_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/result"
)

func TestPromises(t *testing.T) {
	flow := result.Flow{Lost: 5, Unpromised: 2, Duplicated: 2, Reordered: 1}
	lost, duplicated, disordered := result.Promise{Rule: result.NotLost, Broken: 3}, result.Promise{Rule: result.NotDuplicated, Broken: 2}, result.Promise{Rule: result.InOrder, Broken: 1}
	for name, tc := range map[string]struct {
		qos    byte
		shared bool
		want   []result.Promise
	}{
		"QoS 0":         {0, false, []result.Promise{duplicated, disordered}},
		"QoS 1":         {1, false, []result.Promise{lost, disordered}},
		"QoS 2":         {2, false, []result.Promise{lost, duplicated, disordered}},
		"QoS 1, shared": {1, true, []result.Promise{lost}},
	} {
		t.Run(name, func(t *testing.T) {
			flow.QoS, flow.Shared = tc.qos, tc.shared
			assert.Equal(t, tc.want, flow.Promises())
		})
	}
}
