package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"mqttrace/load/broker/brokertest"
)

// certificates writes broker.crt and broker.key, a certificate of 127.0.0.1, and authority.crt, which has signed it. The authority of
// other/authority.crt has signed nothing:
//
//	certificates
func certificates(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 0, "certificates")
	brokertest.NewAuthority(ts, ts.MkAbs(".")).Issue(ts, "broker")
	other := ts.MkAbs("other")
	ts.Check(os.Mkdir(other, 0o700))
	brokertest.NewAuthority(ts, other)
}
