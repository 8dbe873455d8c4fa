package otlp

import (
	"bytes"
	"io"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// FuzzHTTP: whatever a body claims to be, it is answered and does no harm.
func FuzzHTTP(f *testing.F) {
	whole, err := proto.Marshal(someTraces())
	require.NoError(f, err)
	line, err := EncodeJSON(someTraces())
	require.NoError(f, err)
	f.Add(whole, contentProtobuf, "", "/v1/traces")
	f.Add(line, contentJSON, "", "/v1/traces")
	f.Add([]byte{0x1f, 0x8b}, contentJSON, "gzip", "/v1/logs")
	f.Add([]byte{10, 255, 255, 255, 15}, contentProtobuf, "", "/v1/metrics")
	f.Add([]byte("\x8f"), contentJSON, "", "/v1/traces")
	r, err := Listen(Config{HTTP: "127.0.0.1:0", MaxMessage: 1 << 20})
	require.NoError(f, err)
	f.Cleanup(func() { _ = r.Close() })
	f.Fuzz(func(t *testing.T, body []byte, content, encoding, path string) {
		q := httptest.NewRequest("POST", "/v1/traces", io.NopCloser(bytes.NewReader(body)))
		if path == "/v1/metrics" || path == "/v1/logs" {
			q.URL.Path = path
		}
		q.Header.Set("Content-Type", content)
		q.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		r.http.Handler.ServeHTTP(w, q)
		require.Contains(t, []int{200, 400, 413, 415}, w.Code)
	})
}
