// Package packet encodes and decodes the packets of MQTT 5 that a message costs: PUBLISH and its acknowledgements PUBACK, PUBREC,
// PUBREL and PUBCOMP. It works on the caller's buffers: encoders append, decoders return slices of what they were given, and
// neither allocates. Whatever is rare (CONNECT, SUBSCRIBE, AUTH, DISCONNECT) is left to paho.golang's packets.
//
// What comes in is the bytes of a connection, which Next cuts into packets; what goes out is written by the lean client of package
// mqtt, the only user.
//
// Decoders are stricter than paho.golang's, which takes repeated properties, lengths that end in the middle of a value, and
// acknowledgements with bytes left over: those are errors here, with the reason code that MQTT 5 gives them. Neither checks that
// strings are UTF-8: no broker forwards one that is not.
package packet
