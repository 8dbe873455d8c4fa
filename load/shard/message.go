package shard

import (
	"mqttrace/load/clock"
	"time"
)

// topics of a run, all below its name.
type topics string

// reports is where every shard tells shard 0 of itself.
func (t topics) reports() string { return string(t) + "/report" }

// state is where shard 0 tells all.
func (t topics) state() string { return string(t) + "/state" }

// letters is where shard 0 tells one process.
func (t topics) letters(nonce string) string { return string(t) + "/letter/" + nonce }

// clock is where shard 0 is asked for its clock, and where it answers.
func (t topics) clock(nonce string) string { return string(t) + "/clock/" + nonce }

// results is where shard 0 gets parts of results.
func (t topics) results(nonce string) string { return string(t) + "/result/" + nonce }

// report is all that a shard has to say of itself. It says it again and again, so that nothing depends on any one message.
type report struct {
	Shard
	// Nonce tells this process from any other, of this run or a former one.
	Nonce string `json:"nonce"`
	Seq   uint64 `json:"seq"`
	// Lead is the nonce of the shard 0 that has welcomed it; empty if it asks to be.
	Lead        string     `json:"lead,omitempty"`
	Of          int        `json:"of"`
	Fingerprint string     `json:"fingerprint,omitempty"`
	Collection  Collection `json:"collection,omitempty"`
	Reached     []string   `json:"reached,omitempty"`
	Progress    *Progress  `json:"progress,omitempty"`
	Drain       *drain     `json:"drain,omitempty"`
	Result      *offer     `json:"result,omitempty"`
	Failure     *Failure   `json:"failure,omitempty"` // it gives up the run
	// Seen is state.Seq of the last state that it saw.
	Seen uint64 `json:"seen,omitempty"`
	// Gone is in its will only, Left in its last report.
	Gone bool `json:"gone,omitempty"`
	Left bool `json:"left,omitempty"`
}

// drain is what the senders of a shard are owed, and what its receivers have got of what they and all others are.
type drain struct {
	Owed  uint64        `json:"owed"`
	Got   uint64        `json:"got"`
	Limit time.Duration `json:"limit_ns"`
}

// offer is a result that waits to be fetched, part by part or from a file.
type offer struct {
	Bytes  int    `json:"bytes"`
	Part   int    `json:"part,omitempty"` // bytes in each part but the last; 0 for a file
	File   string `json:"file,omitempty"` // its name in the folder that all share
	SHA256 string `json:"sha256"`
}

// state is all that shard 0 has to say of the run, said again and again like a report.
type state struct {
	Lead  string `json:"lead"` // its nonce
	Shard        // 0
	// Seq is of the content: it grows with each change.
	Seq uint64 `json:"seq"`
	// Passed are the steps that all have reached, Waiting who is waited for at the next.
	Passed  []string `json:"passed,omitempty"`
	Waiting string   `json:"waiting,omitempty"`
	// Start is when the load begins, by shard 0's clock.
	Start   clock.Instant `json:"start_ns,omitempty"`
	Drained *bool         `json:"drained,omitempty"`
	Failure *Failure      `json:"failure,omitempty"` // the run is given up
	Gone    bool          `json:"gone,omitempty"`    // in its will only
	Left    bool          `json:"left,omitempty"`    // in its last state
}

// letter is from shard 0 to one process.
type letter struct {
	Lead    string   `json:"lead"`
	Welcome *welcome `json:"welcome,omitempty"`
	Refused *Failure `json:"refused,omitempty"`
	// Want is the part of its result that it is to send, Taken the hash of the result once it has arrived.
	Want  *want  `json:"want,omitempty"`
	Taken string `json:"taken,omitempty"`
}

type welcome struct {
	Agreed Agreed `json:"agreed"`
	State  state  `json:"state"`
	// Boot and Monotonic are of shard 0's clock, see clock.Monotonic. Boot is empty if that is not known.
	Boot      string        `json:"boot,omitempty"`
	Monotonic time.Duration `json:"monotonic_ns,omitempty"`
	// Epoch is shard 0's wall clock at its Instant 0.
	Epoch time.Time `json:"epoch"`
}

type want struct {
	SHA256 string `json:"sha256"`
	Part   int    `json:"part"`
}

// Agreed is what all shards use alike in this run, drawn by shard 0.
type Agreed struct {
	// ID is the run's in stamps, up to stamp.MaxRun; Label the one in client identifiers.
	ID    uint16 `json:"id"`
	Label string `json:"label"`
}

// Progress is what a shard has done so far.
type Progress struct {
	Shard // filled in by Tell

	Phase    string `json:"phase,omitempty"`
	Sent     uint64 `json:"sent"`
	Received uint64 `json:"received"`
	// P99 is of the response time of the last second, ScheduleLagP99 of the schedule lag.
	P99            time.Duration `json:"p99_ns,omitempty"`
	ScheduleLagP99 time.Duration `json:"schedule_lag_p99_ns,omitempty"`
}
