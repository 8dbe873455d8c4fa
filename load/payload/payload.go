package payload

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"mqttrace/scenarios"
)

// Group is the payload of one sender group, prepared. What its senders have in common is in memory once. It is safe for
// concurrent use.
type Group struct {
	name  string
	seed  uint64
	fixed []byte              // the whole payload, when it is no template
	json  *scenarios.Template // nil otherwise
}

// Prepare reads the file or makes the random bytes that all senders of the group share. The same arguments give the same
// payloads, times apart. An error means that the file cannot be read any more.
func Prepare(p scenarios.Payload, group string, seed uint64) (*Group, error) {
	g := &Group{name: group, seed: seed, json: p.JSON}
	switch {
	case p.JSON != nil:
	case p.File != "":
		data, err := os.ReadFile(p.File)
		if err != nil {
			return nil, fmt.Errorf("payload of %s: %w", group, err)
		}
		g.fixed = data
	default:
		g.fixed = randomBytes(p.Size, g.random(-1))
	}
	return g, nil
}

// New prepares the payload of one sender, counted from 0, for a group that shares nothing. Errors are those of Prepare.
func New(p scenarios.Payload, group string, sender int, seed uint64) (*Source, error) {
	g, err := Prepare(p, group, seed)
	if err != nil {
		return nil, err
	}
	return g.Source(sender), nil
}

// Source makes the payloads of one sender. It is not safe for concurrent use.
type Source struct{ steps []step }

// step is a part of a payload, written anew for each message.
type step interface {
	append(dst []byte, seq uint64, now time.Time) []byte
}

// literal is a part that never changes.
type literal []byte

func (l literal) append(dst []byte, _ uint64, _ time.Time) []byte { return append(dst, l...) }

// Source returns what fills the messages of one sender, counted from 0.
func (g *Group) Source(sender int) *Source {
	if g.json == nil {
		return &Source{steps: []step{literal(g.fixed)}}
	}
	c := compiler{
		names:  strings.NewReplacer("{group}", g.name, "{sender}", strconv.Itoa(sender)),
		random: g.random(sender),
	}
	c.value(g.json)
	c.flush()
	return &Source{steps: c.steps}
}

// Append appends the payload of message seq, counted from 0, made at now, and returns the extended slice. Messages are made
// in order, each once: a random walk goes on from call to call. It allocates only to grow dst.
func (s *Source) Append(dst []byte, seq uint64, now time.Time) []byte {
	for _, step := range s.steps {
		dst = step.append(dst, seq, now)
	}
	return dst
}

// Fixed returns the payload if it is the same in all messages. It is not the caller's to change.
func (s *Source) Fixed() (payload []byte, ok bool) {
	switch len(s.steps) {
	case 0:
		return nil, true
	case 1:
		fixed, ok := s.steps[0].(literal)
		return fixed, ok
	default:
		return nil, false
	}
}

// Timed reports whether payloads may depend on when they are made.
func (s *Source) Timed() bool {
	_, fixed := s.Fixed()
	return !fixed
}

// random is a source of its own for each sender of each group.
func (g *Group) random(sender int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", g.name, sender)
	return rand.New(rand.NewPCG(g.seed, h.Sum64()))
}

// randomBytes cannot be compressed, so that no link between here and there makes the payload smaller than it says.
func randomBytes(n int, random *rand.Rand) []byte {
	out := make([]byte, 0, n+8)
	for len(out) < n {
		v := random.Uint64()
		out = append(out, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
	}
	return out[:n:n]
}
