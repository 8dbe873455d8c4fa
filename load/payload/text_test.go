package payload_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/payload"
	"mqttrace/scenarios"
)

func TestText(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	text := func(s string) *scenarios.Template { return &scenarios.Template{Text: &s} }
	cases := []struct {
		name     string
		template *scenarios.Template
		fixed    bool
		want     []string // of messages 0 and 1
	}{
		{"fixed", text("north"), true, []string{"north", "north"}},
		{"empty", text(""), true, []string{"", ""}},
		{"of a sender", text("{group}-{sender}"), true, []string{"pumps-7", "pumps-7"}},
		{"numbered", text("{sender}/{seq}/{seq}"), false, []string{"7/0/0", "7/1/1"}},
		{"counter", &scenarios.Template{Generator: scenarios.Counter{Start: 5, Step: 2}}, false, []string{"5", "7"}},
		{"time", &scenarios.Template{Generator: scenarios.Clock{Format: scenarios.RFC3339}}, false, []string{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"}},
		{"time as a number", &scenarios.Template{Generator: scenarios.Clock{Format: scenarios.Unix}}, false, []string{"1767323045", "1767323045"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			made := payload.NewText(c.template, "pumps", 7, "site", 1)
			value, fixed := made.Fixed()
			assert.Equal(t, c.fixed, fixed)
			if fixed {
				assert.Equal(t, c.want[0], value)
			}
			for seq, want := range c.want {
				assert.Equal(t, want, made.Value(uint64(seq), now))
			}
		})
	}
}

func TestTextOfUUID(t *testing.T) {
	id := func(property string) string {
		return payload.NewText(&scenarios.Template{Generator: scenarios.UUID{Version: scenarios.UUIDv4}}, "pumps", 7, property, 1).Value(0, time.Time{})
	}
	assert.Len(t, id("a"), 36)
	assert.Equal(t, id("a"), id("a"), "of one seed")
	assert.NotEqual(t, id("a"), id("b"))
}
