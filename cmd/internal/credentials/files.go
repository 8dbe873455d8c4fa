package credentials

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// FileError is what is wrong with a file.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string {
	var path *fs.PathError
	if errors.As(e.Err, &path) {
		return path.Op + " " + e.Path + ": " + path.Err.Error()
	}
	return e.Path + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }

// TLSFiles are the files, all PEM, that a TLS connection is made with. Empty names are left out.
type TLSFiles struct {
	// CA holds the authorities to trust; without it they are the system's.
	CA string
	// Cert and Key are the client's certificate and private key, KeyPassword the password of an encrypted key.
	Cert, Key, KeyPassword string
}

// Config reads the files. The certificate of the server is always verified, against host.
func (f TLSFiles) Config(host string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if f.CA != "" {
		roots, err := ReadAuthorities(f.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = roots
	}
	if f.Cert != "" {
		pair, err := ReadKeyPair(f)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// ReadAuthorities reads the certificates in a file; one without any is an error.
func ReadAuthorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &FileError{path, err}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, &FileError{path, errors.New("holds no certificate in PEM form")}
	}
	return roots, nil
}

// ReadKeyPair reads a certificate and its key and checks that they belong together.
func ReadKeyPair(f TLSFiles) (tls.Certificate, error) {
	cert, err := os.ReadFile(f.Cert)
	if err != nil {
		return tls.Certificate{}, &FileError{f.Cert, err}
	}
	key, err := readKey(f.Key, f.KeyPassword)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(cert, pem.EncodeToMemory(key))
	if err != nil {
		return tls.Certificate{}, &FileError{f.Cert, fmt.Errorf("with the key in %s: %w", f.Key, err)}
	}
	return pair, nil
}

// ReadSecret reads a file that holds a secret. One line break at its end, which editors and echo leave there, is not part of
// it. A file that then is empty is an error.
func ReadSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, &FileError{path, err}
	}
	secret = bytes.TrimSuffix(bytes.TrimSuffix(secret, []byte("\n")), []byte("\r"))
	if len(secret) == 0 {
		return nil, &FileError{path, errors.New("is empty")}
	}
	return secret, nil
}
