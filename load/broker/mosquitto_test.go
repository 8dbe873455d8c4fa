package broker

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker/brokertest"
)

func TestMosquittoThatDoesNotStartShowsItsLog(t *testing.T) {
	b, err := MosquittoConfig{Extra: []string{"colour blue"}}.Start(limited(t))
	require.Nil(t, b)
	require.ErrorContains(t, err, "it exited with status")
	require.ErrorContains(t, err, `Unknown configuration variable "colour"`)
}

func TestMosquittoPortInUse(t *testing.T) {
	port := takenPort(t)
	_, err := MosquittoConfig{Port: port}.Start(limited(t))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, fmt.Sprintf("127.0.0.1:%d", port))
}

// TestMosquittoTriesAnotherPort when somebody else was faster.
func TestMosquittoTriesAnotherPort(t *testing.T) {
	defer func() { choosePort = freePort }()
	taken := []int{takenPort(t), takenPort(t)}
	choosePort = func() (int, error) {
		if len(taken) == 0 {
			return freePort()
		}
		port := taken[0]
		taken = taken[1:]
		return port, nil
	}
	b, err := StartMosquitto(limited(t))
	running(t, b, err)
	require.Empty(t, taken)

	always := takenPort(t)
	choosePort = func() (int, error) { return always, nil }
	_, err = StartMosquitto(limited(t))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
}

// takenPort is one that this process listens on until the end of the test.
func takenPort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().(*net.TCPAddr).Port
}

func TestMosquittoNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	defer func(dirs []string) { mosquittoDirs = dirs }(mosquittoDirs)
	mosquittoDirs = []string{t.TempDir()}
	_, err := StartMosquitto(limited(t))
	require.ErrorIs(t, err, ErrNotInstalled)
	require.ErrorContains(t, err, "install")
	require.ErrorContains(t, err, mosquittoDirs[0])
}

func TestInstallHint(t *testing.T) {
	for goos, want := range map[string]string{
		"linux": "sudo apt-get install mosquitto", "darwin": "brew install mosquitto",
		"windows": "winget install", "plan9": "mosquitto.org/download",
	} {
		assert.Contains(t, installHint(goos), want)
	}
}

// TestMosquittoIsFoundBesidePATH: Debian's /usr/sbin is not on everybody's.
func TestMosquittoIsFoundBesidePATH(t *testing.T) {
	exe, err := findMosquitto()
	require.NoError(t, err)
	t.Setenv("PATH", t.TempDir())
	defer func(dirs []string) { mosquittoDirs = dirs }(mosquittoDirs)
	mosquittoDirs = []string{t.TempDir(), filepath.Dir(exe)}
	found, err := findMosquitto()
	require.NoError(t, err)
	assert.Equal(t, exe, found)
}

func TestMosquittoLeavesNoFiles(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	b, err := StartMosquitto(limited(t))
	running(t, b, err)
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left, "even while it runs: this process may be killed")
}

func TestMosquittoPersistence(t *testing.T) {
	cfg := MosquittoConfig{PersistenceDir: t.TempDir()}
	b, err := cfg.Start(limited(t))
	running(t, b, err)
	publish(t, testClient{}.connected(t, b.Addr()), &paho.Publish{Topic: "kept", QoS: 1, Retain: true, Payload: []byte("x")})
	require.NoError(t, b.Stop(limited(t)))

	again, err := cfg.Start(limited(t))
	running(t, again, err)
	got := make(chan struct{})
	receiver := testClient{receive: func(*paho.Publish) { close(got) }}.connected(t, again.Addr())
	subscribe(t, receiver, "kept", 1)
	await(t, got, "the retained message")
}

func TestMosquittoPasswordsAndACL(t *testing.T) {
	dir := t.TempDir()
	b, err := MosquittoConfig{
		PasswordFile: writeFile(t, filepath.Join(dir, "passwords"), passwordLine(t, "ann", "secret")),
		ACLFile:      writeFile(t, filepath.Join(dir, "acl"), "user ann\ntopic write open/#\n"),
	}.Start(limited(t))
	running(t, b, err)
	assert.Equal(t, packets.ConnackNotAuthorized, int(connackReason(t, b.Addr(), testClient{})))

	ann := testClient{username: "ann", password: "secret"}.connected(t, b.Addr())
	publish(t, ann, &paho.Publish{Topic: "open/door", QoS: 1})
	refusal, err := ann.Publish(limited(t), &paho.Publish{Topic: "closed/door", QoS: 1})
	require.Error(t, err)
	assert.EqualValues(t, packets.PubackNotAuthorized, refusal.ReasonCode)
}

// passwordLine is a line of a password file as mosquitto_passwd writes it.
func passwordLine(t *testing.T, user, password string) string {
	t.Helper()
	salt := []byte("mqttrace-tst")
	const iterations = 101
	hash, err := pbkdf2.Key(sha512.New, password, salt, iterations, sha512.Size)
	require.NoError(t, err)
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s:$7$%d$%s$%s\n", user, iterations, encode(salt), encode(hash))
}

func TestMosquittoTLSWithClientCertificate(t *testing.T) {
	authority := brokertest.NewAuthority(t, t.TempDir())
	cert, key := authority.Issue(t, "broker")
	b, err := MosquittoConfig{CertFile: cert, KeyFile: key, CAFile: authority.File, RequireCertificate: true}.Start(limited(t))
	running(t, b, err)
	assert.Equal(t, "mqtts://"+b.Addr(), b.URL())
	testClient{tls: authority.Trusted(authority.Pair(t, "client"))}.connected(t, b.Addr())
	_, err = testClient{tls: authority.Trusted()}.dial(limited(t), b.Addr())
	require.Error(t, err, "without a certificate")
}
