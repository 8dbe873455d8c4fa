// Package login reads the files that a scenario's broker mapping, or the flags that stand for it, name: a password, certificates.
package login

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"mqttrace/scenarios"
)

// Names are what errors call the files: keys of a scenario, or flags.
type Names struct{ CA, CertAndKey string }

// Password reads a file; one newline at its end is not part of the password.
func Password(path string) ([]byte, error) {
	password, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	password = bytes.TrimSuffix(password, []byte("\n"))
	return bytes.TrimSuffix(password, []byte("\r")), nil
}

// TLS makes the settings of connections from PEM files, of which each may be missing.
func TLS(files scenarios.TLS, names Names) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: files.ServerName, NextProtos: files.ALPN}
	if files.CA != "" {
		pem, err := os.ReadFile(files.CA)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", names.CA, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s holds no PEM certificate", names.CA, files.CA)
		}
	}
	if files.Cert != "" {
		certificate, err := tls.LoadX509KeyPair(files.Cert, files.Key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", names.CertAndKey, err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return config, nil
}
