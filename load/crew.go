package load

import "mqttrace/load/mqtt"

// crew are clients that one process runs.
type crew struct {
	senders   []*sender
	receivers []*receiver
}

// crew picks the clients of this process: all, or every N-th of a shard's, counted over the senders and on over the receivers.
func (r *run) crew() crew {
	if r.share == nil {
		return crew{r.senders, r.receivers}
	}
	var mine crew
	for i, s := range r.senders {
		if r.share.has(i) {
			mine.senders = append(mine.senders, s)
		}
	}
	for i, v := range r.receivers {
		if r.share.has(len(r.senders) + i) {
			mine.receivers = append(mine.receivers, v)
		}
	}
	return mine
}

func (c crew) count() int { return len(c.senders) + len(c.receivers) }

// limits are what the broker granted the first of them; one is connected.
func (c crew) limits() mqtt.Limits {
	if len(c.senders) > 0 {
		return c.senders[0].client.Limits()
	}
	return c.receivers[0].client.Limits()
}
