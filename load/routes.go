package load

import (
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
	matches []uint8 // by the filter set's index
	copies  uint32  // of each message that receivers are owed
}

// router finds the routes of topics. Topics that fare alike share one route, so that a ledger needs one count for all of them.
type router struct {
	sets   []*filterSet
	routes map[string]*route // by their matches
}

func newRouter(sets []*filterSet) *router {
	return &router{sets: sets, routes: make(map[string]*route)}
}

func (r *router) route(topic string) *route {
	matches := make([]uint8, len(r.sets))
	for i, set := range r.sets {
		matches[i] = set.matches(topic)
	}
	key := string(matches)
	if found := r.routes[key]; found != nil {
		return found
	}
	found := &route{matches: matches}
	for i, set := range r.sets {
		if matches[i] > 0 {
			found.copies += set.subscriptions
		}
	}
	r.routes[key] = found
	return found
}

// paths are the routes of one sender's topics. Senders that share topics share them. Safe for concurrent reading.
type paths struct {
	routes  []*route
	ofTopic []uint32 // the index in routes by topic; nil where all topics have the first
}

func (r *router) paths(t *topics) *paths {
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
