package stack

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mqttrace/load/broker/brokertest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mosquitto runs Mosquitto with a configuration of resources/mosquitto, in which replace puts this machine's ports and
// folders for the container's, and returns once it accepts connections at addr. It runs until stop or the test's end.
func mosquitto(t *testing.T, config, addr string, replace ...string) (stop func()) {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/usr/local/sbin")
	exe, err := exec.LookPath("mosquitto")
	if err != nil {
		t.Skip("mosquitto is not installed")
	}
	text := string(read(t, "resources/mosquitto", config))
	replace = append(replace, "/mosquitto/data/", t.TempDir()+"/")
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, text, replace[i])
	}
	file := filepath.Join(t.TempDir(), config)
	// Started as root it would become a user who may not read the test's folders.
	text = strings.NewReplacer(replace...).Replace(text) + "\nuser root\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))

	cmd := exec.Command(exe, "-c", file)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	stop = sync.OnceFunc(func() {
		assert.NoError(t, cmd.Process.Kill())
		cmd.Wait()
	})
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	return stop
}

// on is a listener's line on addr instead of everywhere.
func on(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	return "listener " + port + " " + host + "\n"
}

func TestMosquittoTakesItsConfiguration(t *testing.T) {
	mqtt, websockets := brokertest.FreeAddress(t), brokertest.FreeAddress(t)
	mosquitto(t, "mosquitto.conf", mqtt, "listener 1883\n", on(mqtt), "listener 9001\n", on(websockets))
	assert.Equal(t, accepted, connect(t, dial(t, mqtt, nil), "", ""))

	conn, err := net.Dial("tcp", websockets)
	require.NoError(t, err, "and websockets")
	conn.Close()
}

// TestMosquittoOverTLS makes certificates as a person would and tries each way in, and what must stay out.
func TestMosquittoOverTLS(t *testing.T) {
	for _, tool := range []string{"openssl", "mosquitto_passwd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	certs := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "sh", path("resources/mosquitto/certificates.sh"), certs).CombinedOutput()
	require.NoError(t, err, string(out))
	again, err := exec.CommandContext(t.Context(), "sh", path("resources/mosquitto/certificates.sh"), certs).CombinedOutput()
	require.Error(t, err, "what is in use is not overwritten")
	require.Contains(t, string(again), "has certificates already")

	login, mutual, local := brokertest.FreeAddress(t), brokertest.FreeAddress(t), brokertest.FreeAddress(t)
	mosquitto(t, "mosquitto-tls.conf", login, "/mosquitto/certs", certs,
		"listener 8883\n", on(login), "listener 8884\n", on(mutual), "listener 1883 127.0.0.1\n", on(local))

	ca := x509.NewCertPool()
	pem, err := os.ReadFile(filepath.Join(certs, "ca.pem"))
	require.NoError(t, err)
	require.True(t, ca.AppendCertsFromPEM(pem))
	verified := &tls.Config{RootCAs: ca, ServerName: "mosquitto-broker"}
	password, err := os.ReadFile(filepath.Join(certs, "telemetry-sender.password"))
	require.NoError(t, err)

	assert.Equal(t, accepted, connect(t, dial(t, login, verified), "telemetry-sender", strings.TrimSpace(string(password))))
	assert.Equal(t, notAuthorized, connect(t, dial(t, login, verified), "telemetry-sender", "wrong"))
	assert.Equal(t, notAuthorized, connect(t, dial(t, login, verified), "", ""))

	pair, err := tls.LoadX509KeyPair(filepath.Join(certs, "telemetry-receiver.pem"), filepath.Join(certs, "telemetry-receiver.key"))
	require.NoError(t, err)
	shown := verified.Clone()
	shown.Certificates = []tls.Certificate{pair}
	assert.Equal(t, accepted, connect(t, dial(t, mutual, shown), "", ""))
	assert.Equal(t, refused, connect(t, dial(t, mutual, verified), "", ""), "without a certificate")

	_, err = tls.Dial("tcp", login, &tls.Config{ServerName: "mosquitto-broker"})
	assert.ErrorContains(t, err, "certificate", "nobody else trusts this authority")
}

// What became of a CONNECT: CONNACK's reason codes, and a connection that was closed before one.
const (
	accepted      byte = 0x00
	notAuthorized byte = 0x87
	refused       byte = 0xFF
)

func dial(t *testing.T, addr string, config *tls.Config) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	if config != nil {
		conn = tls.Client(conn, config)
	}
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn
}

// connect sends an MQTT 5 CONNECT and returns the answer's reason code.
func connect(t *testing.T, conn net.Conn, user, password string) byte {
	t.Helper()
	text := func(s string) []byte { return append([]byte{byte(len(s) >> 8), byte(len(s))}, s...) }
	flags := byte(0x02) // clean start
	payload := text("stack-test")
	if user != "" {
		flags |= 0xC0
		payload = append(append(payload, text(user)...), text(password)...)
	}
	body := append(append(text("MQTT"), 5, flags, 0, 60, 0), payload...)
	if _, err := conn.Write(append([]byte{0x10, byte(len(body))}, body...)); err != nil {
		return refused
	}
	answer := make([]byte, 4)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return refused
	}
	require.Equal(t, byte(0x20), answer[0], "a CONNACK")
	return answer[3]
}
