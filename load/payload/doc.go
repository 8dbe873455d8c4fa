// Package payload fills messages: in comes the payload of a scenario's sender group, out go the bytes of one message after
// the other. Everything that does not change between messages is made once, so that filling one costs little beside sending
// it: no reflection, no allocation. The engine's senders are next in the flow.
package payload
