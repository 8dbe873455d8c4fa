// Package broker starts the MQTT brokers that a run measures against and owns them until they have ended: the embedded
// broker (mochi-mqtt, inside this binary) and a local Eclipse Mosquitto.
//
// In goes a configuration, out comes a [Broker]: a child process on a loopback port, with its address, what it has used
// (CPU, peak memory, messages dropped), its log, and word of how it ended. The engine connects its clients to [Broker.Addr]
// and puts [Broker.Usage] into the result. Both brokers run as child processes, so that their CPU and memory are told apart
// from the generator's; the same embedded broker also runs in process ([Listen], [Serve]) for `mqttrace broker` and for the
// tests of other packages.
//
// # The embedded child is this binary
//
// [StartEmbedded] executes [os.Executable] again with [ChildEnv] in its environment. Every binary that calls it must
// therefore call [RunIfChild] before anything else, the test binaries of other packages included:
//
//	func TestMain(m *testing.M) {
//		broker.RunIfChild()
//		goleak.VerifyTestMain(m)
//	}
//
// # Children die with their parent
//
// However the parent ends, SIGKILL included, no broker outlives it:
//
//   - the embedded child reads a pipe that only the parent holds open and ends at end of file, on every system;
//   - on Linux every child also asks the kernel for SIGKILL at the death of its parent (PR_SET_PDEATHSIG);
//   - Mosquitto reads no pipe, so on other systems than Linux a parent that is killed leaves it running; there it ends with
//     [Broker.Stop] only.
//
// Children are in process groups of their own: the Ctrl-C that asks a run to drain must not take its broker away.
//
// # What the embedded broker does differently
//
// It is mochi-mqtt v2.7.9 with its limits lifted and its known faults avoided; capabilities, guard and listener say which and
// how. What remains, and shows in measurements:
//
//   - it does not keep to a client's Receive Maximum, and uses no topic aliases towards clients;
//   - at QoS 1 and 2 a receiver that stops reading holds up everybody who sends to it, once its socket is full, where at
//     QoS 0 its queue fills up and messages are dropped and counted;
//   - it keeps the packet identifiers of both directions in one map: a SUBSCRIBE is refused with "packet identifier in use"
//     if a message of the same identifier is under way to that client. Subscribing before receiving avoids it.
package broker
