package reports

import (
	"encoding/json"
	"fmt"

	"mqttrace/load/result"
)

// closedLoops say of the senders that send as fast as it goes what bounds them: a window of unacknowledged messages each, which the
// broker may have made smaller.
func closedLoops(r *result.Result) (notes []note) {
	var sc struct {
		Senders []struct {
			Name   string `json:"name"`
			Rate   string `json:"rate"`
			Window uint64 `json:"window"`
		} `json:"senders"`
	}
	_ = json.Unmarshal(r.Scenario, &sc) // one that is unreadable has nothing to say
	granted := uint64(r.Environment.Broker.Limits.ReceiveMaximum)
	for _, s := range sc.Senders {
		if s.Rate != "max" {
			continue
		}
		text := s.Name + " sends in a closed loop (rate: max)"
		switch {
		case s.Window == 0:
			text += ", and nothing of it is acknowledged (QoS 0)"
		case granted > 0 && granted < s.Window:
			text += fmt.Sprintf(", with %s unacknowledged messages a client at most: the broker's Receive Maximum, less than the window of %s", Count(granted), Count(s.Window))
		default:
			text += fmt.Sprintf(", with a window of %s unacknowledged messages a client", Count(s.Window))
		}
		notes = append(notes, note{text, quiet})
	}
	return notes
}
