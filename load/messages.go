package load

import (
	"bufio"
	"encoding/csv"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/stamp"
	"mqttrace/propagation"
)

// messageColumns are the columns of Options.Messages.
var messageColumns = []string{
	"intended_ns", "sent_ns", "received_ns", "sender", "receiver", "arm", "seq", "topic", "qos", "duplicate", "trace_id",
}

// Receivers append records to chunks, and one goroutine writes the full ones. A chunk is small, so that writing it keeps a core from
// what is measured for some tens of microseconds only; all of them together hold what arrives while the disk is busy.
const (
	chunkSize = 128
	maxChunks = 2048 // 262,144 messages in 17 MB, taken as far as they are needed
)

// messageRecord is what is kept of a message until it is written. It holds no pointers: the garbage collector passes it by.
type messageRecord struct {
	intended, sent, received     clock.Instant
	sender, receiver, seq, topic uint32
	trace                        trace.TraceID // zero if the message carried none
	arm, qos                     uint8
	duplicate                    bool
}

// messageLog writes a line for each message received that counts. The nil log writes none.
type messageLog struct {
	run     *run
	stripes []*messageStripe
	full    chan []messageRecord // room for all chunks: sending one never waits
	done    chan struct{}        // closed when the writer has ended

	mu    sync.Mutex // guards what follows
	empty [][]messageRecord
	made  int // chunks

	// What follows is the writer's.
	out                *csv.Writer
	err                error // why nothing more is written
	text               []byte
	ends               []int    // of the fields in text
	senders, receivers string   // what client identifiers begin with
	line               []string // as long as messageColumns
}

// messageStripe is what one receiver writes to, or a few that hardly ever meet. Safe for concurrent use.
type messageStripe struct {
	log *messageLog

	mu             sync.Mutex // guards what follows
	chunk          []messageRecord
	taken, dropped uint64
	ended          bool
}

// startMessages starts to write Options.Messages, if they are wanted.
func (r *run) startMessages() {
	if r.opts.Messages != nil {
		r.messages = newMessageLog(r, r.opts.Messages)
		go r.messages.write()
	}
}

func newMessageLog(r *run, w io.Writer) *messageLog {
	l := &messageLog{
		run: r, full: make(chan []messageRecord, maxChunks), done: make(chan struct{}),
		out: csv.NewWriter(bufio.NewWriterSize(w, 64<<10)), line: make([]string, len(messageColumns)),
		senders: strings.TrimSuffix(r.clientID("s", 0), "0"), receivers: strings.TrimSuffix(r.clientID("r", 0), "0"),
	}
	for range 2 * r.cores() {
		l.stripes = append(l.stripes, &messageStripe{log: l})
	}
	return l
}

// stripe is what receiver i writes to; nil in the nil log.
func (l *messageLog) stripe(i int) *messageStripe {
	if l == nil {
		return nil
	}
	return l.stripes[i%len(l.stripes)]
}

// note keeps a message that counts for the file of messages.
func (v *receiver) note(s stamp.Stamp, topic int, d mqtt.Delivery, id trace.TraceID, duplicate bool) {
	v.messages.add(messageRecord{
		intended: s.Intended, sent: s.Sent, received: d.Received, sender: s.Sender, receiver: uint32(v.index), seq: s.Seq, topic: uint32(topic),
		trace: id, arm: s.Arm, qos: d.QoS, duplicate: duplicate,
	})
}

// noteCopy is note for a message that this receiver has had before, whose context nobody has read.
func (v *receiver) noteCopy(s stamp.Stamp, topic int, d mqtt.Delivery) {
	remote, err := propagation.Extract(d.Properties.User)
	if err != nil {
		remote = trace.SpanContext{}
	}
	v.note(s, topic, d, remote.TraceID(), true)
}

// add keeps a record until it is written, and drops it, counted, if the writer has too much to do. It does not wait for the writer.
func (s *messageStripe) add(m messageRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.taken++
	if len(s.chunk) == cap(s.chunk) && !s.turn() {
		s.dropped++
		return
	}
	s.chunk = append(s.chunk, m)
}

// turn hands the chunk to the writer and takes an empty one, if there is one. The caller holds mu.
func (s *messageStripe) turn() bool {
	if s.chunk != nil {
		s.log.full <- s.chunk
	}
	s.chunk = s.log.take()
	return s.chunk != nil
}

// end hands the writer what is left. It returns what the stripe was given, and how much of that it dropped.
func (s *messageStripe) end() (taken, dropped uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.chunk != nil {
		s.log.full <- s.chunk
		s.chunk = nil
	}
	return s.taken, s.dropped
}

// take returns an empty chunk, nil if the writer has all there may be. The one that was used last comes first: while the writer keeps
// up, few are made.
func (l *messageLog) take() []messageRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.empty); n > 0 {
		chunk := l.empty[n-1]
		l.empty = l.empty[:n-1]
		return chunk
	}
	if l.made == maxChunks {
		return nil
	}
	l.made++
	return make([]messageRecord, 0, chunkSize)
}

func (l *messageLog) giveBack(chunk []messageRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.empty = append(l.empty, chunk[:0])
}

// endMessages waits until all that was kept has been written, and says what was not. What still arrives is not kept.
func (r *run) endMessages() {
	l := r.messages
	if l == nil {
		return
	}
	var taken, dropped uint64
	for _, s := range l.stripes {
		t, d := s.end()
		taken += t
		dropped += d
	}
	close(l.full)
	<-l.done
	if dropped > 0 {
		r.warn("delivery.received", "%d of %d messages are not in the file of messages: the disk did not keep up", dropped, taken)
	}
	if l.err != nil {
		r.warn("delivery.received", "the file of messages is not complete: %v", l.err)
	}
}

// write writes chunks until there are no more. After an error it goes on without writing, so that nobody runs out of chunks.
func (l *messageLog) write() {
	defer close(l.done)
	l.err = l.out.Write(messageColumns)
	for chunk := range l.full {
		if l.err == nil {
			l.err = l.writeChunk(chunk)
		}
		l.giveBack(chunk)
	}
	if l.err == nil {
		l.out.Flush()
		l.err = l.out.Error()
	}
}

// writeChunk makes one string of a chunk, of which all fields are parts: a string for each would cost an allocation for each.
func (l *messageLog) writeChunk(chunk []messageRecord) error {
	l.text, l.ends = l.text[:0], l.ends[:0]
	for i := range chunk {
		l.format(&chunk[i])
	}
	text, begin := string(l.text), 0
	for i, end := range l.ends {
		column := i % len(l.line)
		l.line[column] = text[begin:end]
		begin = end
		if column == len(l.line)-1 {
			if err := l.out.Write(l.line); err != nil {
				return err
			}
		}
	}
	return nil
}

// format appends the fields of a record, in the order of messageColumns. Instants count from the start of the measured phase.
func (l *messageLog) format(m *messageRecord) {
	zero := l.run.counting()
	l.field(strconv.AppendInt(l.text, int64(m.intended.Sub(zero)), 10))
	l.field(strconv.AppendInt(l.text, int64(m.sent.Sub(zero)), 10))
	l.field(strconv.AppendInt(l.text, int64(m.received.Sub(zero)), 10))
	l.field(strconv.AppendUint(append(l.text, l.senders...), uint64(m.sender), 10))
	l.field(strconv.AppendUint(append(l.text, l.receivers...), uint64(m.receiver), 10))
	l.field(append(l.text, l.run.arms[m.arm].setting.Name...))
	l.field(strconv.AppendUint(l.text, uint64(m.seq), 10))
	l.field(append(l.text, l.run.senders[m.sender].topics.names[m.topic]...))
	l.field(strconv.AppendUint(l.text, uint64(m.qos), 10))
	l.field(strconv.AppendBool(l.text, m.duplicate))
	if m.trace.IsValid() {
		l.text = hex.AppendEncode(l.text, m.trace[:])
	}
	l.field(l.text)
}

// field ends a field: text is what it was with the field appended.
func (l *messageLog) field(text []byte) {
	l.text = text
	l.ends = append(l.ends, len(text))
}
