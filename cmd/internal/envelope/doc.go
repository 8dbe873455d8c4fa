// Package envelope puts the official envelope of Azure IoT Operations (package protocol of its Go SDK: CloudEvents, __ts,
// __protVer, __srcId) over the connections of package mqtt, with trace context in the user properties.
//
//	service -> protocol.TelemetrySender   -> Client.Publish -> mqtt.Client -> broker
//	broker  -> mqtt.Client -> Client.Deliver -> protocol.TelemetryReceiver -> service
//
// The SDK's own connection is not used: its Send returns before the broker has answered and takes a refusal for success, its
// receiver calls handlers out of order, it dies with its session, and it does not verify localhost. Here a publish ends with
// the broker's answer, messages are handled one after another in the order of their arrival and acknowledged when that is
// done, and what the SDK would drop with nothing but a line in the log is handed to the service as a rejected message.
//
// # What is sent twice, and what is lost
//
// A message is handed to a connection once. If the connection is lost before the broker has acknowledged it and the broker
// still has the session afterwards, it is sent again with the DUP flag, as MQTT has it. If the session is gone, as after a restart of
// a broker that keeps nothing on disk, nobody knows whether the message had arrived: it is not sent again, because by
// then there are newer readings and it could arrive twice and out of order, but reported as lost. A message that waits for a
// connection is sent when there is one, until its time has run out.
package envelope
