package result

import (
	"encoding/json"
	"strings"
	"time"
)

// Schema is the version of the format that this package writes and the only one it reads.
const Schema = "mqttrace/result/1"

// Result is one run: what ran, where, what was measured and what that means. Durations are nanoseconds in int64 fields whose
// names end in NS. It is plain data: the engine fills it, reports read it.
type Result struct {
	Schema  string  `json:"schema"`
	Verdict Verdict `json:"verdict"`
	// Reason says in one sentence why the verdict is not Pass; empty when it is.
	Reason string `json:"reason,omitempty"`
	// Started is the wall clock at the start of the measured phase, or of the run when it did not get there.
	Started time.Time `json:"started"`
	// Scenario is the scenario as it ran, defaults filled in and secrets removed.
	Scenario    json.RawMessage `json:"scenario"`
	Environment Environment     `json:"environment"`
	// TraceURL is where traces can be looked at, with {trace_id} in the place of the id; empty if nobody said.
	TraceURL string `json:"trace_url,omitempty"`
	Arms     []Arm  `json:"arms"`
	// Stages are how the load changed over the run as planned, in the order of their beginnings; those of different groups overlap.
	Stages []Stage `json:"stages,omitempty"`
	// Faults are what was done to the run on purpose, and when.
	Faults []Fault `json:"faults"`
	// Overhead holds differences between arms; empty when the run had one arm.
	Overhead   []Difference `json:"overhead"`
	Thresholds []Threshold  `json:"thresholds"`
	Warnings   []Warning    `json:"warnings"`
	// BrokerMetrics are what the broker told of itself while load ran; empty if it was not asked or does not tell.
	BrokerMetrics []Metric `json:"broker_metrics,omitempty"`
	// Reconciled are counts of this run beside the broker's own.
	Reconciled []Reconciliation `json:"reconciled,omitempty"`
	// Reasons are the reason codes other than success that the broker gave during the run, those of the warm-up included.
	Reasons []Reason `json:"reasons,omitempty"`
	// Sweep is there where the scenario ran once for each of several values. Arms are then those of the last step: in a search,
	// of the run that confirmed it.
	Sweep *Sweep `json:"sweep,omitempty"`
	// Repetition says which of several runs of the scenario this is; nil if it ran once.
	Repetition *Repetition `json:"repetition,omitempty"`
	// Shard says which share of a run this is; nil if one process did all of it, and in a merged result.
	Shard *Shard `json:"shard,omitempty"`
	// Shards are those that a merged result was made of, in the order of their indexes; empty otherwise.
	Shards []Shard `json:"shards,omitempty"`
	// Observed is there instead of a run's figures where the spans of other services were watched.
	Observed *Observed `json:"observed,omitempty"`
}

// Reason is a reason code of MQTT 5 (section 2.4) and how often the broker gave it.
type Reason struct {
	Packet string `json:"packet"` // such as PUBACK or DISCONNECT
	Code   byte   `json:"code"`
	Name   string `json:"name"` // such as "Quota exceeded (0x97)"
	Count  uint64 `json:"count"`
	// Text is the latest Reason String, ServerReference the latest server that the broker referred to; empty if it gave none.
	Text            string `json:"text,omitempty"`
	ServerReference string `json:"server_reference,omitempty"`
}

// Verdict is what a run comes to.
type Verdict string

const (
	// Pass: no threshold missed, no delivery promise broken, the generator kept up.
	Pass Verdict = "pass"
	// Fail: a threshold was missed or a delivery promise broken.
	Fail Verdict = "fail"
	// Invalid: the generator did not keep up, or the measurement broke; the figures describe the harness, not the broker.
	Invalid Verdict = "invalid"
	// Interrupted: somebody ended the run early; what had been measured is here.
	Interrupted Verdict = "interrupted"
)

// Repetition is the place of a run among the runs of one scenario that were asked for together.
type Repetition struct {
	Run   int       `json:"run"`   // from 1
	Of    int       `json:"of"`    // how many were asked for
	Began time.Time `json:"began"` // when the first of them did; the same in all
}

// Environment is where the run took place.
type Environment struct {
	Tool   string `json:"tool"` // mqttrace's version
	Go     string `json:"go"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel,omitempty"`
	CPU    string `json:"cpu,omitempty"` // model name
	Cores  int    `json:"cores"`         // that this process may use
	Host   string `json:"host,omitempty"`
	Clock  string `json:"clock"` // how instants of different clients compare, such as "monotonic, one process"
	Broker Broker `json:"broker"`
	// Client is what spoke MQTT for senders and receivers: "lean" or "paho".
	Client string `json:"client,omitempty"`
	// Floor is what this machine does at best at about the rate of the run; nil if it was never calibrated.
	Floor *Floor `json:"floor,omitempty"`
}

// Floor is what the harness came to against its own broker, with nothing traced.
type Floor struct {
	RatePerS         float64   `json:"rate_per_s"`
	ResponseP50NS    int64     `json:"response_p50_ns"`
	ResponseP99NS    int64     `json:"response_p99_ns"`
	ScheduleLagP99NS int64     `json:"schedule_lag_p99_ns"`
	CPUNSPerMessage  float64   `json:"cpu_ns_per_message"`
	Measured         time.Time `json:"measured"`
}

// Broker is the broker as it presented itself.
type Broker struct {
	// Name is "embedded", "mosquitto" or, for a broker somebody else runs, its URL without a password.
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	URL     string `json:"url"`
	// Limits are CONNACK's, with the defaults of MQTT 5 section 3.2.2.3 where it is silent.
	Limits Limits `json:"limits"`
}

// String is its name and its version, as far as they are known: "mosquitto 2.0.11".
func (b Broker) String() string { return strings.TrimSpace(b.Name + " " + b.Version) }

// Limits are what a CONNACK grants.
type Limits struct {
	ReceiveMaximum                  uint16 `json:"receive_maximum"`
	MaximumQoS                      byte   `json:"maximum_qos"`
	RetainAvailable                 bool   `json:"retain_available"`
	MaximumPacketSize               uint32 `json:"maximum_packet_size,omitempty"` // bytes; 0: no limit
	TopicAliasMaximum               uint16 `json:"topic_alias_maximum"`
	WildcardSubscriptionAvailable   bool   `json:"wildcard_subscription_available"`
	SubscriptionIdentifierAvailable bool   `json:"subscription_identifier_available"`
	SharedSubscriptionAvailable     bool   `json:"shared_subscription_available"`
	ServerKeepAlive                 uint16 `json:"server_keep_alive,omitempty"` // seconds; 0: the client's own
}

// Arm is what was measured under one tracing setting.
type Arm struct {
	Name string `json:"name"`
	// ElapsedNS is the measured time: from the first intended instant that counts to the last one due.
	ElapsedNS int64 `json:"elapsed_ns"`
	// Scheduled is how many messages were due, Sent how many were handed to a connection, Acked how many a broker
	// acknowledged (QoS 1 and up), Refused how many of those with a reason code of 0x80 or more.
	Scheduled uint64 `json:"scheduled"`
	Sent      uint64 `json:"sent"`
	Acked     uint64 `json:"acked"`
	Refused   uint64 `json:"refused"`
	// Unsent is how many messages were due but never handed to a connection.
	Unsent uint64 `json:"unsent"`
	// Received counts every copy of this run's messages that reached a receiver, duplicates included.
	Received uint64 `json:"received"`
	// ScheduledRatePerS is what was asked, RatePerS what was sent, ReceivedRatePerS what arrived, over ElapsedNS.
	// They are 0 when nothing was measured.
	ScheduledRatePerS float64 `json:"scheduled_rate_per_s"`
	RatePerS          float64 `json:"rate_per_s"`
	ReceivedRatePerS  float64 `json:"received_rate_per_s"`
	// Latency is by name: response, transit, schedule_lag, send, trace, process, connect, subscribe. A latency that this
	// run cannot have is absent.
	Latency  map[string]Latency `json:"latency"`
	Delivery Delivery           `json:"delivery"`
	// Slowest are the messages with the longest response times, the longest first, ten at most.
	Slowest []Exemplar `json:"slowest"`
	Spans   *Spans     `json:"spans,omitempty"` // nil in arms that make no span
	Cost    Cost       `json:"cost"`
	Series  []Point    `json:"series"`
	Process Processes  `json:"process"`
}

// Names of latencies, in the order in which they are shown.
const (
	Response    = "response"
	Transit     = "transit"
	Trace       = "trace"
	Send        = "send"
	ProcessTime = "process"
	ScheduleLag = "schedule_lag"
	Connect     = "connect"
	Subscribe   = "subscribe"
)

// LatencyNames lists every latency in the order in which they are shown.
var LatencyNames = []string{Response, Transit, Trace, Send, ProcessTime, ScheduleLag, Connect, Subscribe}

// Latency summarises one distribution. A percentile that Count is too small for is null: p90 wants 10 values, p95 20, p99
// 100, p99.9 10,000.
type Latency struct {
	Count  uint64 `json:"count"`
	MinNS  int64  `json:"min_ns"`
	MeanNS int64  `json:"mean_ns"`
	P50NS  *int64 `json:"p50_ns"`
	P90NS  *int64 `json:"p90_ns"`
	P95NS  *int64 `json:"p95_ns"`
	P99NS  *int64 `json:"p99_ns"`
	P999NS *int64 `json:"p999_ns"`
	MaxNS  int64  `json:"max_ns"`
	// Negative is how many values were below zero: they are part of everything above and a sign of clocks that disagree.
	Negative uint64 `json:"negative"`
	// Overflow is how many values were past the histogram's range; MinNS, MeanNS and MaxNS know them exactly, percentiles
	// as the range's end.
	Overflow uint64 `json:"overflow"`
	// BoundNS is how far off, either way, values may be because the clocks of several shards were compared over the network; 0 where
	// one clock was read. ClockLimited says that this is more than a tenth of the median, so that the percentiles tell little.
	BoundNS      int64 `json:"bound_ns,omitempty"`
	ClockLimited bool  `json:"clock_limited,omitempty"`
	// HDR is the histogram of the values of zero and more, in HdrHistogram's V2 compressed encoding, base64.
	HDR string `json:"hdr"`
	// HDRNegative is that of the magnitudes of the values below zero; empty if there are none.
	HDRNegative string `json:"hdr_negative,omitempty"`
	// Withheld says why the percentiles of this latency must not be quoted; empty when they may.
	Withheld string `json:"withheld,omitempty"`
}

// Delivery is the delivery ledger: what each receiver was owed and what it got. A shared subscription is one receiver.
type Delivery struct {
	Expected uint64 `json:"expected"`
	// Received counts distinct messages, so that Expected = Received + Lost.
	Received uint64 `json:"received"`
	Lost     uint64 `json:"lost"`
	// Duplicated counts copies past the first, DuplicatedFlagged those of them with the DUP flag.
	Duplicated        uint64 `json:"duplicated"`
	DuplicatedFlagged uint64 `json:"duplicated_flagged"`
	// Overlapping counts copies that the broker delivered because more than one filter of a client matched; they are no duplicates.
	Overlapping uint64 `json:"overlapping,omitempty"`
	// Reordered counts messages that arrived after a later one of the same sender and topic, duplicates apart.
	Reordered uint64 `json:"reordered"`
	// Foreign counts messages that this run did not send.
	Foreign uint64 `json:"foreign"`
	// Wills counts the will messages of this run's senders that reached a receiver; they are none of the messages above.
	Wills uint64 `json:"wills,omitempty"`
	// Late counts messages that arrived after the drain had ended; they are Lost too.
	Late uint64 `json:"late"`
	// Violations lists the promises of the messages' quality of service that were broken, one sentence each.
	Violations []string `json:"violations"`
	// Unpromised counts those of Lost that no quality of service covers: the sender's or the receiver's session ended with its
	// connection before they were delivered, as session_expiry 0 has it, or a fault or stall lasted as long as their message_expiry.
	Unpromised uint64 `json:"unpromised,omitempty"`
	// LostExamples, DuplicatedExamples and ReorderedExamples are the first messages that were, MaxExamples of each at most; all of
	// them, if that is how many there are. A copy that another member of a shared subscription got is no example.
	LostExamples       []Message `json:"lost_examples,omitempty"`
	DuplicatedExamples []Message `json:"duplicated_examples,omitempty"`
	ReorderedExamples  []Message `json:"reordered_examples,omitempty"`
	// Flows breaks the ledger down by sender group and receiver group.
	Flows []Flow `json:"flows"`
}

// Exemplar is one message, to be looked up where its trace went.
type Exemplar struct {
	Sender     string `json:"sender"` // client identifier
	Seq        uint32 `json:"seq"`    // of the sender within its arm, from 0
	AtNS       int64  `json:"at_ns"`  // when it was received, from the start of the measured phase
	ResponseNS int64  `json:"response_ns"`
	TransitNS  int64  `json:"transit_ns"`
	TraceID    string `json:"trace_id,omitempty"` // of the context that it carried; empty if it carried none
}

// MaxExamples is how many messages a ledger names of each kind.
const MaxExamples = 100

// Message names one message on its way to one receiver.
type Message struct {
	Sender   string `json:"sender"`   // client identifier
	Receiver string `json:"receiver"` // client identifier, or the filter of a shared subscription
	Seq      uint32 `json:"seq"`      // of the sender within its arm, from 0
}

// Flow is the part of the ledger between one sender group and one receiver group.
type Flow struct {
	Sender     string `json:"sender"`
	Receiver   string `json:"receiver"`
	QoS        byte   `json:"qos"` // the lower of the PUBLISH's and the subscription's
	Shared     bool   `json:"shared"`
	Expected   uint64 `json:"expected"`
	Received   uint64 `json:"received"`
	Lost       uint64 `json:"lost"`
	Unpromised uint64 `json:"unpromised,omitempty"` // of Lost
	Duplicated uint64 `json:"duplicated"`
	// Overlapping is as in Delivery.
	Overlapping uint64 `json:"overlapping,omitempty"`
	Reordered   uint64 `json:"reordered"`
}

// Spans is the span ledger of one arm. Of a run whose last flush succeeded, Started = Sampled + those that the sampler left
// out, and Sampled = Ended = Exported + Dropped + Failed.
type Spans struct {
	// Started to Received count all spans of the arm, those of the warm-up included: a pipeline does not tell them apart.
	Started uint64 `json:"started"` // sampled or not
	Sampled uint64 `json:"sampled"`
	Ended   uint64 `json:"ended"` // of the sampled ones
	// Queued is how many were still in the batch processor when it had to end, Dropped how many it threw away because its
	// queue was full, Exported how many an endpoint took, Failed how many it did not, in ExportCalls calls of which
	// ExportFailures failed. All are 0 in arms that export nothing.
	Queued         uint64 `json:"queued"`
	Dropped        uint64 `json:"dropped"`
	Exported       uint64 `json:"exported"`
	Failed         uint64 `json:"failed"`
	ExportCalls    uint64 `json:"export_calls"`
	ExportFailures uint64 `json:"export_failures"`
	// Received is how many the embedded sink got; nil when spans went elsewhere or nowhere.
	Received *uint64 `json:"received,omitempty"`
	// Messages is how many copies of sampled messages were received; each is Whole or counted under one of the faults below.
	Messages        uint64 `json:"messages"`
	Whole           uint64 `json:"whole"`
	MissingProducer uint64 `json:"missing_producer"` // the message carried no context or one that no producer span has
	MissingConsumer uint64 `json:"missing_consumer"` // received, but no consumer span ended
	WrongParent     uint64 `json:"wrong_parent"`     // same trace, but the parent is not the message's producer span
	WrongTrace      uint64 `json:"wrong_trace"`      // a producer span's trace, but that of another message
}

// Cost is what one message cost the generator, sending and receiving together, over the measured phase. Zero where the
// system does not tell.
type Cost struct {
	CPUNSPerMessage float64 `json:"cpu_ns_per_message"`
	// SendCPUNSPerMessage and ReceiveCPUNSPerMessage are what either side pays, by a second measurement of a comparison with
	// the receivers in a process of their own: together a little more than CPUNSPerMessage. 0 where there was none.
	SendCPUNSPerMessage    float64 `json:"send_cpu_ns_per_message"`
	ReceiveCPUNSPerMessage float64 `json:"receive_cpu_ns_per_message"`
	AllocsPerMessage       float64 `json:"allocs_per_message"`
	AllocBytesPerMsg       float64 `json:"alloc_bytes_per_message"`
	WireBytesPerMessage    float64 `json:"wire_bytes_per_message"` // of a PUBLISH as sent, header included
	// BrokerCPUNSPerMessage is the broker's, where the harness started it.
	BrokerCPUNSPerMessage float64 `json:"broker_cpu_ns_per_message"`
	// GCShare is the share of the generator's CPU time that went into garbage collection, 0 to 1.
	GCShare float64 `json:"gc_share"`
}

// Point is one second of the run, or in a comparison of arms one slice of its arm. In a merged result P50NS and P99NS of seconds in which
// messages arrived at several shards are the upper ends of the bins that they fall into, and ScheduleLagP99NS is that of the worst.
type Point struct {
	AtNS      int64  `json:"at_ns"`     // its start, from the start of the measured phase; below 0 in the warm-up
	LengthNS  int64  `json:"length_ns"` // a second, or in a comparison the counted part of a slice
	Scheduled uint64 `json:"scheduled"`
	Sent      uint64 `json:"sent"`
	Received  uint64 `json:"received"`
	// P50NS, P99NS and MaxNS are of the response times of the messages received in this second; 0 when there were none.
	P50NS int64 `json:"p50_ns"`
	P99NS int64 `json:"p99_ns"`
	MaxNS int64 `json:"max_ns"`
	// Response counts these response times by size; nil when there were none.
	Response *Bins `json:"response,omitempty"`
	// ScheduleLagP99NS is of the messages sent in this second.
	ScheduleLagP99NS int64 `json:"schedule_lag_p99_ns"`
	// GeneratorCPU and BrokerCPU are in cores: 1 is one core kept busy for the second.
	GeneratorCPU float64 `json:"generator_cpu"`
	BrokerCPU    float64 `json:"broker_cpu"`
	// GeneratorRSS and BrokerRSS are resident memory at the end of this second; 0 where the system does not tell.
	GeneratorRSS int64 `json:"generator_rss_bytes"`
	BrokerRSS    int64 `json:"broker_rss_bytes"`
	// GCPauseNS is the sum of the pauses of the generator's garbage collector.
	GCPauseNS int64 `json:"gc_pause_ns"`
	// SpansExported and SpansFailed are how many spans an endpoint took and how many it did not; SpansWaiting is how many had
	// ended by the end of this second and were neither, because they were queued or dropped. 0 in arms that export nothing.
	SpansExported uint64 `json:"spans_exported,omitempty"`
	SpansFailed   uint64 `json:"spans_failed,omitempty"`
	SpansWaiting  uint64 `json:"spans_waiting,omitempty"`
	// Backlog is how many messages were owed to receivers and had not arrived by the end of this second, what is lost among them; nil
	// in the warm-up and in runs whose faults hold no receiver back. In a shard it is what its senders came to owe less what its
	// receivers got, which may be below 0.
	Backlog *int64 `json:"backlog,omitempty"`
}

// Step is one run of a sweep or a search.
type Step struct {
	// Value is what was set for it, as the command line would say it: "100/s", "4096".
	Value string `json:"value"`
	// Number is Value as a number, to draw it: messages per second, bytes, a count. It is the step's place in the list where the
	// value is none.
	Number float64 `json:"number"`
	// With are the values of Sweep.With, in its order.
	With []string `json:"with,omitempty"`
	// Role says what the step was for.
	Role    string  `json:"role"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason,omitempty"`
	// Arms are what was measured, without Series and Slowest.
	Arms       []Arm       `json:"arms"`
	Thresholds []Threshold `json:"thresholds"`
}

// Roles of a step.
const (
	SweepStep   = "sweep"        // a value of a list or range
	ProbeStep   = "probe"        // a search that feels its way
	ConfirmStep = "confirmation" // the run at the end of a search that settles it
)

// Setting is what a step set all keys to, one after the other.
func (s *Step) Setting() string { return strings.Join(append([]string{s.Value}, s.With...), ", ") }

// Sweep is a scenario run with one value, or several, changed from step to step.
type Sweep struct {
	// Over is the path of the value, as --set takes it: senders[0].rate.
	Over string `json:"over"`
	// With are the paths of the values that were changed beside it, if any.
	With []string `json:"with,omitempty"`
	// Unit is what Number of a step counts: msg/s, B; empty for a bare number.
	Unit  string `json:"unit,omitempty"`
	Steps []Step `json:"steps"`
	// Found is what a search came to, one for each arm; nil in a sweep over a list.
	Found []Found `json:"found,omitempty"`
}

// Found is the highest value at which an arm kept the thresholds.
type Found struct {
	Arm    string  `json:"arm"`
	Number float64 `json:"number"` // 0: not even the lowest that was tried
	// Limit says what kept it from being higher: thresholds, generator, range.
	Limit string `json:"limit"`
	// Confirmed says that the run at the end held as well.
	Confirmed bool `json:"confirmed"`
}

// What limits a search.
const (
	LimitThresholds = "thresholds" // the next higher value missed them
	LimitGenerator  = "generator"  // the generator could not keep up with the next higher value: the broker may do better
	LimitRange      = "range"      // the highest value that was to be tried kept them
)

// Processes is what each process of the harness used. A process that this run did not have, or whose figures the harness
// cannot read (a broker somebody else runs), is nil.
type Processes struct {
	Generator *Process `json:"generator"`
	Broker    *Process `json:"broker,omitempty"`
	Sink      *Process `json:"sink,omitempty"`
}

// Process is one process over the measured phase.
type Process struct {
	CPUNS    int64   `json:"cpu_ns"`    // user and system
	CPUCores float64 `json:"cpu_cores"` // CPUNS over the elapsed time: 1 is one core kept busy
	RSSBytes int64   `json:"rss_bytes"` // the peak
	// GCPauseNS and GCCycles are of Go's collector; 0 for processes that are not Go's or do not tell.
	GCPauseNS int64  `json:"gc_pause_ns,omitempty"` // the sum of the pauses
	GCCycles  uint64 `json:"gc_cycles,omitempty"`
	// Allocs and AllocBytes are how much the generator took from the heap; 0 for other processes.
	Allocs     uint64 `json:"allocs,omitempty"`
	AllocBytes uint64 `json:"alloc_bytes,omitempty"`
	// Dropped counts messages that the embedded broker threw away because a client's queue was full.
	Dropped uint64 `json:"dropped,omitempty"`
}

// Fault is something that was done to the run on purpose, a stall of receivers among it, and what became of connections and messages because of it. A message
// counts as lost to the last fault that had begun by a second after it was sent, as duplicated or late to the last that had begun
// when it arrived. What was not observed, or cannot be told, is nil.
type Fault struct {
	AtNS  int64  `json:"at_ns"` // from the start of the measured phase
	ForNS int64  `json:"for_ns"`
	Name  string `json:"name"` // such as "exporter: stall" or "broker: kill"
	// ConnectionsLost counts connections that ended, on purpose or not; NotReconnected the clients that had none at the end.
	ConnectionsLost uint64 `json:"connections_lost,omitempty"`
	NotReconnected  uint64 `json:"not_reconnected,omitempty"`
	// DetectedNS is from the fault's begin until the first client knew that its connection was gone, ReconnectedNS from its end until
	// the last was connected again; 0 if all were before.
	DetectedNS    *int64 `json:"detected_ns,omitempty"`
	ReconnectedNS *int64 `json:"reconnected_ns,omitempty"`
	// BeforeP99NS is the p99 of response in the seconds before in which nothing was wrong, RecoveredNS from the fault's end until it
	// was within twice that for a second, to a tenth of a second: nil if it never was. Both are nil where another fault began before
	// that could be seen.
	BeforeP99NS *int64 `json:"before_p99_ns,omitempty"`
	RecoveredNS *int64 `json:"recovered_ns,omitempty"`
	// Lost and Duplicated are part of the arms' ledgers. Late counts messages whose response was more than twice BeforeP99NS.
	Lost       uint64 `json:"lost,omitempty"`
	Duplicated uint64 `json:"duplicated,omitempty"`
	Late       uint64 `json:"late,omitempty"`
	// Backlog is of the receivers that the fault held back; nil of one that did not, in a shard, and in a merged result of one that held
	// back only some.
	Backlog *Backlog `json:"backlog,omitempty"`
}

// Backlog is what receivers that were held back were owed and had not got: of several that a message is for, each is owed a copy, and a
// shared subscription one. It was looked at every 20 ms, or in a merged result every second. Receivers that come and go are left out.
type Backlog struct {
	// Before is the most that was under way in the second before, Peak the most from then on, at PeakAtNS from the start of the measured
	// phase: it went down from there.
	Before   uint64 `json:"before"`
	Peak     uint64 `json:"peak"`
	PeakAtNS int64  `json:"peak_at_ns"`
	// DrainedNS is from PeakAtNS until it was down to Before, or to a hundredth of Peak if that is more, Lost left out; nil if it never
	// was, or if nothing of it arrived.
	DrainedNS *int64 `json:"drained_ns,omitempty"`
	// ReceivedRatePerS is how many messages a second these receivers got meanwhile, OwedRatePerS how many came to be owed to them: what
	// was sent, times the copies. Both are 0 where DrainedNS is nil or 0.
	ReceivedRatePerS float64 `json:"received_rate_per_s,omitempty"`
	OwedRatePerS     float64 `json:"owed_rate_per_s,omitempty"`
	// Lost is how many of the messages that are put down to the fault these receivers never got.
	Lost uint64 `json:"lost,omitempty"`
}

// Stage is a stretch of the run in which a group of clients did something of its own.
type Stage struct {
	AtNS  int64 `json:"at_ns"` // from the start of the measured phase
	ForNS int64 `json:"for_ns"`
	// Group is the group's name, Name what it did: "from 100/s to 1000/s", or the stage's own name.
	Group string `json:"group"`
	Name  string `json:"name"`
}

// Threshold is a condition of the scenario and what became of it.
type Threshold struct {
	Arm        string  `json:"arm"`
	Expression string  `json:"expression"` // as the scenario has it
	Actual     float64 `json:"actual"`     // in the unit of the figure: ns for latencies
	OK         bool    `json:"ok"`
	// Reason says why a threshold could not be judged, in which case OK is false; empty otherwise.
	Reason string `json:"reason,omitempty"`
}

// Warning is a doubt about a figure, shown beside it.
type Warning struct {
	// About names the figure as a threshold would (response, delivery.lost, rate_per_s, …) or "run".
	About string `json:"about"`
	Text  string `json:"text"`
}

// Difference is by how much one figure of an arm is above that of another, over the slices of both, in the figure's unit (ns,
// bytes, allocations, messages per second). Zero outside Low to High is a difference that the run has shown.
type Difference struct {
	Figure   string  `json:"figure"` // as cost and latencies name them: cpu_ns_per_message, response.p99_ns, …
	Base     string  `json:"base"`
	Arm      string  `json:"arm"`
	BaseMean float64 `json:"base_mean"` // of the base's slices
	Diff     float64 `json:"diff"`
	Low      float64 `json:"low"` // of the 95 % confidence interval, by bootstrap over slices
	High     float64 `json:"high"`
	// Floor is the noise floor: how far apart the halves of the base's own slices lie by chance, in 95 of 100 splits.
	Floor float64 `json:"floor"`
	// Detected says that an interval of 99 % leaves out 0 and that the difference is above the floor.
	Detected bool `json:"detected"`
}
