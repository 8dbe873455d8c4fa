package network

import (
	"encoding/json"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"
)

// Condition is what a network is like. The zero value passes everything on at once.
type Condition struct {
	// Latency is added to whatever passes, in either direction, and moved up or down by up to Jitter; both in whole milliseconds.
	// What one connection carries stays in order.
	Latency time.Duration `json:"latency,omitempty"`
	Jitter  time.Duration `json:"jitter,omitempty"`
	// KilobytesPerSecond is what each connection carries in either direction, in thousands of bytes; 0: no limit.
	KilobytesPerSecond int64 `json:"kilobytes_per_second,omitempty"`
	// Stalled keeps connections open and everything back; once that is over it is passed on.
	Stalled bool `json:"stalled,omitempty"`
	// Cut ends all connections and refuses new ones. The others have no meaning then.
	Cut bool `json:"cut,omitempty"`
}

// toxic is a fault of one direction, as Toxiproxy reads it.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]any `json:"attributes"`
}

// toxics are what Toxiproxy has to do, in JSON.
func (c Condition) toxics() (all [][]byte, err error) {
	add := func(kind string, attributes map[string]any) {
		for _, stream := range []string{"upstream", "downstream"} {
			text, failed := json.Marshal(toxic{kind + " " + stream, kind, stream, attributes})
			if failed != nil {
				err = failed
			}
			all = append(all, text)
		}
	}
	if c.Latency > 0 {
		add("latency", map[string]any{"latency": c.Latency.Milliseconds(), "jitter": c.Jitter.Milliseconds()})
	}
	if c.KilobytesPerSecond > 0 {
		add("bandwidth", map[string]any{"rate": c.KilobytesPerSecond})
	}
	if c.Stalled {
		add(stallName, nil)
	}
	return all, err
}

const stallName = "mqttrace_stall"

func init() { toxics.Register(stallName, new(stall)) }

// stall passes nothing on until it is taken away. Toxiproxy's own way to do so, a timeout of 0, throws away what comes meanwhile
// and has to end the connection.
type stall struct{}

// Pipe implements toxics.Toxic.
func (*stall) Pipe(stub *toxics.ToxicStub) { <-stub.Interrupt }
