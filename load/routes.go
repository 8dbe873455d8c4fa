package load

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"mqttrace/scenarios"
)

// filterSet are the filters that a subscription, or several that are alike, subscribed to.
type filterSet struct {
	filters []string
	// subscriptions is how many have these filters: each is owed every message that matches once.
	subscriptions uint32
}

// matches is how many of the filters match a topic.
func (f *filterSet) matches(topic string) (n uint8) {
	for _, filter := range f.filters {
		if n < maxMatches && scenarios.Match(filter, topic) {
			n++
		}
	}
	return n
}

// maxMatches is the most matches that are told apart.
const maxMatches = 255

// route is what the topics of one or more senders have in common: which filter sets match them, and how often.
type route struct {
	hits   []hit  // in the order of the filter sets
	copies uint32 // of each message that receivers are owed
}

// hit is a filter set that matches, and how many of its filters do.
type hit struct {
	set     int32
	matches uint8
}

// matches is how many filters of a set match.
func (r *route) matches(set int) uint8 {
	i, found := slices.BinarySearchFunc(r.hits, int32(set), func(h hit, set int32) int { return cmp.Compare(h.set, set) })
	if !found {
		return 0
	}
	return r.hits[i].matches
}

// router finds the routes of topics. Topics that fare alike share one route, so that a ledger needs one count for all of them. Sets
// whose filters have no wildcards are looked up: ten thousand senders with a receiver each would otherwise be compared a hundred
// million times.
type router struct {
	sets   []*filterSet
	exact  map[string][]int // sets that have a filter without wildcards, by the filter
	wild   []int            // sets that have one with
	routes map[string]*route
	// single are the paths that lead along one route.
	single map[*route]*paths
}

func newRouter(sets []*filterSet) *router {
	r := &router{sets: sets, exact: make(map[string][]int), routes: make(map[string]*route), single: make(map[*route]*paths)}
	for i, set := range sets {
		if slices.ContainsFunc(set.filters, hasWildcard) {
			r.wild = append(r.wild, i)
			continue
		}
		for _, filter := range set.filters {
			topic := unshared(filter)
			r.exact[topic] = append(r.exact[topic], i)
		}
	}
	return r
}

func hasWildcard(filter string) bool { return strings.ContainsAny(unshared(filter), "+#") }

// candidates are the sets that may match a topic, in order.
func (r *router) candidates(topic string) []int {
	sets := slices.Concat(r.exact[topic], r.wild)
	slices.Sort(sets)
	return slices.Compact(sets)
}

func (r *router) route(topic string) *route {
	found := new(route)
	var key []byte
	for _, i := range r.candidates(topic) {
		if n := r.sets[i].matches(topic); n > 0 {
			found.hits = append(found.hits, hit{int32(i), n})
			found.copies += r.sets[i].subscriptions
			key = append(binary.AppendUvarint(key, uint64(i)), n)
		}
	}
	if known := r.routes[string(key)]; known != nil {
		return known
	}
	r.routes[string(key)] = found
	return found
}

// paths are the routes of one sender's topics. Senders that share topics share them. Safe for concurrent reading.
type paths struct {
	routes  []*route
	ofTopic []uint32 // the index in routes by topic; nil where all topics have the first
}

// paths finds the paths of topics; senders with one topic each share those of its route.
func (r *router) paths(t *topics) *paths {
	if len(t.names) == 1 {
		found := r.route(t.names[0])
		if r.single[found] == nil {
			r.single[found] = &paths{routes: []*route{found}}
		}
		return r.single[found]
	}
	p := &paths{}
	index := make(map[*route]uint32)
	for n, name := range t.names {
		found := r.route(name)
		at, known := index[found]
		if !known {
			at = uint32(len(p.routes))
			index[found] = at
			p.routes = append(p.routes, found)
		}
		if at > 0 && p.ofTopic == nil {
			p.ofTopic = make([]uint32, len(t.names))
		}
		if p.ofTopic != nil {
			p.ofTopic[n] = at
		}
	}
	return p
}

// of is the index of the route of the n-th topic.
func (p *paths) of(n int) int {
	if p.ofTopic == nil {
		return 0
	}
	return int(p.ofTopic[n])
}
