package scenarios

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// armsOf decodes what stands behind tracing.
func armsOf(t *testing.T, yaml string) []TracingArm {
	t.Helper()
	s, err := Decode("x.yaml", []byte("tracing: "+yaml+minimal))
	require.NoError(t, err)
	return s.Tracing.Arms()
}

func names(arms []TracingArm) []string {
	var out []string
	for _, arm := range arms {
		out = append(out, arm.Name)
	}
	return out
}

func TestNamesOfArms(t *testing.T) {
	cases := []struct {
		name, yaml string
		want       []string
	}{
		{"none", "{}", []string{"off"}},
		{"one", "{arm: export}", []string{"export"}},
		{"one with a ratio", "{arm: export, sampler: {traceidratio: 0.10}}", []string{"export@0.1"}},
		{"one with a name", "{arm: export, name: mine}", []string{"mine"}},
		{"words", "{compare: [off, context, record, export@.10]}", []string{"off", "context", "record", "export@0.1"}},
		{"repeated words", "{compare: [off, off, record@1, off, record@1]}", []string{"off", "off#2", "record@1", "off#3", "record@1#2"}},
		{"a name that a default would have taken", "{compare: [off, {name: off, arm: record}, {name: off#2, arm: record}]}", []string{"off#3", "off", "off#2"}},
		{"a mapping", "{compare: [{arm: record, attributes: 5}, {arm: record, sampler: {traceidratio: 0.5}}, {arm: record, sampler: always_off}]}",
			[]string{"record", "record@0.5", "record#2"}},
		{"a sampler for all", "{compare: [off, record], sampler: {traceidratio: 0.5}}", []string{"off", "record"}},
		{"a sweep", "{compare: [{arm: record, sweep: {key: attributes, values: [0, 10]}}]}", []string{"record attributes=0", "record attributes=10"}},
		{"a sweep with a name", "{compare: [{name: n, arm: off, sweep: {key: payload, values: [1 KiB, 1 KiB]}}]}", []string{"n payload=1KiB", "n payload=1KiB#2"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, names(armsOf(t, c.yaml)))
		})
	}
}

// TestArmsTakeWhatStandsBesideCompare looks at what each arm has in the end: its own, what all have, or nothing.
func TestArmsTakeWhatStandsBesideCompare(t *testing.T) {
	arms := armsOf(t, `
  compare: [off, context, record@0.5, export, {arm: export, name: own, sampler: always_off, batch: {size: 10}, exporter: "http://h:4318", attributes: 0, relation: link, payload: 0}]
  sampler: {parentbased_traceidratio: 0.1}
  exporter: embedded
  batch: {queue: 100, size: 50}
  limits: {links: 4}
  attributes: 7
  relation: child
  tracestate: 2
  baggage: 30
  payload: 64
`)
	size, none := 64, 0
	sampler := Sampler{Name: ParentBasedTraceIDRatio, Ratio: 0.1}
	assert.Equal(t, []TracingArm{
		{Name: "off", Arm: ArmOff, PayloadSize: &size},
		{Name: "context", Arm: ArmContext, Sampler: sampler, Tracestate: 2, Baggage: 30, PayloadSize: &size},
		{
			Name: "record@0.5", Arm: ArmRecord, Sampler: Sampler{Name: TraceIDRatio, Ratio: 0.5}, Limits: SpanLimits{Links: 4}, Attributes: 7,
			Relation: ChildOnly, Tracestate: 2, Baggage: 30, PayloadSize: &size,
		},
		{
			Name: "export", Arm: ArmExport, Sampler: sampler, Exporter: Exporter{Embedded: true, Protocol: GRPC, Compression: Uncompressed},
			Batch: Batch{QueueSize: 100, BatchSize: 50}, Limits: SpanLimits{Links: 4}, Attributes: 7,
			Relation: ChildOnly, Tracestate: 2, Baggage: 30, PayloadSize: &size,
		},
		{
			Name: "own", Arm: ArmExport, Sampler: Sampler{Name: AlwaysOff},
			Exporter: Exporter{Endpoint: "http://h:4318", Protocol: HTTPProtobuf, Compression: Uncompressed},
			Batch:    Batch{QueueSize: 100, BatchSize: 10}, Limits: SpanLimits{Links: 4},
			Relation: LinkOnly, Tracestate: 2, Baggage: 30, PayloadSize: &none,
		},
	}, arms)
}

func TestNothingStandsBesideCompare(t *testing.T) {
	s, err := Decode("x.yaml", []byte("tracing: {attributes: 5, compare: [off, record], slice: 1s}"+minimal))
	require.NoError(t, err)
	assert.Zero(t, s.Tracing.TracingArm)
	assert.Equal(t, seconds(1), s.Tracing.Slice)
	assert.Equal(t, s.Tracing.Compare, s.Tracing.Arms())
}

func TestSweeps(t *testing.T) {
	cases := []struct {
		key, values string
		value       func(TracingArm) any
		want        []any
	}{
		{"ratio", "[0, 0.5]", func(a TracingArm) any { return a.Sampler }, []any{Sampler{Name: TraceIDRatio}, Sampler{Name: TraceIDRatio, Ratio: 0.5}}},
		{"attributes", "[0, 128]", func(a TracingArm) any { return a.Attributes }, []any{0, 128}},
		{"tracestate", "[32]", func(a TracingArm) any { return a.Tracestate }, []any{32}},
		{"baggage", "[0, 3]", func(a TracingArm) any { return a.Baggage }, []any{0, 3}},
		{"relation", "[link, child_and_link]", func(a TracingArm) any { return a.Relation }, []any{LinkOnly, ChildAndLink}},
		{"batch.size", "[1, 100]", func(a TracingArm) any { return a.Batch }, []any{Batch{QueueSize: 100, BatchSize: 1}, Batch{QueueSize: 100, BatchSize: 100}}},
		{"payload", "[0, 1KiB]", func(a TracingArm) any { return *a.PayloadSize }, []any{0, 1024}},
	}
	for _, c := range cases {
		t.Run(c.key, func(t *testing.T) {
			arms := armsOf(t, "{compare: [off, {arm: export, batch: {queue: 100}, sweep: {key: "+c.key+", values: "+c.values+"}}], baggage: 9}")
			var got []any
			for _, arm := range arms[1:] {
				got = append(got, c.value(arm))
			}
			assert.Equal(t, c.want, got)
		})
	}
	assert.Len(t, cases, len(sweeps))
}

func TestSweepOfRatiosKeepsTheSampler(t *testing.T) {
	arms := armsOf(t, "{compare: [off, {arm: record, sweep: {key: ratio, values: [0.5]}}], sampler: {parentbased_traceidratio: 0.1}}")
	assert.Equal(t, Sampler{Name: ParentBasedTraceIDRatio, Ratio: 0.5}, arms[1].Sampler)
}

func TestExporterForms(t *testing.T) {
	cases := []struct {
		name, yaml string
		want       Exporter
		json       string
	}{
		{"the sink", "embedded", Exporter{true, "", GRPC, Uncompressed}, `"embedded"`},
		{"gRPC", "http://host:4317", Exporter{false, "http://host:4317", GRPC, Uncompressed}, `"http://host:4317"`},
		{"HTTP by its port", "http://host:4318/", Exporter{false, "http://host:4318", HTTPProtobuf, Uncompressed}, `"http://host:4318"`},
		{"TLS", "https://host", Exporter{false, "https://host", GRPC, Uncompressed}, `"https://host"`},
		{"the sink over HTTP", "{protocol: http/protobuf}", Exporter{true, "", HTTPProtobuf, Uncompressed},
			`{"endpoint":"embedded","protocol":"http/protobuf","compression":"none"}`},
		{"the sink, compressed", "{endpoint: embedded, compression: gzip}", Exporter{true, "", GRPC, Gzip},
			`{"endpoint":"embedded","protocol":"grpc","compression":"gzip"}`},
		{"gRPC on any port", "{endpoint: 'http://[::1]:4318', protocol: grpc}", Exporter{false, "http://[::1]:4318", GRPC, Uncompressed},
			`{"endpoint":"http://[::1]:4318","protocol":"grpc","compression":"none"}`},
		{"a path", "{endpoint: 'https://host/otlp/', protocol: http/protobuf}", Exporter{false, "https://host/otlp", HTTPProtobuf, Uncompressed},
			`{"endpoint":"https://host/otlp","protocol":"http/protobuf","compression":"none"}`},
		{"said again", "{endpoint: 'http://host:4318', protocol: http/protobuf, compression: none}",
			Exporter{false, "http://host:4318", HTTPProtobuf, Uncompressed}, `"http://host:4318"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			arm := armsOf(t, "{arm: export, exporter: "+c.yaml+"}")[0]
			assert.Equal(t, c.want, arm.Exporter)
			text, err := json.Marshal(arm.Exporter)
			require.NoError(t, err)
			assert.Equal(t, c.json, string(text))
		})
	}
	assert.Zero(t, armsOf(t, "{arm: export}")[0].Exporter, "the environment decides")
}

func TestFaultsLastToTheEnd(t *testing.T) {
	s, err := Decode("x.yaml", []byte("tracing: {arm: export}\nfaults: [{at: 15s, exporter: kill}, {at: 10s, for: 5s, exporter: slow, delay: 1ms}]"+minimal))
	require.NoError(t, err)
	assert.Equal(t, []Fault{
		{At: seconds(15), For: seconds(5), Exporter: ExporterKill},
		{At: seconds(10), For: seconds(5), Exporter: ExporterSlow, Delay: Duration(1e6)},
	}, s.Faults)
}
