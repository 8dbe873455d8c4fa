package load

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/internal/relay"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
	"mqttrace/load/stamp"
)

// Each message that counts has its line, copies too, and the lines have what the result has.
func TestMessagesAreWritten(t *testing.T) {
	t.Parallel()
	b := startMosquitto(t, broker.MosquittoConfig{})
	proxy, err := relay.Start(b.Addr(), relay.Faults{Repeat: everyTenth(func(*packets.Publish) bool { return true })})
	require.NoError(t, err)
	defer proxy.Close()
	var text bytes.Buffer
	res, err := Run(t.Context(), scenario(t, `
broker: mqtt://`+proxy.Addr()+`
warmup: 200ms
duration: 1s
drain: 1s
senders: [{name: sensors, count: 2, rate: 50/s, topic: "bench/{sender},\"x\""}]
receivers: [{name: backend, filter: bench/#}]
tracing: {arm: record}
`), Options{Messages: &text})
	require.NoError(t, err)
	lines, err := csv.NewReader(&text).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, messageColumns, lines[0])
	lines = lines[1:]
	a := res.Arms[0]
	assert.Len(t, lines, int(a.Received))

	type message struct{ sender, seq string }
	traces := make(map[message]string)
	var slowest, copies int64
	for _, l := range lines {
		intended, sent, received := number(t, l[0]), number(t, l[1]), number(t, l[2])
		assert.LessOrEqual(t, intended, sent)
		assert.Less(t, sent, received)
		m := message{l[3], l[6]}
		assert.Equal(t, l[9] == "true", traces[m] != "", "a copy comes after the first")
		if l[9] == "true" {
			copies++
			assert.Equal(t, traces[m], l[10])
			continue
		}
		traces[m] = l[10]
		slowest = max(slowest, received-intended)
		assert.Len(t, l[10], 32)
		assert.Equal(t, "record", l[5])
		assert.Equal(t, `bench/`+l[3][len(l[3])-1:]+`,"x"`, l[7])
		assert.Equal(t, "0", l[8])
	}
	assert.Len(t, traces, int(a.Delivery.Received))
	assert.EqualValues(t, a.Delivery.Duplicated, copies)
	worst := slices.MaxFunc(a.Slowest, func(a, b result.Exemplar) int { return int(a.ResponseNS - b.ResponseNS) })
	assert.Equal(t, worst.ResponseNS, slowest)
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	return n
}

// stuck is a disk that does nothing until it is told to.
type stuck struct{ until chan struct{} }

func (s stuck) Write(p []byte) (int, error) {
	<-s.until
	return len(p), nil
}

// A disk that does not keep up costs records, each of them counted, and nobody waits for it.
func TestMessagesAreDroppedAndCounted(t *testing.T) {
	r := fewClients(t)
	disk := stuck{make(chan struct{})}
	r.messages = newMessageLog(r, disk)
	go r.messages.write()
	const given = 2 * maxChunks * chunkSize
	v := newReceiver(r, &r.scenario.Receivers[0], 0, 0)
	for seq := range given {
		v.note(stamp.Stamp{Seq: uint32(seq)}, 0, delivery, [16]byte{}, false)
	}
	dropped := v.messages.dropped
	assert.GreaterOrEqual(t, dropped, uint64(given-maxChunks*chunkSize-64<<10), "what the writer had taken made room")
	close(disk.until)
	r.endMessages()
	require.Len(t, r.warnings, 1)
	assert.Regexp(t, `^\d+ of 524288 messages are not in the file of messages: the disk did not keep up$`, r.warnings[0].Text)
	v.note(stamp.Stamp{}, 0, delivery, [16]byte{}, false) // a latecomer
}

// full is a disk that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestMessagesThatCannotBeWritten(t *testing.T) {
	r := fewClients(t)
	r.opts.Messages = full{}
	r.startMessages()
	r.endMessages()
	require.Len(t, r.warnings, 1)
	assert.Equal(t, "the file of messages is not complete: short write", r.warnings[0].Text)
}

// Noting a message allocates nothing once there are chunks, and writing it next to nothing.
func TestMessagesCostNoAllocations(t *testing.T) {
	r := fewClients(t)
	r.opts.Messages = io.Discard
	r.startMessages()
	defer r.endMessages()
	v := newReceiver(r, &r.scenario.Receivers[0], 0, 0)
	note := func() {
		for range chunkSize {
			v.note(stamp.Stamp{}, 0, delivery, [16]byte{1}, false)
		}
	}
	for range 2 * maxChunks {
		note()
	}
	assert.Less(t, testing.AllocsPerRun(100, note), 0.1*chunkSize)
}

// BenchmarkMessages is what a message costs when it is written down: noted, formatted and written.
func BenchmarkMessages(b *testing.B) {
	r := fewClients(b)
	l := newMessageLog(r, io.Discard)
	r.messages = l
	v := newReceiver(r, &r.scenario.Receivers[0], 0, 0)
	b.ReportAllocs()
	for b.Loop() {
		v.note(stamp.Stamp{Sent: 1e9, Intended: 1e9}, 0, delivery, [16]byte{1}, false)
		if len(l.full) > 0 {
			chunk := <-l.full
			require.NoError(b, l.writeChunk(chunk))
			l.giveBack(chunk)
		}
	}
}

// delivery is a message as its client hands it on.
var delivery = mqtt.Delivery{Publish: &paho.Publish{Properties: &paho.PublishProperties{}}, Received: 1e9}

// fewClients is a run that has not begun, of one sender and one receiver.
func fewClients(t testing.TB) *run {
	t.Helper()
	r := newRun(t.Context(), scenario(t, `
duration: 1s
senders: [{name: sensors, rate: 1/s, topic: bench}]
receivers: [{name: backend, filter: bench}]
`), Options{})
	r.target = new(target)
	r.arms = []*arm{newArm(0, r.scenario.Tracing.Arms()[0], nil)}
	require.NoError(t, r.recruit())
	return r
}
