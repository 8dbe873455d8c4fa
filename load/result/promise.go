package result

// Promise is one that MQTT makes for the messages of a flow.
type Promise struct {
	Rule Rule
	// Broken is how many messages broke it; 0 is best.
	Broken uint64
}

// Rule is what a promise is about.
type Rule string

// The rules of delivery. What is lost with a session that ended with its connection is no broken promise: see Flow.Unpromised.
const (
	NotLost       Rule = "lost"         // QoS 1 and 2 deliver each message (MQTT 5, section 4.3)
	NotDuplicated Rule = "duplicated"   // QoS 0 and 2 deliver it once
	InOrder       Rule = "out of order" // messages of a topic and QoS stay in order (section 4.6), but for shared subscriptions
)

// Promises lists what MQTT promises for a flow, kept or not.
func (f Flow) Promises() (all []Promise) {
	if f.QoS >= 1 {
		all = append(all, Promise{NotLost, f.Lost - min(f.Unpromised, f.Lost)})
	}
	if f.QoS != 1 {
		all = append(all, Promise{NotDuplicated, f.Duplicated})
	}
	if !f.Shared {
		all = append(all, Promise{InOrder, f.Reordered})
	}
	return all
}
