package scenarios

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMatch(t *testing.T) {
	cases := []struct {
		name, filter, topic string
		want                bool
	}{
		{"the same", "a/b", "a/b", true},
		{"another level", "a/b", "a/c", false},
		{"a longer topic", "a/b", "a/b/c", false},
		{"a shorter topic", "a/b/c", "a/b", false},
		{"case counts", "a/B", "a/b", false},
		{"plus takes one level", "a/+/c", "a/b/c", true},
		{"plus takes an empty level", "a/+", "a/", true},
		{"plus does not take two levels", "a/+", "a/b/c", false},
		{"plus does not take a missing level", "a/+", "a", false},
		{"plus alone does not take a leading slash", "+", "/a", false},
		{"plus on both sides of a slash", "+/+", "/a", true},
		{"hash takes the rest", "a/#", "a/b/c", true},
		{"hash takes the parent", "a/#", "a", true},
		{"hash takes an empty level", "a/#", "a/", true},
		{"hash does not take a sibling", "a/#", "ab", false},
		{"hash alone takes everything", "#", "a/b", true},
		{"plus before hash", "+/b/#", "a/b", true},
		{"hash does not take the broker's topics", "#", "$SYS/x", false},
		{"plus does not take the broker's topics", "+/x", "$SYS/x", false},
		{"the broker's topics by name", "$SYS/#", "$SYS/x", true},
		{"a wildcard below them", "$SYS/+", "$SYS/x", true},
		{"a shared filter", "$share/g/a/+", "a/b", true},
		{"a shared filter that does not match", "$share/g/a/+", "b/b", false},
		{"a shared filter and the broker's topics", "$share/g/#", "$SYS/x", false},
		{"empty levels", "a//b", "a//b", true},
		{"an empty level is not a plus", "a//b", "a/x/b", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, Match(c.filter, c.topic)) })
	}
}

func TestPlaceholders(t *testing.T) {
	sender := Sender{Name: "sensors", Topic: OneTopic("bench/{group}/{sender}/x{sender}")}
	assert.Equal(t, "bench/sensors/7/x7", sender.TopicOf(7))

	receiver := Receiver{Name: "backend", Filter: Filters{"bench/{group}/{receiver}"}}
	assert.Equal(t, "bench/backend/3", receiver.FilterOf(3))
	assert.Empty(t, receiver.ShareName())

	shared := Receiver{Name: "backend", Filter: Filters{"$share/{group}/bench/#"}}
	assert.Equal(t, "$share/backend/bench/#", shared.FilterOf(0))
	assert.Equal(t, "backend", shared.ShareName())
}
