package scenarios

import (
	"slices"
	"strconv"
	"strings"
)

// flows counts the pairs of a client of s and a subscription of r between which the messages of one topic and one filter flow. A shared subscription is one
// for the whole group. Groups may have a million clients each, so topics are compared level by level as they are written,
// and clients are gone through one by one only where both sides number theirs, and differently.
func flows(s Sender, topic string, r Receiver, filter string) int {
	_, filter, shared := splitShare(filter)
	subscriptions := r.Count
	if shared {
		subscriptions = 1
	}
	pairs, ok := align(
		strings.Split(strings.ReplaceAll(filter, groupPlaceholder, r.Name), "/"),
		strings.Split(strings.ReplaceAll(topic, groupPlaceholder, s.Name), "/"))
	if !ok {
		return 0
	}
	return pairs.count(s.Count, subscriptions)
}

// meanFlows is how many subscriptions, over all clients of s, a message of each goes to: flows weighted by how often the topics
// are chosen. It counts a subscription once for each message, however many of its filters match; where filters overlap only in
// part that is an upper bound.
func meanFlows(s Sender, r Receiver) (mean float64) {
	subscriptions := r.Count
	if r.ShareName() != "" {
		subscriptions = 1
	}
	if s.Topic.Space > 0 && !namesNumbers(s.Topic.Templates[0], r.Filter) {
		s.Topic = OneTopic(s.Topic.Templates[0]) // all its topics fare alike
	}
	for n, share := range s.Topic.shares() {
		sum := 0
		for _, filter := range r.Filter {
			sum += flows(s, s.Topic.at(n), r, filter)
		}
		mean += share * float64(min(sum, s.Count*subscriptions))
	}
	return mean
}

// willsTo names the senders whose wills a filter of r matches, in the scenario's order.
func (s *Scenario) willsTo(r Receiver) (names []string) {
	for _, sender := range s.Senders {
		if sender.Will != nil && slices.ContainsFunc(r.Filter, func(filter string) bool { return flows(sender, sender.Will.Topic, r, filter) > 0 }) {
			names = append(names, sender.Name)
		}
	}
	return names
}

// namesNumbers tells whether a filter says anything about the level of a topic that has a number in it.
func namesNumbers(topic string, filters Filters) bool {
	for _, filter := range filters {
		_, filter, _ = splitShare(filter)
		pairs, _ := align(strings.Split(filter, "/"), strings.Split(topic, "/"))
		for _, pair := range pairs {
			if strings.Contains(pair.topic, numberPlaceholder) {
				return true
			}
		}
	}
	return false
}

// levelPair is a level of a filter and the level of a topic that it has to be equal to.
type levelPair struct{ filter, topic string }

type levelPairs []levelPair

// align pairs the levels that wildcards leave over; it is false where no topic of that many levels can match.
func align(filter, topic []string) (levelPairs, bool) {
	var pairs levelPairs
	for i, want := range filter {
		switch {
		case want == "#":
			return pairs, true
		case i >= len(topic):
			return nil, false
		case want != "+":
			pairs = append(pairs, levelPair{want, topic[i]})
		}
	}
	return pairs, len(filter) == len(topic)
}

// count is how many combinations of an index of a sender and one of a receiver make every pair equal.
func (p levelPairs) count(senders, receivers int) int {
	onlySender, onlyReceiver := -1, -1 // -1: any
	var both levelPairs
	for _, pair := range p {
		bySender := strings.Contains(pair.topic, senderPlaceholder)
		byReceiver := strings.Contains(pair.filter, receiverPlaceholder)
		ok := true
		switch {
		case bySender && byReceiver:
			both = append(both, pair)
		case bySender:
			onlySender, ok = narrow(onlySender, solve(pair.topic, senderPlaceholder, pair.filter), senders)
		case byReceiver:
			onlyReceiver, ok = narrow(onlyReceiver, solve(pair.filter, receiverPlaceholder, pair.topic), receivers)
		default:
			ok = pair.filter == pair.topic
		}
		if !ok {
			return 0
		}
	}
	return both.countNumbered(indexes(onlySender, senders), indexes(onlyReceiver, receivers))
}

// narrow says which index is left when found is the only one of count that fits.
func narrow(index, found, count int) (int, bool) {
	return found, found >= 0 && found < count && (index < 0 || index == found)
}

// span is the indexes from first up to end.
type span struct{ first, end int }

func indexes(only, count int) span {
	if only >= 0 {
		return span{only, only + 1}
	}
	return span{0, count}
}

func (s span) len() int { return s.end - s.first }

func (s span) holds(i int) bool { return i >= s.first && i < s.end }

// countNumbered counts where both sides number their clients in every pair of p.
func (p levelPairs) countNumbered(senders, receivers span) int {
	if len(p) == 0 {
		return senders.len() * receivers.len()
	}
	if p.alike() {
		return max(0, min(senders.end, receivers.end)-max(senders.first, receivers.first))
	}
	n := 0
	for i := senders.first; i < senders.end; i++ {
		j := solve(p[0].filter, receiverPlaceholder, numbered(p[0].topic, senderPlaceholder, i))
		if receivers.holds(j) && p.equal(i, j) {
			n++
		}
	}
	return n
}

// alike tells whether both sides number their clients in the same way, so that client i hears client i alone.
func (p levelPairs) alike() bool {
	for _, pair := range p {
		if strings.ReplaceAll(pair.topic, senderPlaceholder, receiverPlaceholder) != pair.filter {
			return false
		}
	}
	return true
}

func (p levelPairs) equal(sender, receiver int) bool {
	for _, pair := range p {
		if numbered(pair.topic, senderPlaceholder, sender) != numbered(pair.filter, receiverPlaceholder, receiver) {
			return false
		}
	}
	return true
}

// numbered puts an index in its placeholder.
func numbered(level, placeholder string, i int) string {
	return strings.ReplaceAll(level, placeholder, strconv.Itoa(i))
}

// solve finds the index that turns a level with placeholders into text, or -1.
func solve(level, placeholder, text string) int {
	parts := strings.Split(level, placeholder)
	holes := len(parts) - 1
	digits := (len(text) - len(strings.Join(parts, ""))) / holes
	from := len(parts[0])
	if digits < 1 || from+digits > len(text) {
		return -1
	}
	i, err := strconv.Atoi(text[from : from+digits])
	if err != nil || numbered(level, placeholder, i) != text {
		return -1
	}
	return i
}
