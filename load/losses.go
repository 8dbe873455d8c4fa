package load

import (
	"strings"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// A QoS of 1 or 2 is a promise between a client and the broker that lasts as long as the client's session. A client whose session
// expires with its connection (session_expiry 0) has released the broker from it when that connection is lost: as a sender for the
// messages that had not been acknowledged, as a receiver for those between the last message before and the first after it had
// subscribed again. A session that was to outlast the connection and does not breaks the promise. So does not a message that expires
// while a fault or a stall keeps it waiting.

// lose goes through the messages of a lane that are owed and never reached a subscription: it names them, puts them down to episodes, and
// returns how many of them nobody had promised to deliver.
func (r *run) lose(d *result.Delivery, s *sender, sub *subscription, l *lane, a record.Account, owed func(seq uint32) bool) (unpromised uint64) {
	if a.Distinct >= uint64(l.issued.Load()) {
		return 0
	}
	a.Missing(l.issued.Load(), func(seq uint32) bool {
		if !owed(seq) || l.turnedDown.Has(seq) || !l.isFor(sub, s, seq) {
			return true
		}
		because := r.episodes.loss(sub, l.marks, seq)
		if !a.IsPromised(seq) || l.abandoned.Has(seq) || because.mayExpire(sub, s.group.MessageExpiry.Std()) {
			unpromised++
		}
		if len(d.LostExamples) < result.MaxExamples {
			d.LostExamples = append(d.LostExamples, result.Message{Sender: r.clientID("s", s.index), Receiver: r.nameOf(sub), Seq: seq})
		}
		return true
	})
	return unpromised
}

// always is what is owed to a subscription whose members are there all the time.
func always(uint32) bool { return true }

// isFor reports whether a message of the lane was for the subscription.
func (l *lane) isFor(sub *subscription, s *sender, seq uint32) bool {
	for i, path := range s.paths.routes {
		if path.matches(sub.set) > 0 && (len(l.routed) == 1 || l.routed[i].taken.Has(seq)) {
			return true
		}
	}
	return false
}

// nameOf is what examples call a subscription.
func (r *run) nameOf(sub *subscription) string {
	if sub.group.ShareName() != "" {
		return strings.Join(sub.members[0].filters, ", ")
	}
	return r.clientID("r", uint32(sub.members[0].index))
}

// addSightings names the messages of an arm that arrived more than once or too late.
func (r *run) addSightings(d *result.Delivery, arm int) {
	for _, v := range r.mine.receivers {
		d.DuplicatedExamples = r.name(d.DuplicatedExamples, v, v.inbox.Duplicates(), arm)
		d.ReorderedExamples = r.name(d.ReorderedExamples, v, v.inbox.Reorders(), arm)
	}
}

func (r *run) name(named []result.Message, v *receiver, seen []record.Sighting, arm int) []result.Message {
	for _, m := range seen {
		if sender := m.Flow / len(r.arms); m.Flow%len(r.arms) == arm && len(named) < result.MaxExamples {
			named = append(named, result.Message{Sender: r.clientID("s", uint32(sender)), Receiver: r.clientID("r", uint32(v.index)), Seq: m.Seq})
		}
	}
	return named
}

// endsItsSessions reports whether the sender's session ends with each of its connections. What is unacknowledged when the run ends
// is not the session's doing.
func (s *sender) endsItsSessions() bool {
	return s.group.SessionExpiry == 0 && !s.run.closed.Load()
}

// keepSession has a client's sessions outlast its connections. It connects without Clean Start from the first: there is nothing to
// resume, since no other run had its identifier, but Mosquitto 2.0 keeps on disk only the sessions of clients whose last CONNECT
// came without.
func keepSession(settings *mqtt.Settings, expiry scenarios.Duration) {
	settings.SessionExpiry, settings.Resume = expiry.Std(), expiry > 0
}

// sessions watches over whether a receiver's sessions outlast its connections. Its client calls it from one goroutine.
type sessions struct {
	inbox    *record.Inbox
	expiry   time.Duration
	departed func() bool // the receiver has left with nothing under way to it
	away     bool
	since    clock.Instant // of the latest loss
}

// wrap adds to a client's handlers what has to be known of its sessions.
func (s *sessions) wrap(h mqtt.Handlers) mqtt.Handlers {
	down, up := h.Down, h.Up
	h.Down = func(cause error) { s.lost(); down(cause) }
	h.Up = func() { s.back(); up() }
	return h
}

// back is called when there is a connection again.
func (s *sessions) back() {
	if s.away && s.expiry > 0 && clock.Now().Sub(s.since) >= s.expiry { // nobody tried in the meantime
		s.inbox.SessionEnded()
	}
	s.away = false
}

// lost is called when the connection is lost, and again when it cannot be made anew.
func (s *sessions) lost() {
	if s.departed() {
		return
	}
	if !s.away {
		s.away, s.since = true, clock.Now()
	}
	if clock.Now().Sub(s.since) >= s.expiry {
		s.inbox.SessionEnded()
	}
}

// faults are the scenario's as the result has them; the ledgers of all arms have been settled.
func (r *run) faults() []result.Fault {
	all := []result.Fault{}
	now := clock.Now()
	for _, e := range r.episodes.all {
		all = append(all, r.episodes.result(e, now))
	}
	return all
}
