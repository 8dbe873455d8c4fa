package main

import (
	"mqttrace/cmd/internal/credentials"
	"mqttrace/cmd/internal/exitcode"
	"mqttrace/cmd/internal/settings"
	"mqttrace/load"
	"mqttrace/scenarios"
)

// aio is the broker that the environment describes, if any scenario wants it; nil if none does.
func (a *app) aio(all []*scenarios.Scenario) (*load.AIO, error) {
	wanted := false
	for _, sc := range all {
		wanted = wanted || sc != nil && sc.Broker.Kind == scenarios.AIO
	}
	if !wanted {
		return nil, nil
	}
	b, err := settings.ReadBroker(func(name string) (string, bool) {
		value := a.getenv(name)
		return value, value != ""
	})
	if err != nil {
		return nil, exitcode.With(exitcode.Usage, err)
	}
	broker := &load.AIO{URL: "mqtt://" + b.Address()}
	if b.Secure {
		broker.URL = "mqtts://" + b.Address()
	}
	var token *credentials.Token
	if b.SATFile != "" {
		token = credentials.NewToken(b.SATFile)
		broker.Watch = token.Watch
	}
	broker.Settings = b.Connection(token)
	return broker, nil
}
