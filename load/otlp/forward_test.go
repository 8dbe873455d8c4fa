package otlp

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// passOn makes a receiver that passes everything on to an endpoint.
func passOn(t *testing.T, endpoint string) (*Receiver, *Forwarder) {
	t.Helper()
	f, err := NewForwarder(endpoint)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return anywhere(t, Handler{Traces: f.Traces, Metrics: f.Metrics, Logs: f.Logs}), f
}

func TestForwards(t *testing.T) {
	for name, s := range signals {
		for scheme, endpointOf := range map[string]func(*Receiver) string{
			"":     func(r *Receiver) string { return r.GRPCAddr() },
			"grpc": func(r *Receiver) string { return "grpc://" + r.GRPCAddr() },
			"http": func(r *Receiver) string { return "http://" + r.HTTPAddr() },
		} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				received := make(chan proto.Message, 2)
				end := anywhere(t, keepAll(received, nil))
				between, f := passOn(t, endpointOf(end))
				require.NoError(t, s.export(limited(t), dial(t, between), s.request()))
				assert.True(t, proto.Equal(s.request(), await(t, received, "the request")))
				assert.Equal(t, 200, post(t, "http://"+between.HTTPAddr()+s.path, marshal(t, s.request()), "Content-Type", contentProtobuf).code)
				assert.True(t, proto.Equal(s.request(), await(t, received, "the request")))
				assert.Equal(t, Forwarded{Requests: 2}, f.Counts())
			})
		}
	}
}

// TestForwardsHeaders: an endpoint may ask for a token.
func TestForwardsHeaders(t *testing.T) {
	tokens := make(chan []string, 1)
	end := anywhere(t, Handler{Traces: func(ctx context.Context, _ *tracepb.ExportTraceServiceRequest) error {
		md, _ := metadata.FromIncomingContext(ctx)
		tokens <- md.Get("authorization")
		return nil
	}})
	for _, endpoint := range []string{end.GRPCAddr(), "http://" + end.HTTPAddr()} {
		between, _ := passOn(t, endpoint)
		ctx := metadata.AppendToOutgoingContext(limited(t), "authorization", "Bearer x")
		require.NoError(t, signals["traces"].export(ctx, dial(t, between), someTraces()))
		assert.Equal(t, []string{"Bearer x"}, await(t, tokens, "the header"))
		got := post(t, "http://"+between.HTTPAddr()+"/v1/traces", marshal(t, someTraces()), "Content-Type", contentProtobuf, "Authorization", "Bearer x")
		assert.Equal(t, 200, got.code)
		assert.Equal(t, []string{"Bearer x"}, await(t, tokens, "the header"))
	}
}

// TestForwardsRefusals: an exporter is told what the endpoint says, so that it sends again or not.
func TestForwardsRefusals(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.ResourceExhausted, codes.InvalidArgument, codes.Unauthenticated, codes.PermissionDenied} {
		t.Run(code.String(), func(t *testing.T) {
			end := anywhere(t, Handler{})
			end.Behave(Behavior{Refuse: code})
			for _, endpoint := range []string{end.GRPCAddr(), "http://" + end.HTTPAddr()} {
				between, f := passOn(t, endpoint)
				assert.Equal(t, code, status.Code(signals["traces"].export(limited(t), dial(t, between), someTraces())))
				assert.Equal(t, uint64(1), f.Counts().Failed)
				assert.NotEmpty(t, f.Counts().LastErr)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		end := anywhere(t, Handler{})
		require.NoError(t, end.Close())
		for _, endpoint := range []string{end.GRPCAddr(), "http://" + end.HTTPAddr()} {
			between, _ := passOn(t, endpoint)
			assert.Equal(t, codes.Unavailable, status.Code(signals["traces"].export(limited(t), dial(t, between), someTraces())))
		}
	})
}

func TestForwardCountsWhatIsRejected(t *testing.T) {
	end := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, contentProtobuf, http.StatusOK, &tracepb.ExportTraceServiceResponse{
			PartialSuccess: &tracepb.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "too old"}})
	}))
	defer end.Close()
	between, f := passOn(t, end.URL)
	require.NoError(t, signals["traces"].export(limited(t), dial(t, between), someTraces()))
	assert.Equal(t, Forwarded{Requests: 1, Rejected: 3, LastErr: "too old"}, f.Counts())
}

func TestForwardNowhere(t *testing.T) {
	for endpoint, says := range map[string]string{
		"ftp://host:1":          "want grpc, grpcs, http or https",
		"":                      "want host:port",
		"http://":               "want host:port",
		"http://u:secret@h:1":   "want host:port",
		"http://host:1/?a=b":    "want host:port",
		"http://host:not-a-num": "invalid port",
	} {
		_, err := NewForwarder(endpoint)
		assert.ErrorContains(t, err, says, endpoint)
	}
}
