package main

import (
	"testing"

	"github.com/Azure/iot-operations-sdks/go/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/cmd/internal/envelope"
)

func TestMatches(t *testing.T) {
	cases := []struct {
		pattern, topic string
		want           bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "x/a/b/y", false}, // which the envelope would take
		{"a/b", "a", false},
		{"a/b", "a/c", false},
		{"a/{id}", "a/1", true},
		{"a/{id}", "a/1/2", false},
		{"{plant}/{id}", "a/1", true},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, matches(c.pattern, c.topic), c)
	}
	assert.Equal(t, "a/+/c/+", filterOf("a/{b}/c/{d}"))
}

func TestDeserialize(t *testing.T) {
	cases := []struct{ contentType, payload, want string }{
		{"application/json", `{"temperature":100}`, ""},
		{"application/json;charset=utf-8", `{"temperature":21.5,"more":[1]}`, ""},
		{"", `{"temperature":0}`, ""},
		{"text/plain", `{"temperature":1}`, `content_type: content type "text/plain", want JSON`},
		{"", ``, "payload: the payload is no reading: not JSON from byte 0 on"},
		{"", `{"temperature":21`, "payload: the payload is no reading: not JSON from byte 17 on"},
		{"", `"hot"`, "payload: the payload is no reading: not a JSON object"},
		{"", `{"temperature":"secret"}`, "payload: the payload is no reading: temperature is not a number"},
		{"", `{"temperature":1e999}`, "payload: the payload is no reading: temperature is not a number"},
		{"", `{"temperature":null}`, "payload: the payload is no reading: there is no temperature"},
		{"", `null`, "payload: the payload is no reading: there is no temperature"},
	}
	for _, c := range cases {
		got, err := encoding{}.Deserialize(&protocol.Data{Payload: []byte(c.payload), ContentType: c.contentType})
		require.NoError(t, err, "it is for the receiver to say")
		if c.want == "" {
			require.NoError(t, got.err, c.payload)
			assert.NotNil(t, got.Temperature)
			continue
		}
		var rejection *envelope.Rejection
		require.ErrorAs(t, got.err, &rejection, c.payload)
		assert.Equal(t, c.want, rejection.Type+": "+rejection.Text)
	}
}
