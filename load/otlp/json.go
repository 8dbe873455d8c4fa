package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"

	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// OTLP's JSON is protobuf's with one exception that protojson does not know: ids are hexadecimal where other bytes are base64.
// The 32 or 16 digits of an id happen to be valid base64, so that protojson reads them as 24 or 12 bytes, and encoding these
// again gives the digits back.

// unmarshalJSON decodes one request of any signal. As the protocol has it, fields that it does not know are ignored. An id
// that is not hexadecimal, or of another length, is an error.
func unmarshalJSON(data []byte, into proto.Message) error {
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, into); err != nil {
		return err
	}
	return eachID(into, unhex)
}

// EncodeJSON encodes one request of any signal as exporters send it and the collector's file exporter writes it.
func EncodeJSON(message proto.Message) ([]byte, error) {
	message = proto.Clone(message)
	if err := eachID(message, rehex); err != nil {
		return nil, err
	}
	return protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(message)
}

// unhex turns what protojson took for base64 into the id that it is.
func unhex(misread []byte, size int) ([]byte, error) {
	digits := base64.StdEncoding.EncodeToString(misread)
	id, err := hex.DecodeString(digits)
	if err != nil || len(id) != size {
		return nil, fmt.Errorf("%q is no id of %d hexadecimal digits", digits, 2*size)
	}
	return id, nil
}

// rehex is the way back.
func rehex(id []byte, _ int) ([]byte, error) {
	return base64.StdEncoding.DecodeString(hex.EncodeToString(id))
}

const (
	traceIDSize = 16
	spanIDSize  = 8
)

// eachID replaces every id in a request by what f makes of it. An id that is not there stays away.
func eachID(request proto.Message, f func(id []byte, size int) ([]byte, error)) (err error) {
	change := func(id *[]byte, size int) {
		if len(*id) == 0 || err != nil {
			return
		}
		*id, err = f(*id, size)
	}
	switch q := request.(type) {
	case *tracepb.ExportTraceServiceRequest:
		traceIDs(q, change)
	case *logspb.ExportLogsServiceRequest:
		logIDs(q, change)
	case *metricspb.ExportMetricsServiceRequest:
		metricIDs(q, change)
	}
	return err
}

func traceIDs(q *tracepb.ExportTraceServiceRequest, change func(*[]byte, int)) {
	for _, r := range q.ResourceSpans {
		for _, scope := range r.ScopeSpans {
			for _, s := range scope.Spans {
				change(&s.TraceId, traceIDSize)
				change(&s.SpanId, spanIDSize)
				change(&s.ParentSpanId, spanIDSize)
				for _, l := range s.Links {
					change(&l.TraceId, traceIDSize)
					change(&l.SpanId, spanIDSize)
				}
			}
		}
	}
}

func logIDs(q *logspb.ExportLogsServiceRequest, change func(*[]byte, int)) {
	for _, r := range q.ResourceLogs {
		for _, scope := range r.ScopeLogs {
			for _, l := range scope.LogRecords {
				change(&l.TraceId, traceIDSize)
				change(&l.SpanId, spanIDSize)
			}
		}
	}
}

// metricIDs finds the ids of exemplars.
func metricIDs(q *metricspb.ExportMetricsServiceRequest, change func(*[]byte, int)) {
	for _, r := range q.ResourceMetrics {
		for _, scope := range r.ScopeMetrics {
			for _, m := range scope.Metrics {
				for _, e := range exemplars(m) {
					change(&e.TraceId, traceIDSize)
					change(&e.SpanId, spanIDSize)
				}
			}
		}
	}
}
