package load

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/result"
)

func TestBrokenPromisesInWords(t *testing.T) {
	flow := &result.Flow{QoS: 1, Expected: 10}
	assert.Equal(t, "1 of 10 messages lost at QoS 1", violation(flow, result.Promise{Rule: result.NotLost, Broken: 1}))
	assert.Equal(t, "1 message duplicated at QoS 1", violation(flow, result.Promise{Rule: result.NotDuplicated, Broken: 1}))
	assert.Equal(t, "2 messages duplicated at QoS 1", violation(flow, result.Promise{Rule: result.NotDuplicated, Broken: 2}))
}
