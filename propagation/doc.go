// Package propagation carries W3C trace context over MQTT 5 user properties.
package propagation
