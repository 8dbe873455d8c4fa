package result

// Metric is something that the broker tells of itself, over the run.
type Metric struct {
	// Name is the broker's: a topic such as $SYS/broker/clients/connected, or a Prometheus series with its labels.
	Name   string        `json:"name"`
	Points []MetricPoint `json:"points"` // in the order of time
}

// MetricPoint is one reading.
type MetricPoint struct {
	AtNS  int64   `json:"at_ns"` // from the start of the measured phase; below 0 in the warm-up
	Value float64 `json:"value"`
}

// Reconciliation is a count of this run beside the broker's own, both from the first connection to the end of the drain.
type Reconciliation struct {
	// Count says what is counted.
	Count   string `json:"count"`
	Ours    uint64 `json:"ours"`
	Brokers uint64 `json:"brokers"`
	// Explanation says why they differ, as far as that can be known; empty if they do not.
	Explanation string `json:"explanation,omitempty"`
}
