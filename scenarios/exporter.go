package scenarios

import (
	"encoding/json"
	"net/url"
	"strings"
)

const (
	embeddedExporter = "embedded"
	wantExporter     = "embedded, or a URL such as http://localhost:4317"
)

// exporter reads a word, a URL, or a mapping.
func (d *decoder) exporter(to *Exporter) func(*node) {
	return func(n *node) {
		*to = Exporter{}
		at := n
		if n.kind == mapping {
			d.mapping(n,
				optional("endpoint", d.endpoint(to)),
				optional("protocol", oneOf(d, &to.Protocol, GRPC, HTTPProtobuf)),
				optional("compression", oneOf(d, &to.Compression, Gzip, Uncompressed)),
			)
			if len(n.members) == 0 {
				d.report(n, "the exporter is not described", "one of endpoint, protocol and compression")
			}
			to.Embedded = n.lacks("endpoint") || to.Embedded
			if endpoint := n.get("endpoint"); endpoint != nil {
				at = endpoint
			}
		} else {
			d.endpoint(to)(n)
		}
		*to = to.complete()
		if n.sound() {
			d.dialable(at, *to)
		}
	}
}

func (d *decoder) endpoint(to *Exporter) func(*node) {
	return func(n *node) {
		switch {
		case n.kind != text:
			d.wrongType(n, wantExporter)
		case n.text == embeddedExporter:
			to.Embedded = true
		case strings.Contains(n.text, "://"):
			d.endpointURL(n, to)
		case strings.Contains(n.text, ":"):
			d.report(n, quote(n.text)+" has no scheme", quote("http://"+n.text))
		default:
			d.report(n, quote(n.text)+" is not an exporter"+didYouMean(n.text, []string{embeddedExporter}), wantExporter)
		}
	}
}

func (d *decoder) endpointURL(n *node, to *Exporter) {
	u, err := url.Parse(n.text)
	if err != nil || u.Opaque != "" {
		d.report(n, quote(redact(n.text))+" is not a URL", "http://host:port or https://host:port")
		return
	}
	if what, want := badEndpoint(u); what != "" {
		d.report(n, what, want)
		return
	}
	to.Endpoint = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}).String()
}

// badEndpoint says what is wrong with the URL of a collector, and what was expected.
func badEndpoint(u *url.URL) (what, want string) {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "unknown scheme " + quote(u.Scheme), "http:// or https://, for gRPC as well"
	case u.User != nil:
		return "the URL holds a user name or a password", "OTEL_EXPORTER_OTLP_HEADERS in the environment"
	case u.Hostname() == "":
		return "the URL has no host", u.Scheme + "://localhost:4317"
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && !validPort(u.Port()):
		return "the URL's port is " + quote(u.Port()), "1 to 65535"
	case u.RawQuery != "" || u.Fragment != "":
		return "the URL has more than a host, a port and a path", u.Scheme + "://" + u.Host
	}
	return "", ""
}

// dialable finds endpoints that gRPC cannot dial.
func (d *decoder) dialable(n *node, e Exporter) {
	u, err := url.Parse(e.Endpoint)
	if err != nil || e.Protocol != GRPC || e.Embedded {
		return
	}
	switch {
	case u.Path != "":
		d.report(n, "the URL has a path, and gRPC has none", "protocol: http/protobuf, or "+u.Scheme+"://"+u.Host)
	case u.Port() == "" && u.Scheme == "http":
		d.report(n, "the URL has no port", u.Scheme+"://"+u.Host+":4317")
	}
}

// complete is e with the defaults of what it does not say.
func (e Exporter) complete() Exporter {
	if e.Protocol == "" {
		e.Protocol = e.defaultProtocol()
	}
	if e.Compression == "" {
		e.Compression = Uncompressed
	}
	return e
}

func (e Exporter) defaultProtocol() string {
	if u, err := url.Parse(e.Endpoint); err == nil && u.Port() == "4318" {
		return HTTPProtobuf
	}
	return GRPC
}

// place is what a scenario file calls the endpoint.
func (e Exporter) place() string {
	if e.Embedded {
		return embeddedExporter
	}
	return e.Endpoint
}

// MarshalJSON writes e as a scenario file has it: a word, a URL, or a mapping when there is more to say.
func (e Exporter) MarshalJSON() ([]byte, error) {
	if e == (Exporter{Embedded: e.Embedded, Endpoint: e.Endpoint}).complete() {
		return json.Marshal(e.place())
	}
	return json.Marshal(struct {
		Endpoint    string `json:"endpoint"`
		Protocol    string `json:"protocol"`
		Compression string `json:"compression"`
	}{e.place(), e.Protocol, e.Compression})
}
