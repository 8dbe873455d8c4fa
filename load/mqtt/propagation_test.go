package mqtt_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/propagation"
)

// vector is a case of propagation's table: user properties, and whether their trace is continued.
type vector struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"`
	Properties [][2]string `json:"properties"`
	Trace      string      `json:"trace"`
	Flags      string      `json:"flags"`
}

func vectors(t *testing.T) (all []vector) {
	t.Helper()
	data, err := os.ReadFile("../../propagation/testdata/vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &all))
	require.Greater(t, len(all), 80)
	return all
}

func (v vector) user() paho.UserProperties {
	user := paho.UserProperties{}
	for _, p := range v.Properties {
		user = append(user, paho.UserProperty{Key: p[0], Value: p[1]})
	}
	return user
}

// hasControl reports whether a value holds a control character, which MQTT 5 (section 1.5.4) lets a receiver treat as malformed.
func (v vector) hasControl() bool {
	for _, p := range v.Properties {
		if strings.ContainsFunc(p[1], unicode.IsControl) {
			return true
		}
	}
	return false
}

// carried is a message with nothing but user properties.
type carried struct {
	user     paho.UserProperties
	outcomes chan<- mqtt.Outcome
}

func (c carried) Packet(clock.Instant) *paho.Publish {
	return &paho.Publish{Topic: "vectors", QoS: 1, Properties: &paho.PublishProperties{User: c.user}}
}

func (c carried) Acknowledged(o mqtt.Outcome) { c.outcomes <- o }

// What a broker does to user properties decides whether traces survive it: they must come back unchanged and in order. Mosquitto
// ends the connection of a sender whose properties hold a tab.
func TestTraceContextSurvivesTheBrokers(t *testing.T) {
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			ctx, b := deadline(t), start(t)
			arrived := make(chan mqtt.Delivery, 1)
			subscriber := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "subscriber"},
				mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
			_, err := subscriber.Subscribe(ctx, "vectors", 1)
			require.NoError(t, err)
			publisher := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "publisher"}, mqtt.Handlers{})
			outcomes := make(chan mqtt.Outcome, 1)
			for _, v := range vectors(t) {
				require.NoError(t, publisher.Publish(ctx, 1, carried{v.user(), outcomes}, false))
				if outcome := receive(t, outcomes); name == "mosquitto" && v.hasControl() {
					require.ErrorIs(t, outcome.Err, mqtt.ErrSessionLost, "%s %s", v.ID, v.Name)
					continue
				}
				got := append(paho.UserProperties{}, receive(t, arrived).Properties.User...)
				require.Equal(t, v.user(), got, "%s %s", v.ID, v.Name)

				sc, err := propagation.Extract(got)
				assert.Equal(t, v.Trace == "continue", err == nil, "%s %s: %v", v.ID, v.Name, err)
				if v.Trace == "continue" {
					assert.Equal(t, v.Flags, sc.TraceFlags().String(), "%s %s", v.ID, v.Name)
				}
			}
		})
	}
}
