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
	cert, key, err := selfSigned()
	ts.Check(err)
	other, _, err := selfSigned()
	ts.Check(err)
	for name, content := range map[string][]byte{
		"cert.pem": inPEM("CERTIFICATE", cert), "key.pem": inPEM("PRIVATE KEY", key), "other.pem": inPEM("CERTIFICATE", other),
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name), content, 0o600))
	}
}

// selfSigned makes a certificate of 127.0.0.1, and its key, in DER form.
func selfSigned() (cert, key []byte, err error) {
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mqttrace test"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err = x509.CreateCertificate(rand.Reader, template, template, pair.Public(), pair)
	if err != nil {
		return nil, nil, err
	}
	key, err = x509.MarshalPKCS8PrivateKey(pair)
	return cert, key, err
}

func inPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
