package scenarios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Placeholders of topics, filters and payload strings.
const (
	groupPlaceholder    = "{group}"
	senderPlaceholder   = "{sender}"
	receiverPlaceholder = "{receiver}"
)

// placeholder is anything in braces, known or not.
var placeholder = regexp.MustCompile(`\{[^{}/]*\}`)

// TopicOf is the topic that client i of the group, counted from 0, publishes to.
func (s Sender) TopicOf(i int) string { return expand(s.Topic, s.Name, senderPlaceholder, i) }

// FilterOf is the topic filter that client i of the group, counted from 0, subscribes to.
func (r Receiver) FilterOf(i int) string { return expand(r.Filter, r.Name, receiverPlaceholder, i) }

// ShareName is the name of the shared subscription that the group's filter belongs to, or "" when it is not shared.
// It is the same for all clients of the group.
func (r Receiver) ShareName() string {
	name, _, shared := splitShare(strings.ReplaceAll(r.Filter, groupPlaceholder, r.Name))
	if !shared {
		return ""
	}
	return name
}

func expand(template, group, index string, i int) string {
	template = strings.ReplaceAll(template, groupPlaceholder, group) // names hold no braces
	return strings.ReplaceAll(template, index, strconv.Itoa(i))
}

// splitShare takes $share/name/filter apart. A filter that is not shared comes back as it is.
func splitShare(filter string) (name, inner string, shared bool) {
	rest, shared := strings.CutPrefix(filter, "$share/")
	if !shared {
		return "", filter, false
	}
	name, inner, _ = strings.Cut(rest, "/")
	return name, inner, true
}

// Match tells whether a message published to topic is for a subscription to filter, after MQTT 5 section 4.7. Of a shared
// subscription the part behind its name counts. Both must be valid.
func Match(filter, topic string) bool {
	_, filter, _ = splitShare(filter)
	if strings.HasPrefix(topic, "$") && (strings.HasPrefix(filter, "+") || strings.HasPrefix(filter, "#")) {
		return false
	}
	return matchLevels(filter, topic)
}

func matchLevels(filter, topic string) bool {
	for {
		want, moreWanted, deeper := strings.Cut(filter, "/")
		if want == "#" {
			return true
		}
		level, rest, more := strings.Cut(topic, "/")
		if want != "+" && want != level {
			return false
		}
		if !more {
			return !deeper || moreWanted == "#"
		}
		if !deeper {
			return false
		}
		filter, topic = moreWanted, rest
	}
}

// maxTopic is the longest topic or filter in bytes: MQTT 5 section 1.5.4 counts strings in two bytes.
const maxTopic = 65535

// badTopic says what is wrong with the topic of a sender group of count clients, and what was expected.
func badTopic(s Sender) (what, want string) {
	longest := s.TopicOf(s.Count - 1)
	switch {
	case strings.ContainsAny(s.Topic, "+#"):
		return quote(s.Topic) + " holds a wildcard", "a topic without + and #, which only filters may have"
	case strings.HasPrefix(s.Topic, "$"):
		return quote(s.Topic) + " begins with $, which is the broker's own", "a topic such as bench/{sender}"
	}
	if what, want = badPlaceholder(s.Topic, groupPlaceholder, senderPlaceholder); what != "" {
		return what, want
	}
	return badString(longest, "a topic such as bench/{sender}")
}

// badFilter says what is wrong with the filter of a receiver group, and what was expected.
func badFilter(r Receiver) (what, want string) {
	if what, want = badPlaceholder(r.Filter, groupPlaceholder, receiverPlaceholder); what != "" {
		return what, want
	}
	if what, want = badString(r.FilterOf(r.Count-1), "a filter such as bench/+"); what != "" {
		return what, want
	}
	if what, want = badShare(r); what != "" {
		return what, want
	}
	_, inner, _ := splitShare(r.Filter)
	return badWildcard(inner)
}

// badString applies what MQTT asks of every string.
func badString(s, want string) (string, string) {
	switch {
	case s == "":
		return "it is empty", want
	case len(s) > maxTopic:
		return fmt.Sprintf("it has %d bytes", len(s)), fmt.Sprintf("at most %d", maxTopic)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return quote(s) + " holds a character that MQTT forbids", "UTF-8 text without NUL"
	}
	return "", ""
}

func validString(s string) bool {
	what, _ := badString(s, "")
	return what == ""
}

func badPlaceholder(s string, known ...string) (what, want string) {
	for _, found := range placeholder.FindAllString(s, -1) {
		if found != known[0] && found != known[1] {
			return quote(found) + " stands for nothing here" + didYouMean(found, known), listing(known)
		}
	}
	return "", ""
}

func badShare(r Receiver) (what, want string) {
	const form = "$share/name/filter"
	name, inner, shared := splitShare(r.Filter)
	switch {
	case r.Filter == "$share":
		return quote(r.Filter) + " has no name and no filter", form
	case !shared:
		return "", ""
	case name == "" || inner == "":
		return quote(r.Filter) + " is not a shared subscription", form
	case strings.ContainsAny(name, "+#"):
		return "the name of the shared subscription, " + quote(name) + ", holds a wildcard", form
	case strings.Contains(r.Filter, receiverPlaceholder):
		return receiverPlaceholder + " would give each client a subscription of its own, so nothing would be shared",
			"a shared subscription without it"
	}
	return "", ""
}

// badWildcard checks that + and # fill their levels and that # is the last one.
func badWildcard(filter string) (what, want string) {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		switch {
		case strings.Contains(level, "#") && level != "#", strings.Contains(level, "+") && level != "+":
			return "the wildcard in " + quote(level) + " does not stand alone", "+ or # as a whole level, as in bench/+/telemetry"
		case level == "#" && i < len(levels)-1:
			return "# is not the last level of " + quote(filter), "# at the end only, as in bench/#"
		}
	}
	return "", ""
}
