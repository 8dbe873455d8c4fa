package scenarios

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// maxCredentials is the largest password or PEM file that is read, in bytes.
const maxCredentials = 4 << 20

// credentials reads a small file that the scenario names and returns its path and contents.
func (d *decoder) credentials(n *node) (path string, data []byte, ok bool) {
	if d.text(&path)(n); n.bad {
		return "", nil, false
	}
	resolved := d.resolve(path)
	data, err := readFile(resolved, maxCredentials)
	if path == "" || err != nil {
		d.report(n, fmt.Sprintf("cannot read %s: %v", quote(path), err), "a file, relative to the scenario's folder")
		return "", nil, false
	}
	return resolved, data, true
}

func (d *decoder) passwordFile(to *string) func(*node) {
	return func(n *node) {
		path, data, ok := d.credentials(n)
		if !ok {
			return
		}
		password := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
		if password == "" || len(password) > maxTopic {
			d.report(n, "the file holds no password", fmt.Sprintf("1 to %d bytes in it", maxTopic))
			return
		}
		*to = path
	}
}

// tls reads the names of PEM files and looks into each.
func (d *decoder) tls(to *TLS) func(*node) {
	return func(n *node) {
		var cert, key []byte
		d.mapping(n,
			optional("ca", d.pemFile(&to.CA, new([]byte), holdsAuthorities, "certificates")),
			optional("cert", d.pemFile(&to.Cert, &cert, holdsCertificate, "a certificate")),
			optional("key", d.pemFile(&to.Key, &key, holdsKey, "a private key")),
			optional("server_name", d.serverName(&to.ServerName)),
			optional("alpn", d.protocols(&to.ALPN)),
		)
		switch c, k := n.get("cert"), n.get("key"); {
		case (c == nil) != (k == nil):
			d.report(n, "one of cert and key is missing", "both or neither")
		case to.Cert != "" && to.Key != "":
			if _, err := tls.X509KeyPair(cert, key); err != nil {
				d.report(k, "the key does not belong to the certificate", "the key that cert was made for")
			}
		}
	}
}

func (d *decoder) serverName(to *string) func(*node) {
	return func(n *node) {
		if d.text(to)(n); !n.bad && (*to == "" || strings.ContainsAny(*to, " /:")) {
			d.report(n, quote(*to)+" is not a host's name", "a name such as broker.example")
		}
	}
}

func (d *decoder) protocols(to *[]string) func(*node) {
	return func(n *node) {
		if n.kind != list {
			d.wrongType(n, "a list of protocols, such as [mqtt]")
			return
		}
		if len(n.items) == 0 {
			d.report(n, "no protocol is named", "a list of protocols, such as [mqtt]")
		}
		for _, item := range n.items {
			var protocol string
			if d.text(&protocol)(item); !item.bad && (protocol == "" || len(protocol) > 255) {
				d.report(item, quote(protocol)+" is not the name of a protocol", "1 to 255 bytes, such as mqtt")
			}
			*to = append(*to, protocol)
		}
	}
}

func (d *decoder) pemFile(to *string, data *[]byte, holds func([]byte) bool, what string) func(*node) {
	return func(n *node) {
		path, content, ok := d.credentials(n)
		if !ok {
			return
		}
		if !holds(content) {
			d.report(n, quote(n.text)+" does not hold "+what, what+" in PEM form")
			return
		}
		*to, *data = path, content
	}
}

func holdsAuthorities(data []byte) bool { return x509.NewCertPool().AppendCertsFromPEM(data) }

func holdsCertificate(data []byte) bool {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return false
	}
	_, err := x509.ParseCertificate(block.Bytes)
	return err == nil
}

func holdsKey(data []byte) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return true
		}
	}
	return false
}
