package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/youmark/pkcs8"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
)

func newAuthority(t *testing.T) *brokertest.Authority {
	t.Helper()
	return brokertest.NewAuthority(t, t.TempDir())
}

// encrypt encrypts the private key in a file with a password.
func encrypt(t *testing.T, keyFile, password string) {
	t.Helper()
	content, err := os.ReadFile(keyFile)
	require.NoError(t, err)
	block, _ := pem.Decode(content)
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	der, err := pkcs8.MarshalPrivateKey(key, []byte(password), nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}), 0o600))
}

func writeFile(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// fails starts a service that cannot run and returns what it says about that.
func fails(t *testing.T, name string, code int, e env) string {
	t.Helper()
	p := start(t, name, e)
	assert.Equal(t, code, p.exit(t), p.stderr.String())
	assert.NotContains(t, p.stderr.String(), "goroutine ", "no panic")
	return p.stderr.String()
}

func TestOverTLS(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	cert, key := ours.Issue(t, "broker")
	b := mosquitto(t, broker.MosquittoConfig{CertFile: cert, KeyFile: key})
	overTLS := env{"AIO_MQTT_USE_TLS": "true", "AIO_TLS_CA_FILE": ours.File}

	sender, receiver := pair(t, b, overTLS)
	receiver.says(t, "message received")
	sender.stop(t)
	receiver.stop(t)

	e := at(b.Addr(), "telemetry-sender").with(overTLS)
	for _, authorities := range []string{other.File, ""} { // another's, and the system's
		said := fails(t, "sender", 1, e.with(env{"AIO_TLS_CA_FILE": authorities}))
		assert.Contains(t, said, "certificate signed by unknown authority")
		assert.Contains(t, said, "(AIO_TLS_CA_FILE names the authority that signed the broker's certificate)")
	}
	assert.Contains(t, fails(t, "sender", 2, e.with(env{"AIO_TLS_CA_FILE": key})), "AIO_TLS_CA_FILE=\""+key+"\": "+key+": holds no certificate in PEM form")
	assert.Contains(t, fails(t, "sender", 1, e.with(env{"AIO_BROKER_HOSTNAME": "localhost"})), "not valid for any names, but wanted to match localhost",
		"localhost is verified like any other name")
	plain := start(t, "sender", e.with(env{"AIO_MQTT_USE_TLS": "false", "AIO_TLS_CA_FILE": ""}))
	assert.Contains(t, plain.says(t, "connection failed, trying again").text("error"), "does the broker expect TLS there? then AIO_MQTT_USE_TLS must be true")
}

func TestTLSToAPlainBroker(t *testing.T) {
	b := mosquitto(t, broker.MosquittoConfig{})
	p := start(t, "sender", at(b.Addr(), "telemetry-sender").with(env{"AIO_MQTT_USE_TLS": "true"}))
	// Mosquitto closes the connection, which a broker that is only starting might do too.
	assert.Contains(t, p.says(t, "connection failed, trying again").text("error"), "the broker does not speak TLS there; is AIO_MQTT_USE_TLS=false meant")
	p.stop(t)
}

func TestMutualTLS(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	cert, key := ours.Issue(t, "broker")
	clientCert, clientKey := ours.Issue(t, "client")
	encrypt(t, clientKey, "correct horse")
	dir := t.TempDir()
	password := writeFile(t, dir, "password", []byte("correct horse\n"))
	b := mosquitto(t, broker.MosquittoConfig{CertFile: cert, KeyFile: key, CAFile: ours.File, RequireCertificate: true})
	identified := env{
		"AIO_MQTT_USE_TLS": "true", "AIO_TLS_CA_FILE": ours.File, "AIO_TLS_CERT_FILE": clientCert, "AIO_TLS_KEY_FILE": clientKey,
		"AIO_TLS_KEY_PASSWORD_FILE": password,
	}
	sender, receiver := pair(t, b, identified)
	receiver.says(t, "message received")
	sender.stop(t)
	receiver.stop(t)

	e := at(b.Addr(), "telemetry-sender").with(identified)
	anonymous := e.with(env{"AIO_TLS_CERT_FILE": "", "AIO_TLS_KEY_FILE": "", "AIO_TLS_KEY_PASSWORD_FILE": ""})
	assert.Contains(t, fails(t, "sender", 1, anonymous), "certificate required")
	strangeCert, strangeKey := other.Issue(t, "stranger")
	strange := e.with(env{"AIO_TLS_CERT_FILE": strangeCert, "AIO_TLS_KEY_FILE": strangeKey, "AIO_TLS_KEY_PASSWORD_FILE": ""})
	assert.Contains(t, fails(t, "sender", 1, strange), "unknown certificate authority")
	wrong := writeFile(t, dir, "wrong", []byte("wrong"))
	said := fails(t, "sender", 2, e.with(env{"AIO_TLS_KEY_PASSWORD_FILE": wrong}))
	assert.Contains(t, said, `AIO_TLS_KEY_PASSWORD_FILE="`+wrong+`": `+wrong+": does not decrypt the key in "+clientKey)
	assert.NotContains(t, said, "wrong\": wrong\n")
	assert.Contains(t, fails(t, "sender", 2, e.with(env{"AIO_TLS_KEY_PASSWORD_FILE": ""})), "is encrypted, and there is no password for it")
	assert.Contains(t, fails(t, "sender", 2, e.with(env{"AIO_TLS_CERT_FILE": strangeCert})), "does not match")
}

func TestPassword(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "passwords")
	if out, err := exec.Command("mosquitto_passwd", "-c", "-b", file, "telemetry", "right").CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
		t.Skip("there is no mosquitto_passwd")
	} else {
		require.NoError(t, err, string(out))
	}
	b := mosquitto(t, broker.MosquittoConfig{PasswordFile: file})
	right := writeFile(t, dir, "right", []byte("right\n"))
	known := env{"AIO_MQTT_USERNAME": "telemetry", "AIO_MQTT_PASSWORD_FILE": right}
	sender, receiver := pair(t, b, known)
	receiver.says(t, "message received")
	sender.stop(t)
	receiver.stop(t)

	e := at(b.Addr(), "telemetry-sender").with(known)
	refused := "connection of client telemetry-sender to " + b.Addr() + " refused by the broker: 0x87 not authorized"
	assert.Contains(t, fails(t, "sender", 1, e.with(env{"AIO_MQTT_PASSWORD_FILE": writeFile(t, dir, "wrong", []byte("wrong"))})), refused)
	assert.Contains(t, fails(t, "sender", 1, e.with(env{"AIO_MQTT_USERNAME": "", "AIO_MQTT_PASSWORD_FILE": ""})), refused)
	assert.Contains(t, fails(t, "sender", 2, e.with(env{"AIO_MQTT_PASSWORD_FILE": filepath.Join(dir, "none")})), "no such file or directory")
	assert.Contains(t, fails(t, "sender", 2, e.with(env{"AIO_MQTT_PASSWORD_FILE": writeFile(t, dir, "empty", []byte("\n"))})), "is empty")
}

// issuer says which token is right, and what has been presented.
type issuer struct {
	mu        sync.Mutex
	right     string
	presented chan string
}

func (i *issuer) judge(method string, data []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.presented <- method + " " + string(data)
	if method != "K8S-SAT" || string(data) != i.right {
		return errors.New("token unknown")
	}
	return nil
}

func (i *issuer) renew(token string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.right = token
}

// projected is a folder as Kubernetes projects tokens into: what is seen are links to a link that is exchanged.
type projected struct {
	dir     string
	version int
}

func (p *projected) write(t *testing.T, token string) string {
	t.Helper()
	p.version++
	data := filepath.Join(p.dir, "..version"+string(rune('0'+p.version)))
	require.NoError(t, os.Mkdir(data, 0o700))
	writeFile(t, data, "token", []byte(token))
	next := filepath.Join(p.dir, "..next")
	require.NoError(t, os.Symlink(filepath.Base(data), next))
	require.NoError(t, os.Rename(next, filepath.Join(p.dir, "..data")))
	file := filepath.Join(p.dir, "token")
	if p.version == 1 {
		require.NoError(t, os.Symlink(filepath.Join("..data", "token"), file))
	}
	return file
}

func TestServiceAccountToken(t *testing.T) {
	tokens := &issuer{right: "first", presented: make(chan string, 100)}
	b, err := broker.Listen(broker.EmbeddedConfig{Authenticate: tokens.judge})
	require.NoError(t, err)
	t.Cleanup(b.Close)
	folder := projected{dir: t.TempDir()}
	file := folder.write(t, "first")
	e := at(b.Addr(), "telemetry-sender").with(env{"AIO_SAT_FILE": file})
	sender := start(t, "sender", e)
	assert.Equal(t, "K8S-SAT first", receive(t, tokens.presented))
	sender.says(t, "message sent")

	tokens.renew("second")
	folder.write(t, "second")
	assert.Equal(t, "K8S-SAT second", receive(t, tokens.presented))
	_, from := sender.saysFrom(t, "re-authenticated with the renewed token", 0)
	sender.saysFrom(t, "message sent", from)
	assert.NotContains(t, sender.log(), "connection lost", "on the connection there was")

	folder.write(t, "wrong")
	assert.Equal(t, "K8S-SAT wrong", receive(t, tokens.presented))
	assert.Contains(t, sender.says(t, "the renewed token was not taken").text("error"),
		"K8S-SAT re-authentication of client telemetry-sender: disconnected by the broker: 0x87 not authorized (token unknown)")
	folder.write(t, "second")
	_, from = sender.saysFrom(t, "connected again", from)
	sender.saysFrom(t, "message sent", from)
	sender.stop(t)

	wrong := writeFile(t, t.TempDir(), "token", []byte("wrong"))
	assert.Contains(t, fails(t, "receiver", 1, e.with(env{"AIO_SAT_FILE": wrong})),
		"connection of client telemetry-sender to "+b.Addr()+" refused by the broker: 0x87 not authorized (token unknown)")
	both := fails(t, "receiver", 2, e.with(env{"AIO_MQTT_USERNAME": "somebody"}))
	assert.Contains(t, both, `AIO_MQTT_USERNAME="somebody": set together with AIO_SAT_FILE; want one way to authenticate`)
	assert.Contains(t, fails(t, "receiver", 2, e.with(env{"AIO_SAT_FILE": filepath.Join(folder.dir, "none")})), "no such file or directory")
}

func TestATokenOverMosquittoIsRefused(t *testing.T) {
	b := mosquitto(t, broker.MosquittoConfig{})
	file := writeFile(t, t.TempDir(), "token", []byte("token"))
	assert.Contains(t, fails(t, "sender", 1, at(b.Addr(), "telemetry-sender").with(env{"AIO_SAT_FILE": file})), "0x8c bad authentication method")
}
