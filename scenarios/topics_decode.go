package scenarios

import (
	"fmt"
	"strings"
)

const wantTopics = "a topic such as bench/{sender}, a list of them, or a mapping with list or space"

// topics reads a topic, a list, or a mapping of list or space.
func (d *decoder) topics(s *Sender) func(*node) {
	to := &s.Topic
	return func(n *node) {
		switch n.kind {
		case text:
			*to = OneTopic(n.text)
		case list:
			d.topicList(to)(n)
		case mapping:
			if len(n.members) == 1 && placeholder.MatchString("{"+n.members[0].key.text+"}") && n.members[0].value.kind == null {
				d.notText(n, "a topic") // {sender}/x without quotes
				return
			}
			d.topicMapping(n, to)
		default:
			d.notText(n, wantTopics)
		}
	}
}

func (d *decoder) topicList(to *Topics) func(*node) {
	return func(n *node) {
		if n.kind != list {
			d.wrongType(n, "a list of topics")
			return
		}
		if len(n.items) == 0 || len(n.items) > maxTopics {
			d.report(n, fmt.Sprintf("%d topics", len(n.items)), fmt.Sprintf("1 to %d", maxTopics))
			return
		}
		seen := map[string]bool{}
		for _, item := range n.items {
			var topic string
			if d.text(&topic)(item); !item.bad && seen[topic] {
				d.report(item, quote(topic)+" is in the list twice", "each topic once")
			}
			seen[topic] = true
			to.Templates = append(to.Templates, topic)
		}
		if len(to.Templates) > 1 {
			to.Choose = RoundRobin
		}
	}
}

func (d *decoder) topicMapping(n *node, to *Topics) {
	to.Choose = RoundRobin
	var space string
	d.mapping(n,
		optional("list", d.topicList(to)),
		optional("space", d.text(&space)),
		optional("topics", d.whole(&to.Space, 2, maxTopics)),
		optional("choose", oneOf(d, &to.Choose, RoundRobin, UniformChoice, Zipf)),
		optional("exponent", d.float(&to.Exponent, minExponent, maxExponent)),
	)
	switch listed, spaced := n.get("list"), n.get("space"); {
	case (listed == nil) == (spaced == nil):
		d.report(n, "the topics are described by neither or both of list and space", "list, or space with topics")
	case spaced != nil && !strings.Contains(space, numberPlaceholder):
		d.report(spaced, quote(clip(space))+" is the same topic for every number", "a topic with "+numberPlaceholder+" such as bench/{sender}/{n}")
	case spaced != nil && n.lacks("topics"):
		d.report(n, "topics is missing", "how many topics the space has for each client, such as 1000")
	case listed != nil && n.get("topics") != nil:
		d.report(n.get("topics"), "a list has as many topics as it names", "topics with space only")
	}
	if spaced := n.get("space"); spaced != nil {
		to.Templates = []string{space}
	}
	d.exponent(n, to)
	if len(to.Templates) == 1 && to.Space == 0 {
		*to = OneTopic(to.Templates[0])
	}
}

// exponent belongs to Zipf's distribution and no other.
func (d *decoder) exponent(n *node, to *Topics) {
	switch e := n.get("exponent"); {
	case e != nil && to.Choose != Zipf:
		d.report(e, "only choose: zipf has an exponent", "exponent with choose: zipf only")
	case e == nil && to.Choose == Zipf:
		to.Exponent = defaultExponent
	}
}

// badTopics reports what is wrong with each of a group's topics.
func (d *decoder) badTopics(n *node, s Sender) {
	if n == nil || n.bad || len(s.Topic.Templates) == 0 || n.kind == mapping && !n.sound() {
		return
	}
	if most := s.Topic.Len() * s.Count; s.Topic.PerClient() && most > maxTopicsInAll {
		d.report(n, fmt.Sprintf("%d topics of each of %d clients are %d", s.Topic.Len(), s.Count, most), fmt.Sprintf("at most %d, or topics without {sender}, which all clients share", maxTopicsInAll))
		return
	}
	at := []*node{n}
	switch {
	case n.kind == list:
		at = n.items
	case n.get("list") != nil:
		at = n.get("list").items
	case n.get("space") != nil:
		at = []*node{n.get("space")}
	}
	for i, node := range at[:min(len(at), len(s.Topic.Templates))] {
		if node.bad {
			continue
		}
		if what, want := badTopic(s, s.Topic.Templates[i]); what != "" {
			d.report(node, what, want)
		}
	}
}

// badTopic says what is wrong with one topic of a sender group, and what was expected.
func badTopic(s Sender, template string) (what, want string) {
	known := []string{groupPlaceholder, senderPlaceholder}
	if s.Topic.Space > 0 {
		known = append(known, numberPlaceholder)
	}
	switch {
	case strings.ContainsAny(template, "+#"):
		return quote(template) + " holds a wildcard", "a topic without + and #, which only filters may have"
	case strings.HasPrefix(template, "$"):
		return quote(template) + " begins with $, which is the broker's own", "a topic such as bench/{sender}"
	}
	if what, want = badPlaceholder(template, known...); what != "" {
		return what, want
	}
	longest := expand(numbered(template, numberPlaceholder, max(s.Topic.Space-1, 0)), s.Name, senderPlaceholder, s.Count-1)
	return badString(longest, "a topic such as bench/{sender}")
}
