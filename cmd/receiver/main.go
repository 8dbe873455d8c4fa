// Command receiver subscribes to temperature telemetry in the envelope of Azure IoT Operations, continues the trace that each
// message carries, and logs it. Everything is set by environment variables; see package settings.
package main

import (
	"mqttrace/cmd/internal/service"
	"mqttrace/cmd/internal/settings"
)

// version is set by the build.
var version string

func main() {
	service.Main(service.Program{
		Name:        "receiver",
		ServiceName: "telemetry.receiver",
		Version:     version,
		Summary:     "receives telemetry over MQTT 5 and continues its traces.",
		Read: func(lookup settings.Lookup) (settings.Service, service.Maker, error) {
			cfg, err := settings.ReadReceiver(lookup)
			return cfg, func(kit *service.Kit) (service.Work, error) { return newReceiver(kit) }, err
		},
	})
}
