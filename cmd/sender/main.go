// Command sender publishes simulated temperature telemetry over MQTT 5 in the envelope of Azure IoT Operations, each message
// with the trace context of its own span. Everything is set by environment variables; see package settings.
package main

import (
	"mqttrace/cmd/internal/service"
	"mqttrace/cmd/internal/settings"
)

// version is set by the build.
var version string

func main() {
	service.Main(service.Program{
		Name:        "sender",
		ServiceName: "telemetry.sender",
		Version:     version,
		Summary:     "publishes simulated temperature telemetry over MQTT 5, traced.",
		Read: func(lookup settings.Lookup) (settings.Service, service.Maker, error) {
			cfg, err := settings.ReadSender(lookup)
			return cfg.Service, func(kit *service.Kit) (service.Work, error) { return newSender(kit, cfg) }, err
		},
	})
}
