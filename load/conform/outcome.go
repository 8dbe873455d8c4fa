package conform

// Outcome is what became of the user properties of a case's messages.
type Outcome string

const (
	// Unchanged says that every user property came back as it was sent, in the same order.
	Unchanged Outcome = "unchanged"
	// Rewritten says that a valid traceparent came back as another valid one.
	Rewritten Outcome = "rewritten"
	// Dropped says that a property is gone.
	Dropped Outcome = "dropped"
	// Duplicated says that a property came back more often than it was sent.
	Duplicated Outcome = "duplicated"
	// Moved says that the order has changed, or that the value stands somewhere else in the message.
	Moved Outcome = "moved"
	// Altered says that a value came back as another one.
	Altered Outcome = "altered"
	// Added says that a message has a context that its sender did not give it.
	Added Outcome = "added"
	// Refused says that the broker turned the message away, or ended the connection over it.
	Refused Outcome = "refused"
	// NotDelivered says that the message did not arrive in time.
	NotDelivered Outcome = "not delivered"
	// Unsupported says that the broker does not offer what the case needs.
	Unsupported Outcome = "unsupported"
	// NotRun says that the case could not be tried.
	NotRun Outcome = "not run"
)

// Status is what an outcome means.
type Status string

const (
	// Pass is an outcome that the specifications want.
	Pass Status = "pass"
	// KnownDeviation is another one that this broker is known for.
	KnownDeviation Status = "known deviation"
	// Fail is a context that is altered or lost.
	Fail Status = "fail"
	// Skipped is a case that says nothing, since the broker does not offer what it needs.
	Skipped Status = "unsupported"
	// Broken is a case that says nothing, since it could not be tried.
	Broken Status = "not run"
)

// Verdict is what all rows together come to.
type Verdict string

const (
	// Survives says that no row fails.
	Survives Verdict = "pass"
	// Suffers says that at least one does.
	Suffers Verdict = "fail"
	// Incomplete says that no row fails and at least one could not be tried.
	Incomplete Verdict = "incomplete"
	// Interrupted says that the caller's context ended.
	Interrupted Verdict = "interrupted"
)
