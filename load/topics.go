package load

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"

	"mqttrace/scenarios"
)

// topics are what one sender publishes to, written out once. Clients that have the same topics share them. Safe for concurrent
// reading.
type topics struct {
	names []string
	// numbers finds the number of a listed topic; nil where there is one topic, or where it stands in the name.
	numbers map[string]int
	// longest is the number of the longest name.
	longest int
	// prefix stands before the number in the names of a space.
	prefix string
}

func newTopics(group *scenarios.Sender, inGroup int) *topics {
	t := &topics{names: make([]string, group.Topic.Len())}
	for n := range t.names {
		t.names[n] = group.TopicAt(inGroup, n)
		if len(t.names[n]) > len(t.names[t.longest]) {
			t.longest = n
		}
	}
	switch {
	case len(t.names) == 1:
	case group.Topic.Space > 0:
		t.numbered()
	default:
		t.numbers = make(map[string]int, len(t.names))
		for n, name := range t.names {
			t.numbers[name] = n
		}
	}
	return t
}

// numbered finds out where in the names of a space the number stands: where 0 and 1 differ first, and behind it.
func (t *topics) numbered() {
	at := 0
	for t.names[0][at] == t.names[1][at] {
		at++
	}
	t.prefix = t.names[0][:at]

}

// number is which of the topics a name is, -1 for none of them.
func (t *topics) number(name string) int {
	switch {
	case len(t.names) == 1:
		if name == t.names[0] {
			return 0
		}
		return -1
	case t.numbers != nil:
		if n, ok := t.numbers[name]; ok {
			return n
		}
		return -1
	}
	return t.parse(name)
}

// parse reads the number in the name of a topic of a space and makes sure that it is that topic.
func (t *topics) parse(name string) int {
	rest, ok := strings.CutPrefix(name, t.prefix)
	if !ok {
		return -1
	}
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	// What follows the number may begin with digits of its own: the longest number need not be the right one.
	for ; digits > 0; digits-- {
		n, err := strconv.Atoi(rest[:digits])
		if err == nil && n < len(t.names) && t.names[n] == name {
			return n
		}
	}
	return -1
}

// chooser says which topic each message of a sender goes to. It is not safe for concurrent use.
type chooser interface{ next() int }

// newChooser makes the chooser of one sender; two runs of one seed choose alike.
func newChooser(group *scenarios.Sender, inGroup int, seed uint64) chooser {
	n := group.Topic.Len()
	if n == 1 {
		return onlyTopic{}
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "topics/%s/%d", group.Name, inGroup)
	random := rand.New(rand.NewPCG(seed, h.Sum64()))
	switch group.Topic.Choose {
	case scenarios.UniformChoice:
		return uniformTopics{random, n}
	case scenarios.Zipf:
		return zipfTopics{rand.NewZipf(random, group.Topic.Exponent, 1, uint64(n-1))}
	}
	return &topicsInTurn{n: n}
}

type (
	onlyTopic     struct{}
	topicsInTurn  struct{ at, n int }
	uniformTopics struct {
		random *rand.Rand
		n      int
	}
	zipfTopics struct{ zipf *rand.Zipf }
)

func (onlyTopic) next() int { return 0 }

func (t *topicsInTurn) next() int {
	n := t.at
	if t.at++; t.at == t.n {
		t.at = 0
	}
	return n
}

func (u uniformTopics) next() int { return u.random.IntN(u.n) }

func (z zipfTopics) next() int { return int(z.zipf.Uint64()) }
