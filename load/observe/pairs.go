package observe

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"mqttrace/load/record"
	"mqttrace/load/result"
)

const (
	// mostPairs bounds the pairs that are kept apart: their histograms take up to a megabyte each.
	mostPairs = 100
	// mostSlowest is how many of the slowest messages of a pair are kept.
	mostSlowest = 5
)

// pairs has the latencies, of all messages and by pair of services and topic.
type pairs struct {
	all      record.Histogram
	messages result.Pairing
	byKey    map[pairKey]*pair
}

type pairKey struct{ producer, consumer, topic string }

type pair struct {
	latency, afterProducer record.Histogram
	messages               result.Pairing
	slowest                []slow // slowest first
}

// slow is a message that took long. It holds nothing of its spans but what is shown.
type slow struct {
	took    time.Duration
	example result.Example
}

func newPairs() pairs { return pairs{byKey: map[pairKey]*pair{}} }

// add counts a message. Its topic is the producer's, who knows it best, unless it does not say or the consumer knows a pattern.
func (a *pairs) add(p, c *span, by relation) {
	took := time.Duration(c.start - p.start)
	a.all.Record(took)
	count(&a.messages, by)
	pair := a.of(pairKey{p.service.name, c.service.name, topicOf(p, c)})
	count(&pair.messages, by)
	pair.latency.Record(took)
	pair.afterProducer.Record(time.Duration(c.start - p.end))
	pair.note(took, p, c)
}

func topicOf(p, c *span) string {
	switch {
	case p.topic == "":
		return c.topic
	case p.topic == p.exact && c.topic != "" && c.topic != c.exact:
		return c.topic
	default:
		return p.topic
	}
}

func count(m *result.Pairing, by relation) {
	switch by {
	case byParent:
		m.Parent++
	case byLink:
		m.Link++
	case byAncestor:
		m.Ancestor++
	case byTrace:
		m.Trace++
	}
}

// of finds the place where a message is counted: its own pair's or, when there are too many, that of all other topics of its
// services, or that of all others.
func (a *pairs) of(k pairKey) *pair {
	for _, k := range []pairKey{k, {k.producer, k.consumer, others}} {
		if p := a.byKey[k]; p != nil {
			return p
		}
		if len(a.byKey) < mostPairs || k.topic == others && len(a.byKey) < 2*mostPairs {
			a.byKey[k] = &pair{}
			return a.byKey[k]
		}
	}
	last := pairKey{others, others, others}
	if a.byKey[last] == nil {
		a.byKey[last] = &pair{}
	}
	return a.byKey[last]
}

// note keeps a message that is among the slowest.
func (p *pair) note(took time.Duration, from, to *span) {
	if len(p.slowest) == mostSlowest && took <= p.slowest[mostSlowest-1].took {
		return
	}
	e := to.example()
	e.At, e.LatencyNS = time.Unix(0, from.start).UTC(), int64(took)
	i, _ := slices.BinarySearchFunc(p.slowest, took, func(s slow, t time.Duration) int { return cmp.Compare(t, s.took) })
	p.slowest = slices.Insert(p.slowest, i, slow{took, e})
	p.slowest = p.slowest[:min(len(p.slowest), mostSlowest)]
}

// results lists the pairs, those with the most messages first.
func (a *pairs) results() ([]result.Pair, error) {
	all := []result.Pair{}
	for k, p := range a.byKey {
		r := result.Pair{Producer: k.producer, Consumer: k.consumer, Topic: k.topic, Paired: p.messages, Slowest: []result.Example{}}
		var err error
		if r.Latency, err = p.latency.Latency(); err != nil {
			return nil, err
		}
		if r.AfterProducer, err = p.afterProducer.Latency(); err != nil {
			return nil, err
		}
		for _, s := range p.slowest {
			r.Slowest = append(r.Slowest, s.example)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b result.Pair) int {
		return cmp.Or(cmp.Compare(b.Latency.Count, a.Latency.Count), cmp.Compare(a.Producer, b.Producer),
			cmp.Compare(a.Consumer, b.Consumer), cmp.Compare(a.Topic, b.Topic))
	})
	return all, nil
}

// live lists the few pairs with the most messages.
func (a *pairs) live(most int) (list []LivePair) {
	for k, p := range a.byKey {
		list = append(list, LivePair{
			Producer: k.producer, Consumer: k.consumer, Topic: k.topic,
			Messages: p.latency.Count(), P50: p.latency.Quantile(0.5), P99: p99(&p.latency),
		})
	}
	slices.SortFunc(list, func(a, b LivePair) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Producer, b.Producer), cmp.Compare(a.Consumer, b.Consumer), cmp.Compare(a.Topic, b.Topic))
	})
	return list[:min(len(list), most)]
}

// lately is what has happened since somebody last looked.
type lately struct{ latency record.Histogram }

func (l *lately) add(ns int64) { l.latency.Record(time.Duration(ns)) }

// mostExamples is how many examples are kept of anything.
const mostExamples = 3

// keep adds an example if there are not enough.
func keep(all []result.Example, s *span) []result.Example {
	if len(all) >= mostExamples {
		return all
	}
	return append(all, s.example())
}

// brokenTraces counts broken traces by what is wrong, service and topic.
type brokenTraces map[brokenKey]*result.Broken

type brokenKey struct{ what, service, topic string }

// mostBroken bounds the places that are kept apart.
const mostBroken = 500

func (all brokenTraces) add(what string, s *span) {
	k := brokenKey{what, s.service.name, s.topic}
	if all[k] == nil && len(all) >= mostBroken {
		k.service, k.topic = others, others
	}
	b := all[k]
	if b == nil {
		b = &result.Broken{What: what, Service: k.service, Topic: k.topic}
		all[k] = b
	}
	b.Count++
	b.Examples = keep(b.Examples, s)
}

// count is how many traces are broken in one way.
func (all brokenTraces) count(what string) (n uint64) {
	for k, b := range all {
		if k.what == what {
			n += b.Count
		}
	}
	return n
}

func (all brokenTraces) total() (n uint64) {
	for _, b := range all {
		n += b.Count
	}
	return n
}

func (all brokenTraces) results() []result.Broken {
	list := values(all)
	slices.SortFunc(list, func(a, b result.Broken) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.What, b.What), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Topic, b.Topic))
	})
	return list
}

// values copies what a map points to.
func values[K comparable, V any](all map[K]*V) []V {
	list := make([]V, 0, len(all))
	for v := range maps.Values(all) {
		list = append(list, *v)
	}
	return list
}

// skews has the shortest latencies by pair of hosts.
type skews map[skewKey]*result.Skew

type skewKey struct{ from, to string }

// mostSkews bounds the pairs of hosts that are kept apart.
const mostSkews = 1000

func (all skews) add(p, c *span) {
	k := skewKey{p.host, c.host}
	if all[k] == nil && len(all) >= mostSkews {
		k = skewKey{others, others}
	}
	took := c.start - p.start
	s := all[k]
	if s == nil {
		s = &result.Skew{From: k.from, To: k.to, MinNS: took}
		all[k] = s
	}
	s.Messages++
	s.MinNS = min(s.MinNS, took)
	if took < 0 {
		s.Negative++
		s.Examples = keep(s.Examples, c)
	}
}

func (all skews) results() []result.Skew {
	list := values(all)
	slices.SortFunc(list, func(a, b result.Skew) int {
		return cmp.Or(cmp.Compare(b.Negative, a.Negative), cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return list
}
