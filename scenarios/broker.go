package scenarios

import (
	"encoding/json"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Address is host:port of an External broker, with the scheme's port where the URL has none; empty for other brokers.
func (b Broker) Address() string {
	u, err := url.Parse(b.URL)
	if b.URL == "" || err != nil || u.Host == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = defaultPorts[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// Method is the authentication method of MQTT 5's enhanced authentication, such as SCRAM-SHA-256; empty for none.
func (a Auth) Method() string {
	if a == PasswordAuth {
		return ""
	}
	return strings.ToUpper(string(a))
}

// Started tells whether the harness starts the broker, for the run alone.
func (b Broker) Started() bool { return b.Kind == Embedded || b.Kind == Mosquitto }

// Secure tells whether connections to the broker use TLS.
func (b Broker) Secure() bool {
	return strings.HasPrefix(b.URL, "mqtts:") || strings.HasPrefix(b.URL, "wss:") || b.QUIC()
}

// QUIC tells whether connections to the broker are QUIC's, over UDP.
func (b Broker) QUIC() bool { return strings.HasPrefix(b.URL, "quic:") }

// UnixPath is the path of the socket that a unix:// URL names; empty for others.
func (b Broker) UnixPath() string {
	path, _ := strings.CutPrefix(b.URL, unixScheme+"://")
	if path == b.URL {
		return ""
	}
	return path
}

// WebSocketPath is the path of a ws:// or wss:// URL; empty for others.
func (b Broker) WebSocketPath() string {
	u, err := url.Parse(b.URL)
	if err != nil || !isWebSocket(u.Scheme) {
		return ""
	}
	return u.Path
}

func isWebSocket(scheme string) bool { return scheme == "ws" || scheme == "wss" }

// MarshalJSON writes b as a scenario file has it: a word, a URL, or a mapping when there is more to say.
func (b Broker) MarshalJSON() ([]byte, error) {
	switch {
	case b.Kind != External:
		return b.ownJSON()
	case b.Username == "" && b.PasswordFile == "" && b.Auth == "" && b.TLS.IsZero():
		return json.Marshal(b.URL)
	}
	return json.Marshal(struct {
		URL          string `json:"url"`
		Username     string `json:"username,omitempty"`
		PasswordFile string `json:"password_file,omitempty"`
		Auth         Auth   `json:"auth,omitempty"`
		TLS          TLS    `json:"tls,omitzero"`
	}{b.URL, b.Username, b.PasswordFile, b.Auth, b.TLS})
}

// defaultPorts are the ports of the schemes that this version speaks.
var defaultPorts = map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443", "quic": "14567"}

// unixScheme is that of Unix domain sockets, which have no port.
const unixScheme = "unix"

// defaultWebSocketPath is where brokers serve WebSockets unless told otherwise.
const defaultWebSocketPath = "/mqtt"

// wantURL names the forms of a URL.
const wantURL = "mqtt://host:port, mqtts://, quic://, ws:// or wss:// with a path, or unix:///path"

const wantBroker = "embedded, mosquitto, aio, or a URL such as mqtt://localhost:1883"

// broker reads a short word, a URL, or a mapping.
func (d *decoder) broker(to *Broker) func(*node) {
	return func(n *node) {
		switch {
		case n.kind == mapping:
			d.brokerMapping(n, to)
		case n.kind != text:
			d.wrongType(n, wantBroker+", or a mapping with url or name")
		case n.text == string(Embedded) || n.text == string(Mosquitto) || n.text == string(AIO):
			to.Kind = BrokerKind(n.text)
		case strings.Contains(n.text, "://"):
			d.brokerURL(to)(n)
		case strings.Contains(n.text, ":"):
			d.report(n, quote(n.text)+" has no scheme", quote("mqtt://"+n.text))
		default:
			words := []string{string(Embedded), string(Mosquitto), string(AIO)}
			d.report(n, quote(n.text)+" is not a broker"+didYouMean(n.text, words), wantBroker)
		}
	}
}

func (d *decoder) brokerMapping(n *node, to *Broker) {
	if n.get("name") != nil && n.get("url") == nil {
		d.ownBroker(n, to)
		return
	}
	var username string
	d.mapping(n,
		required("url", "where the broker listens, such as mqtt://localhost:1883", d.brokerURL(to)),
		optional("username", d.username(&username)),
		optional("password_file", d.passwordFile(&to.PasswordFile)),
		optional("auth", oneOf(d, &to.Auth, PasswordAuth, ScramSHA1, ScramSHA256, ScramSHA512)),
		optional("tls", d.tls(&to.TLS)),
	)
	if n.get("username").sound() {
		if to.Username != "" {
			d.report(n.get("username"), "the URL has a user name too", "one of them")
		}
		to.Username = username
	}
	d.badAuth(n, *to)
	if tls := n.get("tls"); tls != nil && n.get("url").sound() && !to.Secure() {
		d.report(tls, "the URL is not one of TLS", "tls with mqtts://, wss:// or quic:// only")
	}
}

// badAuth checks that a login by enhanced authentication has what it needs.
func (d *decoder) badAuth(n *node, b Broker) {
	auth := n.get("auth")
	if !auth.sound() || b.Auth.Method() == "" {
		return
	}
	var missing []string
	if b.Username == "" && n.get("username") == nil && n.get("url").sound() {
		missing = append(missing, "username")
	}
	if n.get("password_file") == nil {
		missing = append(missing, "password_file")
	}
	if len(missing) > 0 {
		d.report(auth, string(b.Auth)+" needs "+strings.Join(missing, " and "), "username and password_file beside it")
	}
}

func (d *decoder) username(to *string) func(*node) {
	return func(n *node) {
		if d.text(to)(n); n.bad {
			return
		}
		if what, want := badString(*to, "a user name"); what != "" {
			d.report(n, what, want)
		}
	}
}

// brokerURL reads the URL of a broker. A user name in it moves to its own field.
func (d *decoder) brokerURL(to *Broker) func(*node) {
	return func(n *node) {
		if n.kind != text {
			d.wrongType(n, "a URL such as mqtt://localhost:1883")
			return
		}
		u, err := url.Parse(n.text)
		if err != nil || u.Opaque != "" {
			d.report(n, quote(redact(n.text))+" is not a URL", wantURL)
			return
		}
		if what, want := badURL(u); what != "" {
			d.report(n, what, want)
			return
		}
		to.Kind, to.Username = External, u.User.Username()
		cleaned := url.URL{Scheme: u.Scheme, Host: u.Host}
		switch {
		case u.Scheme == unixScheme:
			cleaned.Path = u.Path
		case isWebSocket(u.Scheme):
			cleaned.Path = u.Path
			if strings.Trim(u.Path, "/") == "" {
				cleaned.Path = defaultWebSocketPath
			}
		}
		to.URL = cleaned.String()
	}
}

// badURL says what is wrong with the URL of a broker, and what was expected.
func badURL(u *url.URL) (what, want string) {
	_, hasPassword := u.User.Password()
	if u.Scheme == unixScheme {
		return badUnixURL(u)
	}
	switch {
	case defaultPorts[u.Scheme] == "":
		return badScheme(u.Scheme)
	case hasPassword:
		return "the URL holds a password, which would stand in files and process lists", "the long form with password_file"
	case u.User != nil && !validString(u.User.Username()):
		return "the URL's user name is empty or holds a character that MQTT forbids", u.Scheme + "://name@" + u.Host
	case u.Hostname() == "":
		return "the URL has no host", u.Scheme + "://localhost:" + defaultPorts[u.Scheme]
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && !validPort(u.Port()):
		return "the URL's port is " + quote(u.Port()), "1 to 65535"
	case strings.Trim(u.Path, "/") != "" && !isWebSocket(u.Scheme) || u.RawQuery != "" || u.Fragment != "":
		return "the URL has more than a host and a port", u.Scheme + "://" + u.Host
	}
	return "", ""
}

// badUnixURL is badURL for unix://, which has a path and nothing else.
func badUnixURL(u *url.URL) (what, want string) {
	if u.Host != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") == "" {
		return "a unix:// URL names a path and nothing else", "three slashes, as in unix:///run/mosquitto.sock"
	}
	return "", ""
}

func badScheme(scheme string) (what, want string) {
	switch scheme {
	case "tcp":
		return "unknown scheme tcp://", "mqtt://, which is the same"
	case "ssl", "tls":
		return "unknown scheme " + scheme + "://", "mqtts://, which is the same"
	case "mqtt-quic":
		return "unknown scheme mqtt-quic://", "quic://, which is the same"
	}
	return "unknown scheme " + quote(scheme), wantURL
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
