package scenarios

import (
	"encoding/json"
	"slices"
)

// Tracing is the arm, or the arms, that a run is in.
type Tracing struct {
	// TracingArm is the arm of a run that has one. It is zero when there are arms in Compare: those that the file says
	// less of have taken what stands beside compare there.
	TracingArm
	// Compare lists arms that run in turns, each complete with its defaults; empty when the run has one arm.
	Compare []TracingArm `json:"compare,omitempty" jsonschema:"minItems=1,maxItems=15"`
	// Slice is how long each arm of Compare runs at a time; 0 s for a length that the engine chooses from the duration and
	// the number of arms, which is the default. With bursts it is given, and a multiple of their distance, twice that or more: each arm
	// then sees the same bursts.
	Slice Duration `json:"slice,omitempty"`
}

// MarshalJSON writes t as a scenario file has it: one arm, or those of Compare with all they have.
func (t Tracing) MarshalJSON() ([]byte, error) {
	if len(t.Compare) == 0 {
		arm := t.TracingArm
		if arm.Name == arm.defaultName() {
			arm.Name = ""
		}
		return json.Marshal(arm)
	}
	return json.Marshal(struct {
		Compare []TracingArm `json:"compare"`
		Slice   Duration     `json:"slice,omitempty"`
	}{t.Compare, t.Slice})
}

// Arms lists the arms of the run: those of Compare, or the one arm.
func (t Tracing) Arms() []TracingArm {
	if len(t.Compare) > 0 {
		return t.Compare
	}
	return []TracingArm{t.TracingArm}
}

// TracingArm is one setting of tracing that a run can be in. What its Arm has no use for is zero: a sampler in ArmOff, a
// relation where no spans are made.
type TracingArm struct {
	// Name is unique among the arms of a run. Default: the arm, with the ratio of its sampler as in export@0.1; one that is
	// there already gets #2, #3 and so on.
	Name string `json:"name,omitempty"`
	// Arm is what tracing does to each message. Default: off, for a run with one arm.
	Arm Arm `json:"arm"`
	// Sampler decides which messages are traced, in every arm but off. Default: always_on.
	Sampler Sampler `json:"sampler,omitzero"`
	// Exporter is where arm export sends its spans. Default: what the environment's OTEL_EXPORTER_OTLP_ variables say, or
	// else the sink that the harness starts; the zero Exporter stands for that.
	Exporter Exporter `json:"exporter,omitzero"`
	// Batch is the batch processor of arm export.
	Batch Batch `json:"batch,omitzero"`
	// Limits are those of each span, in arms record and export.
	Limits SpanLimits `json:"limits,omitzero"`
	// Attributes is how many attributes each span has beside those of the messaging conventions, 0 to 128, in arms record
	// and export. Default: 0.
	Attributes int `json:"attributes,omitempty" jsonschema:"minimum=0,maximum=128,default=0"`
	// Relation is that of the consumer's span to the producer's, in arms record and export. Default: child_and_link.
	Relation Relation `json:"relation,omitempty"`
	// Tracestate is how many members the tracestate has that travels with each message, 0 to 32, in every arm but off.
	// Default: 0, which is none.
	Tracestate int `json:"tracestate,omitempty" jsonschema:"minimum=0,maximum=32,default=0"`
	// Baggage is how many bytes of baggage travel with each message, 0 or 3 to 8192, in every arm but off. Default: 0.
	Baggage int `json:"baggage,omitempty" jsonschema:"minimum=0,maximum=8192,default=0"`
	// PayloadSize takes the place of the size of every payload that is given by its size. Default: none does; nil stands for that.
	PayloadSize *int `json:"payload,omitempty"`
}

// Arm is what tracing does to each message.
type Arm string

const (
	// ArmOff puts nothing on the wire and makes no span.
	ArmOff Arm = "off"
	// ArmContext makes ids and carries them in user properties; no span is made.
	ArmContext Arm = "context"
	// ArmRecord makes and ends SDK spans on both sides and joins them in process; nothing is exported.
	ArmRecord Arm = "record"
	// ArmExport does the same and exports the spans over OTLP by a batch processor.
	ArmExport Arm = "export"
)

// armOrder is the arms in the order of what they do: each does all that the one before it does, and more.
var armOrder = []Arm{ArmOff, ArmContext, ArmRecord, ArmExport}

// doesAll tells whether a does all that b does.
func (a Arm) doesAll(b Arm) bool { return slices.Index(armOrder, a) >= slices.Index(armOrder, b) }

// Spans tells whether the arm makes spans.
func (a Arm) Spans() bool { return a.doesAll(ArmRecord) }

// Sampler names a sampler as OTEL_TRACES_SAMPLER does: always_on, always_off, traceidratio, parentbased_always_on,
// parentbased_always_off or parentbased_traceidratio.
type Sampler struct {
	Name string `json:"name"`
	// Ratio is the share of traces that the traceidratio samplers keep, 0 to 1.
	Ratio float64 `json:"ratio,omitempty"`
}

// Samplers as OTEL_TRACES_SAMPLER names them.
const (
	AlwaysOn                = "always_on"
	AlwaysOff               = "always_off"
	TraceIDRatio            = "traceidratio"
	ParentBasedAlwaysOn     = "parentbased_always_on"
	ParentBasedAlwaysOff    = "parentbased_always_off"
	ParentBasedTraceIDRatio = "parentbased_traceidratio"
)

var samplers = []string{AlwaysOn, AlwaysOff, TraceIDRatio, ParentBasedAlwaysOn, ParentBasedAlwaysOff, ParentBasedTraceIDRatio}

// Share is the share of messages that the sampler keeps, 0 to 1. A producer span has no parent, so the parentbased samplers
// are what they are based on.
func (s Sampler) Share() float64 {
	switch s.Name {
	case AlwaysOff, ParentBasedAlwaysOff:
		return 0
	case TraceIDRatio, ParentBasedTraceIDRatio:
		return s.Ratio
	}
	return 1
}

func (s Sampler) hasRatio() bool { return s.Name == TraceIDRatio || s.Name == ParentBasedTraceIDRatio }

// MarshalJSON writes s as a scenario file has it: a name, or {traceidratio: 0.1}.
func (s Sampler) MarshalJSON() ([]byte, error) {
	if s.hasRatio() {
		return json.Marshal(map[string]float64{s.Name: s.Ratio})
	}
	return json.Marshal(s.Name)
}

// Exporter is where spans go over OTLP. Zero: the scenario does not say.
type Exporter struct {
	// Embedded is the sink that the harness starts in a process of its own; else there is an Endpoint.
	Embedded bool
	// Endpoint is a URL, http or https; a path in it is one of OTLP over HTTP.
	Endpoint string
	// Protocol is GRPC or HTTPProtobuf. Default: HTTPProtobuf for port 4318, else GRPC.
	Protocol string
	// Compression is Gzip or Uncompressed. Default: Uncompressed.
	Compression string
}

// Protocols and compressions, as OTEL_EXPORTER_OTLP_PROTOCOL and OTEL_EXPORTER_OTLP_COMPRESSION name them.
const (
	GRPC         = "grpc"
	HTTPProtobuf = "http/protobuf"
	Gzip         = "gzip"
	Uncompressed = "none"
)

// Batch sets the SDK's batch span processor. What is zero the environment's variables decide, or else the SDK.
type Batch struct {
	// QueueSize is how many spans wait at most; more are dropped. OTEL_BSP_MAX_QUEUE_SIZE.
	QueueSize int `json:"queue,omitempty" jsonschema:"minimum=1,maximum=1000000"`
	// BatchSize is how many spans are exported at once, not more than the queue holds. OTEL_BSP_MAX_EXPORT_BATCH_SIZE.
	BatchSize int `json:"size,omitempty" jsonschema:"minimum=1,maximum=1000000"`
	// Delay is how long spans wait for a batch to fill. OTEL_BSP_SCHEDULE_DELAY.
	Delay Duration `json:"delay,omitempty"`
	// Timeout bounds each export. OTEL_BSP_EXPORT_TIMEOUT.
	Timeout Duration `json:"timeout,omitempty"`
}

// SpanLimits bounds what one span holds. What is zero the environment's variables decide, or else the SDK.
type SpanLimits struct {
	// Attributes is how many attributes a span keeps. OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT.
	Attributes int `json:"attributes,omitempty" jsonschema:"minimum=1,maximum=1000000"`
	// Events is how many events a span keeps. OTEL_SPAN_EVENT_COUNT_LIMIT.
	Events int `json:"events,omitempty" jsonschema:"minimum=1,maximum=1000000"`
	// Links is how many links a span keeps. OTEL_SPAN_LINK_COUNT_LIMIT.
	Links int `json:"links,omitempty" jsonschema:"minimum=1,maximum=1000000"`
	// AttributeLength is how many characters the value of an attribute keeps. OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT.
	AttributeLength int `json:"attribute_length,omitempty" jsonschema:"minimum=1,maximum=1000000"`
}

// Relation is how the consumer's span refers to the producer's.
type Relation string

const (
	// ChildAndLink makes it the child and links it as well.
	ChildAndLink Relation = "child_and_link"
	// ChildOnly makes it the child.
	ChildOnly Relation = "child"
	// LinkOnly links it, and the consumer's span begins a trace of its own.
	LinkOnly Relation = "link"
)
