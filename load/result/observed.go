package result

import "time"

// Observed is what the spans of services that the harness did not run say: who sends to whom, how long that takes, and what
// is wrong with the traces. Counts are of the whole observation; a list holds the most frequent first unless it says
// otherwise.
type Observed struct {
	// Sources are the addresses listened on, or the files read.
	Sources []string `json:"sources"`
	// ForwardedTo is the endpoint that everything was passed on to; empty if nothing was.
	ForwardedTo string `json:"forwarded_to,omitempty"`
	// WindowNS is how long a span waited for the other spans of its message, MaxSpans how many did at once.
	WindowNS int64 `json:"window_ns,omitempty"` // 0: without limit
	MaxSpans int   `json:"max_spans"`

	Spans    SpanCounts  `json:"spans"`
	Messages Pairing     `json:"messages"`
	Services []Service   `json:"services"` // by name
	Pairs    []Pair      `json:"pairs"`
	Broken   []Broken    `json:"broken"`
	Skews    []Skew      `json:"skews"`
	Losses   []Loss      `json:"losses"`
	Faults   []SpanFault `json:"faults"`
	// Notes say what was unusual about the sources, such as a line that broke off.
	Notes []string `json:"notes"`
}

// SpanCounts is what became of the spans that arrived.
type SpanCounts struct {
	Received  uint64 `json:"received"`
	Producers uint64 `json:"producers"`
	Consumers uint64 `json:"consumers"`
	// Malformed were left out: an id is missing, of zeros or of a wrong length, or there is no time.
	Malformed uint64 `json:"malformed"`
	// Repeated had arrived before; an exporter that saw no answer sends again.
	Repeated uint64 `json:"repeated"`
	// Late arrived after the other spans of their message had been given up, and were not paired.
	Late uint64 `json:"late"`
	// Evicted were given up before their time because there were too many; a message of theirs that was not complete is
	// Unjudged.
	Evicted uint64 `json:"evicted"`
	// Truncated lost attributes, events or links to a limit of their SDK.
	Truncated uint64 `json:"truncated"`
}

// Pairing is how producer and consumer spans were brought together, counted by consumer span.
type Pairing struct {
	// Parent: the consumer span is the producer span's child. Link: it links to it. Ancestor: it descends from it through
	// spans in between, of a broker or a framework.
	Parent   uint64 `json:"parent"`
	Link     uint64 `json:"link"`
	Ancestor uint64 `json:"ancestor"`
	// Trace: both are in one trace and nothing else says that they belong together. These are broken traces too.
	Trace uint64 `json:"trace"`
	// Retained were replays of retained messages, whose latency says nothing; they are not in any other count.
	Retained uint64 `json:"retained"`
	// Unjudged could not be completed and not be called broken either: they were at the edges of the observation, or evicted.
	Unjudged uint64 `json:"unjudged"`
}

// Service is a service by its service.name.
type Service struct {
	Name      string   `json:"name"`
	Hosts     []string `json:"hosts"` // some of them
	Spans     uint64   `json:"spans"`
	Producers uint64   `json:"producers"`
	Consumers uint64   `json:"consumers"`
}

// Pair is the messages from one service to another on one topic.
type Pair struct {
	Producer string `json:"producer"`
	Consumer string `json:"consumer"`
	// Topic is the destination's template if its spans tell it and its name if not.
	Topic string `json:"topic"`
	// Latency runs from the start of the producer span to the start of the consumer span, AfterProducer from the end of the
	// producer span, which is negative where the acknowledgement came after the delivery.
	Latency       Latency `json:"latency"`
	AfterProducer Latency `json:"after_producer"`
	Paired        Pairing `json:"paired"`
	// Slowest are the messages that took longest, slowest first.
	Slowest []Example `json:"slowest"`
}

// Example is a message or span to look at.
type Example struct {
	TraceID   string    `json:"trace_id"`
	SpanID    string    `json:"span_id"` // of the consumer span, where there are two
	Service   string    `json:"service"`
	Name      string    `json:"name,omitempty"` // of the span
	At        time.Time `json:"at"`             // the start of the message or span
	LatencyNS int64     `json:"latency_ns,omitempty"`
}

// Ways in which a trace can be broken.
const (
	ProducerAlone = "producer_without_consumer" // no consumer span arrived
	ConsumerAlone = "consumer_without_producer" // the span that it names as its parent or links to never arrived
	NoParent      = "consumer_without_parent"   // it names none: the context did not reach it
	WrongParent   = "wrong_parent"              // a producer is in its trace, but another span is its parent
)

// Broken is one way in which traces are broken, at one service and topic.
type Broken struct {
	What     string    `json:"what"`
	Service  string    `json:"service"` // whose span is there
	Topic    string    `json:"topic"`
	Count    uint64    `json:"count"`
	Examples []Example `json:"examples"`
}

// Skew is the messages between two hosts, for what they say about their clocks. Nothing is corrected by it.
type Skew struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Messages uint64 `json:"messages"`
	// Negative is how many messages seem to have arrived before they were sent, MinNS the shortest latency: where it is below
	// zero, the receiving clock is behind by that much at least.
	Negative uint64    `json:"negative"`
	MinNS    int64     `json:"min_ns"`
	Examples []Example `json:"examples,omitempty"`
}

// Loss is something that says that spans were lost.
type Loss struct {
	// Service is who says so, or, for a gap, whose spans refer to what never arrived.
	Service string `json:"service"`
	// Signal is the name of a metric and what narrows it down, or "gap".
	Signal string `json:"signal"`
	// Spans is how many were lost while this was observed.
	Spans uint64 `json:"spans"`
}

// SpanFault is a departure from OpenTelemetry's conventions for messaging.
type SpanFault struct {
	// Rule is what kind of fault it is (deprecated, missing, kind, value, name, resource), Subject the attribute or name
	// concerned.
	Rule    string `json:"rule"`
	Subject string `json:"subject"`
	// Advice says what would be right.
	Advice   string    `json:"advice"`
	Count    uint64    `json:"count"`
	Services []string  `json:"services"` // some of them
	Examples []Example `json:"examples"`
}
