package otlp

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// longestRecord bounds a line, and a record of a compressed file once it is unpacked: the exporter writes one batch in each.
const longestRecord = 64 << 20

// Files reads requests from files as the collector's file exporter writes them: a line of JSON each, or, with its compression,
// a record of zstd. Files compressed as a whole, by gzip or zstd, are read too. Not safe for concurrent use.
type Files struct {
	sets  []*fileSet
	notes []string
}

// OpenFiles opens files, and the JSON files in folders. With a file come the ones that the exporter has rotated out of its way:
// traces-2026-10-02T12-00-00.000.json belongs to traces.json and is read before it. The caller must Close them.
func OpenFiles(paths ...string) (*Files, error) {
	found, err := findFiles(paths)
	if err != nil {
		return nil, err
	}
	f := &Files{}
	for _, names := range found {
		set := &fileSet{names: names, note: f.note}
		f.sets = append(f.sets, set)
		if err := set.open(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// Names lists the files, in the order in which they are read where they are of one set.
func (f *Files) Names() (names []string) {
	for _, s := range f.sets {
		names = append(names, s.names...)
	}
	return names
}

// AreRotated reports whether some of the files were rotated out of the exporter's way: there may have been older ones, which it
// has removed by now.
func (f *Files) AreRotated() bool {
	return slices.ContainsFunc(f.Names(), func(name string) bool {
		_, at := splitName(name)
		return at != ""
	})
}

// BreakOff reports whether the end of a file that was read so far is missing, because it is still being written, say.
func (f *Files) BreakOff() bool {
	return slices.ContainsFunc(f.sets, func(s *fileSet) bool { return s.breaksOff })
}

// Next returns the next request, of any signal, or io.EOF. Sets of files are read side by side by the time of what they hold, so
// that spans of one message that different collectors have written come close to each other. What cannot be read is left out and
// told by Notes; an error is of the system's.
func (f *Files) Next() (proto.Message, error) {
	var first *fileSet
	for _, s := range f.sets {
		if err := s.fill(); err != nil {
			return nil, err
		}
		if s.next != nil && (first == nil || s.at < first.at) {
			first = s
		}
	}
	if first == nil {
		return nil, io.EOF
	}
	next := first.next
	first.next = nil
	return next, nil
}

// Notes says what was left out so far: a line that breaks off at the end of a file, lines that are not OTLP.
func (f *Files) Notes() []string { return slices.Clone(f.notes) }

func (f *Files) note(format string, args ...any) {
	f.notes = append(f.notes, fmt.Sprintf(format, args...))
}

// Close closes all files.
func (f *Files) Close() error {
	var errs []error
	for _, s := range f.sets {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// fileSet is a file and those that were rotated out of its way, oldest first.
type fileSet struct {
	names []string
	note  func(format string, args ...any)

	current int // index into names
	file    *os.File
	records records
	damage  damage
	// breaksOff says that the end of a file was missing.
	breaksOff bool

	next proto.Message // nil if it has to be read
	at   uint64        // of next, ns since 1970
}

// damage is what is wrong with one file.
type damage struct {
	count int
	first int // number of a line or record
	err   error
}

// fill reads the next request unless it is there.
func (s *fileSet) fill() error {
	for s.next == nil && s.file != nil {
		record, number, err := s.records.next()
		switch {
		case errors.Is(err, io.EOF):
			if err := s.turn(); err != nil {
				return err
			}
		case errors.Is(err, errBrokenOff):
			s.note("%s: record %d, the last, breaks off: left out", s.name(), number)
			s.breaksOff = true
			if err := s.turn(); err != nil {
				return err
			}
		case errors.Is(err, errTooLong):
			s.blame(number, err)
		case err != nil:
			return fmt.Errorf("read %s: %w", s.name(), err)
		default:
			s.take(record, number)
		}
	}
	return nil
}

// take decodes a record. One that does not decode may be the half of a line that was being written.
func (s *fileSet) take(record []byte, number int) {
	if len(bytes.TrimSpace(record)) == 0 {
		return
	}
	request, err := decodeRecord(record)
	switch {
	case err != nil && s.records.isLast():
		s.note("%s: record %d, the last, breaks off after %d bytes: left out", s.name(), number, len(record))
		s.breaksOff = true
	case err != nil:
		s.blame(number, err)
	case request != nil:
		s.next, s.at = request, earliest(request)
	}
}

func (s *fileSet) blame(number int, err error) {
	if s.damage.count == 0 {
		s.damage.first, s.damage.err = number, err
	}
	s.damage.count++
}

// turn goes on to the next file.
func (s *fileSet) turn() error {
	if d := s.damage; d.count > 0 {
		s.note("%s: left out what is not OTLP in JSON, %d in all; the first is record %d: %v", s.name(), d.count, d.first, d.err)
	}
	s.damage = damage{}
	if err := s.close(); err != nil {
		return err
	}
	s.current++
	if s.current == len(s.names) {
		return nil
	}
	return s.open()
}

func (s *fileSet) open() error {
	file, err := os.Open(s.names[s.current])
	if err != nil {
		return err
	}
	s.file = file
	s.records, err = newRecords(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.name(), err)
	}
	return nil
}

func (s *fileSet) close() error {
	if s.file == nil {
		return nil
	}
	if s.records != nil {
		s.records.close()
	}
	err := s.file.Close()
	s.file, s.records = nil, nil
	return err
}

func (s *fileSet) name() string { return s.names[s.current] }

// signalOf makes the request that a record's first key says it is.
var signalOf = map[string]func() proto.Message{
	"resourceSpans":    func() proto.Message { return new(tracepb.ExportTraceServiceRequest) },
	"resource_spans":   func() proto.Message { return new(tracepb.ExportTraceServiceRequest) },
	"resourceMetrics":  func() proto.Message { return new(metricspb.ExportMetricsServiceRequest) },
	"resource_metrics": func() proto.Message { return new(metricspb.ExportMetricsServiceRequest) },
	"resourceLogs":     func() proto.Message { return new(logspb.ExportLogsServiceRequest) },
	"resource_logs":    func() proto.Message { return new(logspb.ExportLogsServiceRequest) },
}

// decodeRecord decodes one record. An empty object is no request and no error.
func decodeRecord(record []byte) (proto.Message, error) {
	key, err := firstKey(record)
	if err != nil || key == "" {
		return nil, err
	}
	newRequest := signalOf[key]
	if newRequest == nil {
		return nil, fmt.Errorf("%q is neither traces, metrics nor logs", cutTo(key, 40))
	}
	request := newRequest()
	if err := unmarshalJSON(record, request); err != nil {
		return nil, err
	}
	return request, nil
}

func cutTo(s string, n int) string { return s[:min(n, len(s))] }

// firstKey is the first key of a JSON object, "" if it has none.
func firstKey(record []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(record))
	open, err := d.Token()
	if err != nil {
		return "", err
	}
	if open != json.Delim('{') {
		return "", errors.New("not a JSON object")
	}
	key, err := d.Token()
	if err != nil {
		return "", err
	}
	name, _ := key.(string) // the end of the object is the other possibility
	return name, nil
}

// earliest is the first instant in a request, ns since 1970, 0 if there is none.
func earliest(request proto.Message) (first uint64) {
	see := func(at uint64) {
		if at > 0 && (first == 0 || at < first) {
			first = at
		}
	}
	switch q := request.(type) {
	case *tracepb.ExportTraceServiceRequest:
		for _, r := range q.ResourceSpans {
			for _, scope := range r.ScopeSpans {
				for _, s := range scope.Spans {
					see(s.EndTimeUnixNano)
				}
			}
		}
	case *metricspb.ExportMetricsServiceRequest:
		for _, r := range q.ResourceMetrics {
			for _, scope := range r.ScopeMetrics {
				for _, m := range scope.Metrics {
					for _, p := range m.GetSum().GetDataPoints() {
						see(p.TimeUnixNano)
					}
				}
			}
		}
	}
	return first
}

// records are the parts of a file, each a request.
type records interface {
	// next returns a record, which is valid until the next call, and its number from 1 on; or io.EOF, errBrokenOff, errTooLong,
	// after which there may be more, or an error of the system's.
	next() (record []byte, number int, err error)
	// isLast reports whether the record returned last is the end of the file and may therefore be incomplete.
	isLast() bool
	close()
}

var (
	errBrokenOff = errors.New("it breaks off")
	errTooLong   = fmt.Errorf("it is longer than %d bytes", longestRecord)
)

// The first bytes of files.
var (
	magicGzip = []byte{0x1f, 0x8b}
	magicZstd = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// lengthSize is the size of the number before each record of a file that the exporter compresses, big-endian.
const lengthSize = 4

// newRecords looks at the beginning of a file for what it is.
func newRecords(file io.Reader) (records, error) {
	r := bufio.NewReader(file)
	head, err := r.Peek(lengthSize + len(magicZstd))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, magicGzip):
		z, err := gzip.NewReader(r)
		if err != nil {
			return &lines{r: bufio.NewReader(broken{})}, nil
		}
		return &lines{r: bufio.NewReader(z)}, nil
	case bytes.HasPrefix(head, magicZstd):
		z, err := newZstd(r)
		if err != nil {
			return nil, err
		}
		return &lines{r: bufio.NewReader(z), closing: z.Close}, nil
	case len(head) > lengthSize && bytes.HasPrefix(head[lengthSize:], magicZstd):
		z, err := newZstd(nil)
		if err != nil {
			return nil, err
		}
		return &frames{r: r, z: z}, nil
	default:
		return &lines{r: r}, nil
	}
}

func newZstd(r io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(longestRecord))
}

// broken is a compressed file of which not even the head is whole.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// lines are the lines of a text.
type lines struct {
	r       *bufio.Reader
	line    []byte
	number  int
	isEnd   bool
	closing func() // nil if there is nothing to close
}

func (l *lines) next() ([]byte, int, error) {
	if l.isEnd {
		return nil, l.number, io.EOF
	}
	l.line, l.number = l.line[:0], l.number+1
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.line) <= longestRecord {
			l.line = append(l.line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			l.isEnd = true
			if len(l.line) == 0 {
				return nil, l.number, io.EOF
			}
		case err != nil && isDamage(err):
			l.isEnd = true
			return nil, l.number, errBrokenOff
		case err != nil:
			return nil, l.number, err
		}
		if len(l.line) > longestRecord {
			return nil, l.number, errTooLong
		}
		return l.line, l.number, nil
	}
}

// isDamage tells what is wrong with a compressed file from what is wrong with the disk.
func isDamage(err error) bool {
	path := (*fs.PathError)(nil)
	return !errors.As(err, &path)
}

func (l *lines) isLast() bool { return l.isEnd }

func (l *lines) close() {
	if l.closing != nil {
		l.closing()
	}
}

// frames are records compressed one by one, each after its length.
type frames struct {
	r         *bufio.Reader
	z         *zstd.Decoder
	in, out   []byte
	number    int
	isTheLast bool
}

func (f *frames) next() ([]byte, int, error) {
	var length [lengthSize]byte
	f.number++
	switch _, err := io.ReadFull(f.r, length[:]); {
	case errors.Is(err, io.EOF):
		return nil, f.number, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, f.number, errBrokenOff
	case err != nil:
		return nil, f.number, err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size > longestRecord {
		// Where the next record would begin is anybody's guess.
		return nil, f.number, errBrokenOff
	}
	f.in = slices.Grow(f.in[:0], int(size))[:size]
	if _, err := io.ReadFull(f.r, f.in); err != nil {
		if isDamage(err) {
			err = errBrokenOff
		}
		return nil, f.number, err
	}
	_, err := f.r.Peek(1)
	f.isTheLast = errors.Is(err, io.EOF)
	out, err := f.z.DecodeAll(f.in, f.out[:0])
	if err != nil {
		return []byte("not zstd"), f.number, nil // which is not JSON either
	}
	f.out = out
	return out, f.number, nil
}

func (f *frames) isLast() bool { return f.isTheLast }
func (f *frames) close()       { f.z.Close() }

// findFiles resolves paths to sets of files.
func findFiles(paths []string) ([][]string, error) {
	sets := map[fileSetKey][]string{}
	var order []fileSetKey
	add := func(path string) {
		k, _ := splitName(path)
		if sets[k] == nil {
			order = append(order, k)
		}
		if !slices.Contains(sets[k], path) {
			sets[k] = append(sets[k], path)
		}
	}
	for _, path := range paths {
		more, err := expand(filepath.Clean(path))
		if err != nil {
			return nil, err
		}
		for _, p := range more {
			add(p)
		}
	}
	var found [][]string
	for _, k := range order {
		names := sets[k]
		slices.SortFunc(names, byRotation)
		found = append(found, names)
	}
	return found, nil
}

// expand lists the files that a path stands for.
func expand(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	dir := path
	if !info.IsDir() {
		dir = filepath.Dir(path)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && info.IsDir() {
		return nil, err
	}
	var found []string
	if !info.IsDir() {
		found = append(found, path)
	}
	own, rotated := splitName(path)
	for _, e := range entries {
		p := filepath.Join(dir, e.Name())
		k, at := splitName(p)
		isJSON := k.ext == ".json" || k.ext == ".jsonl" || k.ext == ".ndjson"
		switch {
		case !e.Type().IsRegular():
		case info.IsDir() && isJSON, !info.IsDir() && rotated == "" && k == own && at != "":
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no JSON files", path)
	}
	return found, nil
}

// fileSetKey is what the files of a set have in common.
type fileSetKey struct{ dir, stem, ext string }

// rotatedAt is how the exporter writes the time at which a file was rotated into its name, after a dash. Later versions add why:
// traces-2026-10-02T12-00-00.000-size.json.
const rotatedAt = "2006-01-02T15-04-05.000"

var rotation = regexp.MustCompile(`^(.+)-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})(?:-[a-z]+)?$`)

// splitName takes the parts of a name apart; rotated is the time in it, "" if there is none.
func splitName(path string) (k fileSetKey, rotated string) {
	dir, name := filepath.Split(path)
	for _, packed := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, packed)
	}
	ext := filepath.Ext(name)
	if rotation.MatchString(name) {
		ext = "" // the time has a dot in it
	}
	stem := strings.TrimSuffix(name, ext)
	if parts := rotation.FindStringSubmatch(stem); parts != nil {
		if _, err := time.Parse(rotatedAt, parts[2]); err == nil {
			return fileSetKey{dir, parts[1], ext}, parts[2]
		}
	}
	return fileSetKey{dir, stem, ext}, ""
}

// byRotation orders the files of a set: the one that is still written comes last.
func byRotation(a, b string) int {
	_, rotatedA := splitName(a)
	_, rotatedB := splitName(b)
	switch {
	case rotatedA == rotatedB:
		return strings.Compare(a, b)
	case rotatedA == "":
		return 1
	case rotatedB == "":
		return -1
	default:
		return strings.Compare(rotatedA, rotatedB)
	}
}
