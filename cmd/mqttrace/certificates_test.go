package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// certificates writes cert.pem and key.pem, a certificate of 127.0.0.1 that is signed by itself and so its own authority, and
// other.pem, an authority that has signed nothing:
//
//	certificates
func certificates(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 0, "certificates")
	cert, key := selfSigned(ts)
	writePEM(ts, "cert.pem", "CERTIFICATE", cert)
	writePEM(ts, "key.pem", "PRIVATE KEY", key)
	other, _ := selfSigned(ts)
	writePEM(ts, "other.pem", "CERTIFICATE", other)
}

func selfSigned(ts *testscript.TestScript) (cert, key []byte) {
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mqttrace test"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err = x509.CreateCertificate(rand.Reader, template, template, pair.Public(), pair)
	ts.Check(err)
	key, err = x509.MarshalPKCS8PrivateKey(pair)
	ts.Check(err)
	return cert, key
}

func writePEM(ts *testscript.TestScript, name, kind string, der []byte) {
	ts.Check(os.WriteFile(ts.MkAbs(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}
