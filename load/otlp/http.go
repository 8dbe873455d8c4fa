package otlp

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	contentProtobuf = "application/x-protobuf"
	contentJSON     = "application/json"
	// headerLimit and bodyLimit are how long a client may take to send what it has to.
	headerLimit = 10 * time.Second
	bodyLimit   = time.Minute
)

func (r *Receiver) newHTTP() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", r.export(func() proto.Message { return new(tracepb.ExportTraceServiceRequest) }))
	mux.HandleFunc("POST /v1/metrics", r.export(func() proto.Message { return new(metricspb.ExportMetricsServiceRequest) }))
	mux.HandleFunc("POST /v1/logs", r.export(func() proto.Message { return new(logspb.ExportLogsServiceRequest) }))
	return &http.Server{Handler: mux, ReadHeaderTimeout: headerLimit, ReadTimeout: bodyLimit}
}

// export answers the requests of one path.
func (r *Receiver) export(newRequest func() proto.Message) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		if !r.requests.enter() {
			refuse(w, contentProtobuf, http.StatusServiceUnavailable, status.New(codes.Unavailable, "too many requests at once, or closing"))
			return
		}
		defer r.requests.leave()
		request := newRequest()
		content, err := r.read(w, q, request)
		if err != nil {
			r.counter.malformed()
			refuse(w, content, httpStatusOfBadRequest(err), status.New(codes.InvalidArgument, err.Error()))
			return
		}
		response, err := r.receive(metadata.NewIncomingContext(q.Context(), lowerCase(q.Header)), request)
		if err != nil {
			s := status.Convert(err)
			refuse(w, content, httpStatus(s.Code()), s)
			return
		}
		answer(w, content, http.StatusOK, response)
	}
}

// lowerCase is a header as gRPC has them, so that handlers find it in the same place whichever way a request came.
func lowerCase(h http.Header) metadata.MD {
	md := make(metadata.MD, len(h))
	for name, values := range h {
		md[strings.ToLower(name)] = values
	}
	return md
}

// errUnsupported is a request in a form that is not OTLP's.
var errUnsupported = errors.New("not a form that OTLP is sent in")

// read reads and decodes the body, and says in which form the answer should be.
func (r *Receiver) read(w http.ResponseWriter, q *http.Request, into proto.Message) (content string, err error) {
	content, _, _ = mime.ParseMediaType(q.Header.Get("Content-Type"))
	if content != contentProtobuf && content != contentJSON {
		return contentProtobuf, fmt.Errorf("%w: Content-Type %q, want %s or %s", errUnsupported, q.Header.Get("Content-Type"), contentProtobuf, contentJSON)
	}
	wire := &measured{r: http.MaxBytesReader(w, q.Body, int64(r.maxMessage))}
	data, err := unpack(wire, q.Header.Get("Content-Encoding"), r.maxMessage)
	if err != nil {
		return content, err
	}
	if content == contentJSON {
		err = unmarshalJSON(data, into)
	} else {
		err = proto.Unmarshal(data, into)
	}
	if err != nil {
		return content, fmt.Errorf("not OTLP: %w", err)
	}
	r.counter.arrived(wire.n, len(data))
	return content, nil
}

// measured counts the bytes that are read.
type measured struct {
	r io.Reader
	n int
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += n
	return n, err
}

// unpack reads all of a body that is not longer than limit once it is decompressed.
func unpack(body io.Reader, encoding string, limit int) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		body = z
	default:
		return nil, fmt.Errorf("%w: Content-Encoding %q, want gzip or none", errUnsupported, encoding)
	}
	data, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the body: %w", err)
	case len(data) > limit:
		return nil, &http.MaxBytesError{Limit: int64(limit)}
	}
	return data, nil
}

func httpStatusOfBadRequest(err error) int {
	tooLong := (*http.MaxBytesError)(nil)
	switch {
	case errors.Is(err, errUnsupported):
		return http.StatusUnsupportedMediaType
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge
	default:
		return http.StatusBadRequest
	}
}

// httpStatus is what a gRPC status means over HTTP. The protocol has exporters try again after 429, 502, 503 and 504 and
// nothing else, so that statuses after which they try again over gRPC must become one of these.
func httpStatus(code codes.Code) int {
	switch code {
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.Unavailable, codes.Aborted, codes.OutOfRange, codes.DataLoss, codes.Canceled:
		return http.StatusServiceUnavailable
	case codes.DeadlineExceeded:
		return http.StatusGatewayTimeout
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.Unimplemented:
		return http.StatusNotImplemented
	case codes.InvalidArgument, codes.FailedPrecondition, codes.NotFound, codes.AlreadyExists:
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}

// refuse sends a status. Its text may quote what was received, but must be UTF-8 in protobuf.
func refuse(w http.ResponseWriter, content string, code int, s *status.Status) {
	why := s.Proto()
	why.Message = strings.ToValidUTF8(why.Message, "\uFFFD")
	answer(w, content, code, why)
}

// answer sends a message in the form of the request. An exporter that is gone by now does not hear it.
func answer(w http.ResponseWriter, content string, code int, message proto.Message) {
	marshal := proto.Marshal
	if content == contentJSON {
		marshal = protojson.Marshal
	}
	body, err := marshal(message)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", content)
	w.WriteHeader(code)
	_, _ = w.Write(body)
}
