package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Filters are the topic filters that each client of a receiver group subscribes to, in one SUBSCRIBE each. All of them are
// shared subscriptions, or none is.
type Filters []string

// maxFilters bounds the subscriptions of one client.
const maxFilters = 1000

// MarshalJSON writes f as a scenario file has it: a filter, or a list of them.
func (f Filters) MarshalJSON() ([]byte, error) {
	if len(f) == 1 {
		return json.Marshal(f[0])
	}
	return json.Marshal([]string(f))
}

// String is the filters as a table has room for them.
func (f Filters) String() string { return strings.Join(f, " ") }

// FiltersOf are the topic filters that client i of the group, counted from 0, subscribes to.
func (r Receiver) FiltersOf(i int) []string {
	filters := make([]string, len(r.Filter))
	for n, template := range r.Filter {
		filters[n] = expand(template, r.Name, receiverPlaceholder, i)
	}
	return filters
}

// FilterOf is the first of the filters that client i of the group, counted from 0, subscribes to.
func (r Receiver) FilterOf(i int) string { return expand(r.Filter[0], r.Name, receiverPlaceholder, i) }

// ShareName is the name of the shared subscription that the group's filters belong to, or "" when they are not shared.
// It is the same for all clients of the group.
func (r Receiver) ShareName() string {
	if len(r.Filter) == 0 {
		return ""
	}
	name, _, shared := splitShare(strings.ReplaceAll(r.Filter[0], groupPlaceholder, r.Name))
	if !shared {
		return ""
	}
	return name
}

// filters reads a filter or a list of them.
func (d *decoder) filters(to *Filters) func(*node) {
	return func(n *node) {
		switch {
		case n.kind == text:
			*to = Filters{n.text}
		case n.kind != list:
			d.notText(n, "a filter such as bench/#, or a list of them")
		case len(n.items) == 0 || len(n.items) > maxFilters:
			d.report(n, fmt.Sprintf("%d filters", len(n.items)), fmt.Sprintf("1 to %d", maxFilters))
		default:
			for _, item := range n.items {
				var filter string
				if d.text(&filter)(item); !item.bad && slices.Contains(*to, filter) {
					d.report(item, quote(filter)+" is in the list twice", "each filter once")
				}
				*to = append(*to, filter)
			}
		}
	}
}

// badFilters reports what is wrong with each of a group's filters, and with all of them together.
func (d *decoder) badFilters(n *node, r Receiver) {
	if n == nil || n.bad || len(r.Filter) == 0 {
		return
	}
	at := []*node{n}
	if n.kind == list {
		at = n.items
	}
	shared := strings.HasPrefix(r.Filter[0], "$share/")
	for i, node := range at {
		if node.bad {
			continue
		}
		if what, want := badFilter(r, r.Filter[i]); what != "" {
			d.report(node, what, want)
			continue
		}
		if strings.HasPrefix(r.Filter[i], "$share/") != shared {
			d.report(node, "some of the filters are shared and some are not, so that nobody could tell whose message is missing",
				"shared subscriptions in a group of their own")
		}
	}
}

// badFilter says what is wrong with one filter of a receiver group, and what was expected.
func badFilter(r Receiver, filter string) (what, want string) {
	if what, want = badPlaceholder(filter, groupPlaceholder, receiverPlaceholder); what != "" {
		return what, want
	}
	if what, want = badString(expand(filter, r.Name, receiverPlaceholder, r.Count-1), "a filter such as bench/+"); what != "" {
		return what, want
	}
	if what, want = badShare(filter); what != "" {
		return what, want
	}
	_, inner, _ := splitShare(filter)
	return badWildcard(inner)
}

// sharedTwice finds lists of shared subscriptions of which a part belongs to another group too: who of the two is owed a message
// could not be told. Groups with the same filters share all of them.
func (d *decoder) sharedTwice(receivers *node, groups []Receiver) {
	if !receivers.sound() {
		return
	}
	owner := map[string]int{}
	for i, r := range groups {
		if r.ShareName() == "" {
			continue
		}
		for _, filter := range r.FiltersOf(0) {
			first, taken := owner[filter]
			if taken && !slices.Equal(groups[first].FiltersOf(0), r.FiltersOf(0)) {
				d.report(receivers.items[i].get("filter"), fmt.Sprintf("%s is shared with %s, whose other filters are not the same", quote(filter), groups[first].Name),
					"the same filters in both groups, or other names of the shared subscriptions")
				break
			}
			owner[filter] = i
		}
	}
}
