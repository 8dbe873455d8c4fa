// Package brokertest makes what tests of brokers and of their clients need, and no program does: certificates, and a broker
// with logins by SCRAM.
package brokertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Test is told of failures and ends with them: a *testing.T, or a *testscript.TestScript.
type Test interface {
	Fatalf(format string, args ...any)
}

// Authority issues certificates that are valid for an hour, before now and after.
type Authority struct {
	// File holds the authority's own certificate in PEM form.
	File string

	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority that writes what it issues into a folder, and its own certificate as authority.crt.
func NewAuthority(t Test, dir string) *Authority {
	a := &Authority{dir: dir, key: newKey(t)}
	template := template("authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der := sign(t, template, template, a.key, a.key)
	var err error
	a.cert, err = x509.ParseCertificate(der)
	check(t, err)
	a.File = a.write(t, "authority.crt", "CERTIFICATE", der)
	return a
}

// Issue writes name.crt, a certificate of hosts' names for brokers and clients alike, and name.key. Without a name it is one of
// 127.0.0.1.
func (a *Authority) Issue(t Test, name string, hosts ...string) (certFile, keyFile string) {
	key, template := newKey(t), template(name)
	template.DNSNames = hosts
	if len(hosts) == 0 {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der := sign(t, template, a.cert, key, a.key)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	return a.write(t, name+".crt", "CERTIFICATE", der), a.write(t, name+".key", "PRIVATE KEY", private)
}

// Pair is what Issue writes, read again.
func (a *Authority) Pair(t Test, name string, hosts ...string) tls.Certificate {
	pair, err := tls.LoadX509KeyPair(a.Issue(t, name, hosts...))
	check(t, err)
	return pair
}

// Trusted is a client that trusts the authority, and presents certificates if it has any.
func (a *Authority) Trusted(certificates ...tls.Certificate) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &tls.Config{RootCAs: roots, Certificates: certificates, MinVersion: tls.VersionTLS12}
}

func (a *Authority) write(t Test, name, kind string, der []byte) string {
	path := filepath.Join(a.dir, name)
	check(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

func newKey(t Test) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func sign(t Test, of, by *x509.Certificate, key, signer *ecdsa.PrivateKey) []byte {
	der, err := x509.CreateCertificate(rand.Reader, of, by, key.Public(), signer)
	check(t, err)
	return der
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func check(t Test, err error) {
	if err != nil {
		t.Fatalf("brokertest: %v", err)
	}
}
