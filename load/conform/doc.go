// Package conform finds out whether W3C trace context survives an MQTT 5 broker. In goes a [Target], out comes a [Report]; the
// verb `mqttrace conform` prints it.
//
// Every row of the report is a round trip of its own, over connections of its own:
//
//	Case        what is sent, by which journey, and what the specifications want to come back
//	trip        one journey of one case: it connects peers, keeps what was sent beside what arrived, and tidies up
//	peer        one MQTT 5 connection, packet by packet: what the broker says is seen as it stands on the wire
//	judge       compares the two and names the difference: an [Outcome] with its evidence
//	deviations  differences that are known of a broker, each with its reason
//
// Peers are not the clients of package mqtt, which reconnect, resend and hide by what right a connection ended: here a refusal
// is a result. They start no goroutines; a peer reads when something is expected of it.
package conform
