package main

import (
	"log/slog"
	"net"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/rogpeppe/go-internal/testscript"

	"mqttrace/load/broker/brokertest"
)

func init() { commands["mochi"] = startMochi }

// startMochi starts mochi as it comes, without what the embedded broker does about its faults, and puts its URL into a variable.
// It runs until the script ends.
//
//	mochi URL
func startMochi(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 1, "mochi variable")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	ts.Check(server.AddHook(new(everybody), nil))
	ts.Defer(brokertest.Serve(ts, server, l))
	ts.Setenv(args[0], "mqtt://"+l.Addr().String())
}

// everybody may do everything.
type everybody struct{ mochi.HookBase }

func (*everybody) ID() string { return "everybody" }
func (*everybody) Provides(event byte) bool {
	return event == mochi.OnConnectAuthenticate || event == mochi.OnACLCheck
}
func (*everybody) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }
func (*everybody) OnACLCheck(*mochi.Client, string, bool) bool              { return true }
