package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Placeholders of topics, filters and payload strings.
const (
	groupPlaceholder    = "{group}"
	senderPlaceholder   = "{sender}"
	receiverPlaceholder = "{receiver}"
	sequencePlaceholder = "{seq}" // of properties only
)

// placeholder is anything in braces, known or not.
var placeholder = regexp.MustCompile(`\{[^{}/]*\}`)

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
		if !slices.Contains(known, found) {
			return quote(found) + " stands for nothing here" + didYouMean(found, known), listing(known)
		}
	}
	return "", ""
}

func badShare(filter string) (what, want string) {
	const form = "$share/name/filter"
	name, inner, shared := splitShare(filter)
	switch {
	case filter == "$share":
		return quote(filter) + " has no name and no filter", form
	case !shared:
		return "", ""
	case name == "" || inner == "":
		return quote(filter) + " is not a shared subscription", form
	case strings.ContainsAny(name, "+#"):
		return "the name of the shared subscription, " + quote(name) + ", holds a wildcard", form
	case strings.Contains(filter, receiverPlaceholder):
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
