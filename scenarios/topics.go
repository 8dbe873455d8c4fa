package scenarios

import (
	"encoding/json"
	"math"
	"strings"
)

// numberPlaceholder stands for the number of a topic in a space, from 0.
const numberPlaceholder = "{n}"

// Topics are what the clients of a sender group publish to: one topic, a list, or a space that is numbered through. Each message
// goes to one of them.
type Topics struct {
	// Templates are the topics, in which {group} stands for the group's name and {sender} for the client's index in it; in a
	// space there is one, in which {n} stands for the number of the topic.
	Templates []string
	// Space is how many topics a space has for each client; 0 where Templates are all there are.
	Space int
	// Choose says which topic a message goes to, of more than one.
	Choose Choice
	// Exponent is Zipf's; 0 unless Choose is Zipf.
	Exponent float64
}

// Choice is how a sender with several topics chooses one for each message.
type Choice string

const (
	// RoundRobin goes through the topics in turn, each client from the first.
	RoundRobin Choice = "round_robin"
	// UniformChoice draws each with the same probability.
	UniformChoice Choice = "uniform"
	// Zipf draws topic n with a probability proportional to 1/(n+1)^exponent: a few busy topics and many quiet ones.
	Zipf Choice = "zipf"
)

// Bounds of several topics.
const (
	maxTopics       = 100_000   // of one client
	maxTopicsInAll  = 5_000_000 // of the clients of a group together, each of which is some 100 bytes of memory
	defaultExponent = 1.1
	minExponent     = 1.01 // at 1 and below the distribution has no limit, and the generator none either
	maxExponent     = 10
)

// OneTopic is a single topic.
func OneTopic(template string) Topics { return Topics{Templates: []string{template}} }

// Len is how many topics each client has.
func (t Topics) Len() int { return max(t.Space, len(t.Templates)) }

// PerClient tells whether each client has topics of its own.
func (t Topics) PerClient() bool {
	return strings.Contains(strings.Join(t.Templates, ""), senderPlaceholder)
}

// at is the template of the n-th topic.
func (t Topics) at(n int) string {
	if t.Space == 0 {
		return t.Templates[n]
	}
	return numbered(t.Templates[0], numberPlaceholder, n)
}

// shares are the parts of the messages that go to each topic.
func (t Topics) shares() []float64 {
	shares := make([]float64, t.Len())
	sum := 0.0
	for n := range shares {
		shares[n] = 1
		if t.Choose == Zipf {
			shares[n] = math.Pow(float64(n+1), -t.Exponent)
		}
		sum += shares[n]
	}
	for n := range shares {
		shares[n] /= sum
	}
	return shares
}

// String is the topics as a table has room for them.
func (t Topics) String() string { return strings.Join(t.Templates, " ") }

// TopicOf is the first topic that client i of the group, counted from 0, publishes to.
func (s Sender) TopicOf(i int) string { return s.TopicAt(i, 0) }

// TopicAt is the n-th topic of client i of the group, both counted from 0.
func (s Sender) TopicAt(i, n int) string { return expand(s.Topic.at(n), s.Name, senderPlaceholder, i) }

// topicsForm is how a scenario file writes several topics.
type topicsForm struct {
	List     []string `json:"list,omitempty"`
	Space    string   `json:"space,omitempty"`
	Topics   int      `json:"topics,omitempty"`
	Choose   Choice   `json:"choose,omitempty"`
	Exponent float64  `json:"exponent,omitempty"`
}

// MarshalJSON writes t as a scenario file has it: a topic, a list of them, or a mapping.
func (t Topics) MarshalJSON() ([]byte, error) {
	switch {
	case t.Space > 0:
		return json.Marshal(topicsForm{Space: t.Templates[0], Topics: t.Space, Choose: t.Choose, Exponent: t.Exponent})
	case len(t.Templates) == 1:
		return json.Marshal(t.Templates[0])
	case t.Choose == RoundRobin:
		return json.Marshal(t.Templates)
	}
	return json.Marshal(topicsForm{List: t.Templates, Choose: t.Choose, Exponent: t.Exponent})
}
