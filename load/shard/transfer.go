package shard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

const (
	// largestPart and smallestPart bound the bytes of a result in one message.
	largestPart  = 64 << 10
	smallestPart = 128
	// overhead is room in a packet for what is not part of the result.
	overhead = 512
	// fetching is how many results are fetched at a time.
	fetching = 16
)

// User properties of a part: the nonce of who sends it, and its number from 0.
const (
	fromProperty = "from"
	partProperty = "part"
)

// Send offers this shard's result and returns when shard 0 has all of it, checked against its SHA-256. Shard 0 asks for it part by
// part, each less than the broker's Maximum Packet Size, and after a lost connection for those that are missing. It works even when
// the run has been given up, as long as shard 0 is there. In shard 0 it does nothing.
func (m *Member) Send(ctx context.Context, result []byte) error {
	if m.lead != nil {
		return nil
	}
	return m.offer(ctx, offer{Bytes: len(result), Part: m.partSize(), SHA256: hashOf(result)}, result)
}

// offer returns when shard 0 has what is offered. result is what is to be sent of it.
func (m *Member) offer(ctx context.Context, o offer, result []byte) error {
	m.mu.Lock()
	m.result, m.asked = result, clock.Now()
	m.report.Result = &o
	m.mu.Unlock()
	m.speak()
	return m.awaitDespite(ctx, func() (bool, error) {
		switch {
		case m.taken == o.SHA256:
			return true, nil
		case m.leadless != nil:
			return false, m.leadless
		case clock.Now().Sub(m.asked) > m.spec.Wait: // looked at with every state, of which there is one a second
			return false, fmt.Errorf("shard 0 did not fetch it within %v", m.spec.Wait)
		}
		return false, nil
	})
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// partSize is how many bytes of a result fit into a packet.
func (m *Member) partSize() int {
	largest := int(m.link.client.Limits().MaximumPacketSize)
	if largest == 0 {
		return largestPart
	}
	return min(max(largest-overhead, smallestPart), largestPart)
}

// part is the part of the result that is wanted, nil if none is.
func (m *Member) part() *paho.Publish {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, o := m.wanted, m.report.Result
	m.wanted = nil
	if w == nil || o == nil || o.File != "" || o.SHA256 != w.SHA256 || w.Part < 0 || w.Part >= o.parts() {
		return nil
	}
	begin := w.Part * o.Part
	return &paho.Publish{
		Topic: m.topics.results(m.report.Lead), QoS: 1, Payload: m.result[begin:min(begin+o.Part, len(m.result))],
		Properties: &paho.PublishProperties{MessageExpiry: seconds(expiry), User: paho.UserProperties{
			{Key: fromProperty, Value: m.report.Nonce}, {Key: partProperty, Value: strconv.Itoa(w.Part)},
		}},
	}
}

// parts is how many messages it takes: at least one, even for nothing.
func (o *offer) parts() int { return max((o.Bytes+o.Part-1)/o.Part, 1) }

// delivery is what has come of a shard's result.
type delivery struct {
	of    offer
	data  []byte
	parts int           // that have come
	asked clock.Instant // 0: nothing has been asked for
	taken string        // hash of what has come completely
	// reading says that the file is being read, and unread why it could not be when that was last tried.
	reading bool
	unread  error
}

// fetchResults asks for what is offered, of several shards at a time.
func (l *lead) fetchResults(now clock.Instant) {
	if !l.fetch {
		return
	}
	active := 0
	for i := range l.seats {
		s := &l.seats[i]
		o := s.report.Result
		if o == nil || s.result.taken == o.SHA256 || !s.canDeliver() {
			continue
		}
		if s.result.of != *o {
			s.result = delivery{of: *o}
		}
		due := s.result.asked == 0 || now.Sub(s.result.asked) > l.spec.pace.again
		if o.File != "" && !due && !s.result.reading {
			continue // until it may have appeared
		}
		if active++; active > fetching {
			return
		}
		switch {
		case !due || s.result.reading:
		case o.File != "":
			l.readFile(s, now)
		case o.Part > 0:
			l.ask(s, now)
		}
	}
}

// canDeliver reports whether a result can come of a shard: what is in a file can when the shard is gone.
func (s *seat) canDeliver() bool {
	return s.live() || s.report.Result != nil && s.report.Result.File != ""
}

// ask asks for the next part.
func (l *lead) ask(s *seat, now clock.Instant) {
	s.result.asked = now
	l.write(s.report.Nonce, letter{Want: &want{SHA256: s.result.of.SHA256, Part: s.result.parts}})
}

// takePart takes a part of a result.
func (l *lead) takePart(d mqtt.Delivery) {
	if d.Properties == nil {
		return
	}
	s := l.seatOf(d.Properties.User.Get(fromProperty))
	if s == nil || s.result.asked == 0 || s.result.of.File != "" {
		return
	}
	r := &s.result
	if part, err := strconv.Atoi(d.Properties.User.Get(partProperty)); err != nil || part != r.parts || r.taken != "" {
		return // one that was asked for twice
	}
	r.data = append(r.data, d.Payload...)
	if r.parts++; r.parts < r.of.parts() {
		l.ask(s, d.Received)
		return
	}
	if hashOf(r.data) != r.of.SHA256 {
		*r = delivery{of: r.of} // and again
		return
	}
	l.take(s, r.data)
}

// take takes a result that is complete.
func (l *lead) take(s *seat, data []byte) {
	s.result.data, s.result.taken = data, s.result.of.SHA256
	l.write(s.report.Nonce, letter{Taken: s.result.taken})
	l.news()
}

func (l *lead) seatOf(nonce string) *seat {
	for i := range l.seats {
		if s := &l.seats[i]; s.present() && s.report.Nonce == nonce {
			return s
		}
	}
	return nil
}

// Collect returns, in shard 0, what the others have sent, or have told of with SendFile, by index; its own is nil. It waits for all, as
// long as they live or have told of a file. The error says of whom nothing came: what did come is returned nevertheless.
func (m *Member) Collect(ctx context.Context) ([][]byte, error) {
	if m.lead == nil {
		return nil, errors.New("results are collected in shard 0")
	}
	return m.lead.collect(ctx)
}

func (l *lead) collect(ctx context.Context) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetch = true
	for {
		l.wake()
		results, missing, awaited := l.collected()
		if len(missing) == 0 {
			return results, nil
		}
		if awaited == 0 {
			return results, l.without(missing, nil)
		}
		if err := l.awaitNews(ctx); err != nil {
			return results, l.without(missing, err)
		}
	}
}

// awaitNews waits until another result has come, or whoever it was to come from has died.
func (l *lead) awaitNews(ctx context.Context) error {
	changed := l.changed
	l.mu.Unlock()
	defer l.mu.Lock()
	patience := time.NewTimer(l.spec.Wait)
	defer patience.Stop()
	select {
	case <-changed:
		return nil
	case <-patience.C:
		return fmt.Errorf("none in %v", l.spec.Wait)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// without names the shards of which nothing came, and says why: what is wrong with their files, or else why no more was waited for.
func (l *lead) without(missing []int, why error) error {
	const most = 3
	var reasons []string
	for _, i := range missing {
		if unread := l.seats[i].result.unread; unread != nil && len(reasons) < most {
			reasons = append(reasons, unread.Error())
		}
	}
	err := fmt.Errorf("no result came from %s of %d", Named(missing), l.spec.Of)
	if len(reasons) > 0 {
		why = errors.New(strings.Join(reasons, "; "))
	}
	if why != nil {
		err = fmt.Errorf("%w: %w", err, why)
	}
	return err
}

// collected is what has come, from whom nothing has, and how many of those still live.
func (l *lead) collected() (results [][]byte, missing []int, awaited int) {
	results = make([][]byte, len(l.seats))
	for i := range l.seats {
		s := &l.seats[i]
		switch {
		case i == 0:
		case s.result.taken != "":
			results[i] = s.result.data
		default:
			missing = append(missing, i)
			if s.canDeliver() {
				awaited++
			}
		}
	}
	return results, missing, awaited
}

// news wakes whoever waits for results.
func (l *lead) news() {
	close(l.changed)
	l.changed = make(chan struct{})
}
