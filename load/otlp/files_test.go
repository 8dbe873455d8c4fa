package otlp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spanAt is a request of one span that ended at an instant.
func spanAt(name string, at uint64) *tracepb.ExportTraceServiceRequest {
	return &tracepb.ExportTraceServiceRequest{ResourceSpans: []*spans.ResourceSpans{{ScopeSpans: []*spans.ScopeSpans{{
		Spans: []*spans.Span{{TraceId: traceID, SpanId: spanID, Name: name, EndTimeUnixNano: at}},
	}}}}}
}

// text is requests as the exporter writes them.
func lineEach(t *testing.T, all ...proto.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, q := range all {
		line, err := EncodeJSON(q)
		require.NoError(t, err)
		b.Write(append(line, '\n'))
	}
	return b.Bytes()
}

func zstded(t *testing.T, data []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer z.Close()
	return z.EncodeAll(data, nil)
}

// framed is requests as the exporter writes them with its own compression.
func framed(t *testing.T, all ...proto.Message) (data []byte) {
	t.Helper()
	for _, q := range all {
		line, err := EncodeJSON(q)
		require.NoError(t, err)
		record := zstded(t, line)
		data = binary.BigEndian.AppendUint32(data, uint32(len(record)))
		data = append(data, record...)
	}
	return data
}

// folder holds files.
func folder(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	return dir
}

// readAll returns the names of all spans, in order, and the notes without the folder's name.
func readAll(t *testing.T, dir string, paths ...string) (names, notes []string) {
	t.Helper()
	for i := range paths {
		paths[i] = filepath.Join(dir, paths[i])
	}
	f, err := OpenFiles(paths...)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	for {
		q, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if traces, isTraces := q.(*tracepb.ExportTraceServiceRequest); isTraces {
			names = append(names, traces.ResourceSpans[0].ScopeSpans[0].Spans[0].Name)
		} else {
			names = append(names, string(q.ProtoReflect().Descriptor().Name()))
		}
	}
	for _, n := range f.Notes() {
		notes = append(notes, strings.ReplaceAll(n, dir+string(filepath.Separator), ""))
	}
	return names, notes
}

func TestFiles(t *testing.T) {
	a, b, c := spanAt("a", 1), spanAt("b", 2), spanAt("c", 3)
	whole := lineEach(t, a, b, c)
	half := whole[:len(whole)-20]
	for name, tc := range map[string]struct {
		files  map[string][]byte
		paths  []string
		want   []string
		noting string // in the one note that there is
	}{
		"one file":        {map[string][]byte{"t.json": whole}, []string{"t.json"}, []string{"a", "b", "c"}, ""},
		"no newline":      {map[string][]byte{"t.json": bytes.TrimSpace(whole)}, []string{"t.json"}, []string{"a", "b", "c"}, ""},
		"an empty file":   {map[string][]byte{"t.json": nil}, []string{"t.json"}, nil, ""},
		"empty lines":     {map[string][]byte{"t.json": []byte("\n\r\n{}\n" + string(whole))}, []string{"t.json"}, []string{"a", "b", "c"}, ""},
		"half a line":     {map[string][]byte{"t.json": half}, []string{"t.json"}, []string{"a", "b"}, "t.json: record 3, the last, breaks off after"},
		"gzip":            {map[string][]byte{"t.json.gz": gzipped(t, whole)}, []string{"t.json.gz"}, []string{"a", "b", "c"}, ""},
		"a bit of gzip":   {map[string][]byte{"t.json.gz": gzipped(t, whole)[:5]}, []string{"t.json.gz"}, nil, "t.json.gz: record 1, the last, breaks off"},
		"zstd":            {map[string][]byte{"t.json.zst": zstded(t, whole)}, []string{"t.json.zst"}, []string{"a", "b", "c"}, ""},
		"zstd records":    {map[string][]byte{"t.json": framed(t, a, b, c)}, []string{"t.json"}, []string{"a", "b", "c"}, ""},
		"half a record":   {map[string][]byte{"t.json": framed(t, a, b, c)[:len(framed(t, a, b))+9]}, []string{"t.json"}, []string{"a", "b"}, "t.json: record 3, the last, breaks off"},
		"half a length":   {map[string][]byte{"t.json": framed(t, a, b, c)[:len(framed(t, a, b))+2]}, []string{"t.json"}, []string{"a", "b"}, "t.json: record 3, the last, breaks off"},
		"an absurd one":   {map[string][]byte{"t.json": slices.Concat(framed(t, a), []byte{255, 255, 255, 255})}, []string{"t.json"}, []string{"a"}, "breaks off"},
		"every signal":    {map[string][]byte{"t.json": lineEach(t, a, someMetrics(), someLogs())}, []string{"t.json"}, []string{"a", "ExportMetricsServiceRequest", "ExportLogsServiceRequest"}, ""},
		"lines of others": {map[string][]byte{"t.json": []byte("hello\n" + string(whole) + "[]\n{\"resourceProfiles\":[]}\n")}, []string{"t.json"}, []string{"a", "b", "c"}, "t.json: left out what is not OTLP in JSON, 3 in all; the first is record 1: "},
		"rotated": {map[string][]byte{
			"t.json": lineEach(t, c), "t-2026-10-02T12-00-01.000-size.json": lineEach(t, b), "t-2026-10-02T12-00-00.999.json.gz": gzipped(t, lineEach(t, a)),
			"t-old.json": whole, "s-2026-10-02T12-00-01.000.json": whole}, []string{"t.json"}, []string{"a", "b", "c"}, ""},
		"rotated without an extension": {map[string][]byte{"t": lineEach(t, b), "t-2026-10-02T12-00-01.000": lineEach(t, a)}, []string{"t"}, []string{"a", "b"}, ""},
		"rotated, and why":             {map[string][]byte{"t": lineEach(t, b), "t-2026-10-02T12-00-01.000-time": lineEach(t, a)}, []string{"t"}, []string{"a", "b"}, ""},
		"one that was rotated":         {map[string][]byte{"t.json": lineEach(t, c), "t-2026-10-02T12-00-01.000.json": lineEach(t, b)}, []string{"t-2026-10-02T12-00-01.000.json"}, []string{"b"}, ""},
		"named twice": {map[string][]byte{"t.json": lineEach(t, c), "t-2026-10-02T12-00-01.000.json": lineEach(t, b)},
			[]string{"t.json", "t-2026-10-02T12-00-01.000.json", "t.json"}, []string{"b", "c"}, ""},
		"side by side": {map[string][]byte{"x.json": lineEach(t, a, c), "y.json": lineEach(t, b, spanAt("d", 4))}, []string{"y.json", "x.json"}, []string{"a", "b", "c", "d"}, ""},
		"a folder":     {map[string][]byte{"x.json": lineEach(t, a, c), "y.jsonl.gz": gzipped(t, lineEach(t, b)), "notes.txt": []byte("hello")}, []string{""}, []string{"a", "b", "c"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			names, notes := readAll(t, folder(t, tc.files), tc.paths...)
			assert.Equal(t, tc.want, names)
			if tc.noting == "" {
				assert.Empty(t, notes)
				return
			}
			require.Len(t, notes, 1)
			assert.Contains(t, notes[0], tc.noting)
		})
	}
}

// TestHalfAGzip: what can be unpacked is read; how much that is compress/gzip decides.
func TestHalfAGzip(t *testing.T) {
	packed := gzipped(t, bytes.Repeat(lineEach(t, spanAt("a", 1)), 1000))
	names, notes := readAll(t, folder(t, map[string][]byte{"t.json.gz": packed[:len(packed)/2]}), "t.json.gz")
	assert.Less(t, len(names), 1000)
	require.Len(t, notes, 1)
	assert.Contains(t, notes[0], "the last, breaks off")
}

func TestOpenFiles(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.json": nil, "b.json": nil})
	_, err := OpenFiles(filepath.Join(dir, "gone.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = OpenFiles(filepath.Join(dir, "a.json"), filepath.Join(dir, "gone.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = OpenFiles(t.TempDir())
	require.ErrorContains(t, err, "has no JSON files")
	f, err := OpenFiles(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json")}, f.Names())
	assert.False(t, f.AreRotated())
	require.NoError(t, f.Close())

	dir = folder(t, map[string][]byte{"a.json": []byte("{\"resource"), "a-2026-10-02T12-00-01.000.json": nil})
	f, err = OpenFiles(dir)
	require.NoError(t, err)
	assert.True(t, f.AreRotated())
	assert.False(t, f.BreakOff())
	_, err = f.Next()
	require.ErrorIs(t, err, io.EOF)
	assert.True(t, f.BreakOff())
	require.NoError(t, f.Close())
}

// FuzzFiles: whatever is in a file, it is read to its end without a panic.
func FuzzFiles(f *testing.F) {
	line, _ := EncodeJSON(someTraces())
	f.Add(append(line, '\n'))
	f.Add([]byte("{}\n[]\n{\"resourceSpans\":[null,{\"scopeSpans\":[null]}]}"))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte{0, 0, 0, 8, 0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "t.json")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		files, err := OpenFiles(path)
		require.NoError(t, err)
		defer files.Close()
		for {
			if _, err := files.Next(); err != nil {
				require.ErrorIs(t, err, io.EOF)
				return
			}
		}
	})
}
