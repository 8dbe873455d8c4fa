package result

// Shard is one process's share of a run that several processes did together. Instants of its own clock become those of shard 0's by
// Clock; the series of all shards begin at the same instant.
type Shard struct {
	Index int    `json:"index"` // from 0
	Of    int    `json:"of"`
	Run   string `json:"run"` // the name under which the shards met
	Host  string `json:"host,omitempty"`
	PID   int    `json:"pid,omitempty"`
	// Senders and Receivers are how many of each were this shard's.
	Senders   int        `json:"senders"`
	Receivers int        `json:"receivers"`
	Clock     ShardClock `json:"clock"`
	// Ledger is what the delivery ledger is settled from when shards are merged: the messages that its senders sent and its receivers
	// got, compressed, base64. Empty in a merged result.
	Ledger string `json:"ledger,omitempty"`

	// What follows is of a shard within a merged result, where it stands for the shard's own.
	Verdict          Verdict   `json:"verdict,omitempty"`
	Reason           string    `json:"reason,omitempty"`
	Sent             uint64    `json:"sent,omitempty"`
	Received         uint64    `json:"received,omitempty"`
	ScheduleLagP99NS *int64    `json:"schedule_lag_p99_ns,omitempty"`
	Generator        *Process  `json:"generator,omitempty"`
	Warnings         []Warning `json:"warnings,omitempty"`
}

// ShardClock is how a shard's clock was compared with shard 0's. The zero value is a clock that is shard 0's own.
type ShardClock struct {
	// Same says that both read the same monotonic clock, because they are on one host: there is nothing to correct.
	Same bool `json:"same"`
	// AheadNS is by how much the shard's wall clock was ahead of shard 0's at the start of the load, negative where it was behind; 0 if
	// Same, or if they were never compared.
	AheadNS int64 `json:"ahead_ns"`
	// OffsetNS is what was added to the shard's instants then, which count from the start of its process. DriftPPM is by how much it
	// grew per second, in microseconds.
	OffsetNS int64   `json:"offset_ns"`
	DriftPPM float64 `json:"drift_ppm"`
	// BoundNS is how far off a corrected instant may be at most, either way.
	BoundNS int64 `json:"bound_ns"`
	// Exchanges is how many comparisons there were, HalfRoundTripNS half the median time that one took over the broker and back,
	// MinimumDelayNS the shortest round trip.
	Exchanges       uint64 `json:"exchanges"`
	HalfRoundTripNS int64  `json:"half_round_trip_ns"`
	MinimumDelayNS  int64  `json:"minimum_delay_ns"`
}
