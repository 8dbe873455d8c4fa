package settings

import (
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Telemetry is which signals are exported and what messages carry. Everything else about the export, OpenTelemetry's SDK reads
// from the environment itself.
type Telemetry struct {
	Disabled              bool // by OTEL_SDK_DISABLED
	Traces, Metrics, Logs bool // are exported
	TraceContext, Baggage bool // are carried by messages
	SpanQueue, LogQueue   int  // how many of each may wait for export
}

// Exports reports whether anything is.
func (t Telemetry) Exports() bool { return t.Traces || t.Metrics || t.Logs }

const defaultQueue = 2048 // the specification's

func (r *reader) telemetry() Telemetry {
	t := Telemetry{
		Disabled:  r.bool(SDKDisabled, false),
		Traces:    r.exported(TracesExporter, OTLPTracesEndpoint, "otlp", "console", "none"),
		Metrics:   r.exported(MetricsExporter, OTLPMetricsEndpoint, "otlp", "console", "prometheus", "none"),
		Logs:      r.exported(LogsExporter, OTLPLogsEndpoint, "otlp", "console", "none"),
		SpanQueue: int(r.whole(SpanQueue, defaultQueue, 1, mostQueued)),
		LogQueue:  int(r.whole(LogQueue, defaultQueue, 1, mostQueued)),
	}
	t.TraceContext, t.Baggage = r.propagators()
	for _, check := range otelChecks {
		for _, name := range check.names {
			if value := r.get(name); value != "" && !check.accepts(value) {
				r.report(name, "want "+check.want)
			}
		}
	}
	if t.Disabled {
		t.Traces, t.Metrics, t.Logs = false, false, false
	}
	return t
}

// mostQueued is more than anybody has memory for, and fits an int everywhere.
const mostQueued = 1 << 30

// exported reports whether a signal is: as its own variable says, and without one if there is an endpoint to send it to.
func (r *reader) exported(exporter, endpoint string, words ...string) bool {
	switch r.oneOf(exporter, "", words...) {
	case "":
		return r.isSet(endpoint) || r.isSet(OTLPEndpoint)
	case "none":
		return false
	default:
		return true
	}
}

func (r *reader) propagators() (traceContext, baggage bool) {
	words := strings.Split(r.text(Propagators, "tracecontext,baggage"), ",")
	for _, word := range words {
		switch strings.TrimSpace(word) {
		case "tracecontext":
			traceContext = true
		case "baggage":
			baggage = true
		case "none":
		default:
			r.report(Propagators, "want a list of tracecontext and baggage, or none")
			return true, true
		}
	}
	return traceContext, baggage
}

// otelCheck is what the specification says about the values of some variables. The SDK ignores what is wrong with most of
// them, or says so when the process has long been running.
type otelCheck struct {
	names   []string
	want    string
	accepts func(string) bool
}

var otelChecks = []otelCheck{
	{[]string{OTLPEndpoint, OTLPTracesEndpoint, OTLPMetricsEndpoint, OTLPLogsEndpoint},
		"a URL such as http://localhost:4318", isEndpoint},
	{everySignal("PROTOCOL"), "http/protobuf or grpc", anyOf("http/protobuf", "grpc")},
	{everySignal("COMPRESSION"), "gzip or none", anyOf("gzip", "none")},
	{everySignal("INSECURE"), "true or false", isBool},
	{everySignal("TIMEOUT"), wantMilliseconds, isPositive},
	{slices.Concat(everySignal("CERTIFICATE"), everySignal("CLIENT_CERTIFICATE"), everySignal("CLIENT_KEY")),
		"a file that can be read", isReadable},
	{[]string{"OTEL_TRACES_SAMPLER"}, choice(samplers), anyOf(samplers...)},
	{[]string{"OTEL_TRACES_SAMPLER_ARG"}, "a number from 0 to 1", isShare},
	{[]string{"OTEL_METRICS_EXEMPLAR_FILTER"}, "always_on, always_off or trace_based", anyOf("always_on", "always_off", "trace_based")},
	{[]string{"OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT",
		"OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BLRP_EXPORT_TIMEOUT"}, wantMilliseconds, isPositive},
	{[]string{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"}, "a whole number from 1", isPositive},
	{[]string{"OTEL_RESOURCE_ATTRIBUTES"}, "a list such as key1=value1,key2=value2", isAttributes},
}

const wantMilliseconds = "a number of milliseconds from 1"

var samplers = []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}

// everySignal is the names of an option of the OTLP exporters, for all signals and for each.
func everySignal(option string) []string {
	var names []string
	for _, signal := range []string{"", "TRACES_", "METRICS_", "LOGS_"} {
		names = append(names, "OTEL_EXPORTER_OTLP_"+signal+option)
	}
	return names
}

func anyOf(words ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(words, s) }
}

func isEndpoint(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

func isBool(s string) bool {
	_, err := strconv.ParseBool(s)
	return err == nil
}

func isPositive(s string) bool {
	n, err := strconv.ParseInt(s, 10, 32)
	return err == nil && n > 0
}

func isShare(s string) bool {
	x, err := strconv.ParseFloat(s, 64)
	return err == nil && x >= 0 && x <= 1
}

func isReadable(path string) bool {
	_, err := os.ReadFile(path)
	return err == nil
}

func isAttributes(s string) bool {
	for pair := range strings.SplitSeq(s, ",") {
		key, value, found := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(value); !found || strings.TrimSpace(key) == "" || err != nil {
			return false
		}
	}
	return true
}

// warnings are about what is allowed and hardly meant.
func (r *reader) otelWarnings() (warnings []string) {
	for signal, endpoint := range map[string]string{"TRACES_": OTLPTracesEndpoint, "METRICS_": OTLPMetricsEndpoint, "LOGS_": OTLPLogsEndpoint} {
		protocol := r.text("OTEL_EXPORTER_OTLP_"+signal+"PROTOCOL", r.get(OTLPProtocol))
		u, err := url.Parse(r.text(endpoint, r.get(OTLPEndpoint)))
		if err == nil && u.Port() == "4317" && protocol == "" {
			return []string{"the OTLP endpoint has gRPC's port 4317, and without " + OTLPProtocol + "=grpc is spoken to as http/protobuf"}
		}
	}
	return nil
}
