package load

import (
	"context"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// Run runs one scenario and returns what was measured. When ctx ends, senders stop, messages under way are drained and the
// result is marked interrupted. An error means that the run could not start and nothing was measured; whatever goes wrong
// later is in the result. Run returns after every goroutine and child process it started has ended.
func Run(ctx context.Context, sc *scenarios.Scenario, opts Options) (*result.Result, error) {
	panic("not written")
}
