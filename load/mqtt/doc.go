// Package mqtt is one MQTT 5 client as the harness and the traced services need it: messages leave in the order they were given,
// several may be unacknowledged at a time, and each one's outcome is reported with the instant of its
// acknowledgement; arriving messages come with the instant they were read off the socket, before decoding; a lost connection is
// made again, with its subscriptions.
//
// The parts, in the order a message meets them:
//
//	Settings  what to connect to and as whom
//	Client    the connection as its user sees it: Publish, Subscribe, Close
//	link      one connection, from CONNECT to DISCONNECT
//	driver    what speaks MQTT on it: paho.golang, or the lean one of this package
//	auth      enhanced authentication, and again when a token has been renewed
//
// Of paho's driver:
//
//	outcomes  a session that remembers which message each packet identifier is
//	wire      the net.Conn under paho: reads are buffered and timed, each packet leaves in one write
//
// Of the lean one:
//
//	leanSession  the same, and the packets to send again
//	outlet       what is to be sent, and who sends it
//	inlet        what has been read, cut into packets
//	letters      messages as their handlers see them
//	aliveness    PINGREQ and PINGRESP
//
// Package load and the services under cmd are the users of this package and the next in the flow.
package mqtt
