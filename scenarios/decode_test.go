package scenarios

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// minimal is the least that makes a scenario; it may follow other keys.
const minimal = "\nduration: 20s\nsenders:\n  - {name: a, rate: 10/s, topic: bench/a}\n"

func TestDefaults(t *testing.T) {
	s, err := Decode("folder/first-try.yaml", []byte(minimal))
	require.NoError(t, err)
	assert.Equal(t, &Scenario{
		Name: "first-try", Broker: Broker{Kind: Embedded}, Client: Lean, Warmup: seconds(2), Duration: seconds(20), Drain: seconds(10), Seed: 1, Repeat: Repeat{Runs: 1},
		Senders: []Sender{{
			Name: "a", Count: 1, Rate: Rate{Messages: 10, Per: time.Second}, Arrival: Uniform, StartJitter: true,
			Topic: OneTopic("bench/a"), Payload: Payload{Size: 128},
		}},
		Receivers: []Receiver{}, Tracing: Tracing{TracingArm: TracingArm{Name: "off", Arm: ArmOff}},
	}, s)
}

func TestDefaultsThatDependOnOthers(t *testing.T) {
	s, err := Decode("x.yaml", []byte(`
duration: 20s
tracing: {arm: context}
senders:
  - {name: flat-out, rate: max, qos: 1, topic: t}
  - {name: unacknowledged, rate: max, topic: t}
  - {name: shared, total: 90/min, count: 4, topic: t}
`))
	require.NoError(t, err)
	assert.Equal(t, Sampler{Name: AlwaysOn}, s.Tracing.Sampler)
	assert.Equal(t, 100, s.Senders[0].Window)
	assert.Zero(t, s.Senders[1].Window)
	assert.Equal(t, Rate{Messages: 22.5, Per: time.Minute}, s.Senders[2].Rate)
}

func TestNameComesFromTheFile(t *testing.T) {
	for file, want := range map[string]string{
		"a/b/smoke.yaml": "smoke", "smoke test.yml": "smoke-test", "<stdin>": "stdin", "": "scenario", "..yaml": "scenario",
		strings.Repeat("x", 80) + ".yaml": "scenario",
	} {
		s, err := Decode(file, []byte(minimal))
		require.NoError(t, err)
		assert.Equal(t, want, s.Name, file)
	}
}

func TestLoadOfNoFile(t *testing.T) {
	_, err := Load("testdata/none.yaml")
	assert.EqualError(t, err, "testdata/none.yaml: cannot be read: there is no such file, expected a scenario file")
	_, err = Load("testdata")
	assert.EqualError(t, err, "testdata: cannot be read: it is not a regular file, expected a scenario file")
}

func TestWindowsLineEnds(t *testing.T) {
	_, err := Decode("x.yaml", []byte(strings.ReplaceAll(minimal, "\n", "\r\n")))
	require.NoError(t, err)
	_, err = Decode("x.yaml", []byte(strings.ReplaceAll(strings.Replace(minimal, "20s", "soon", 1), "\n", "\r\n")))
	assert.EqualError(t, err, `x.yaml:2:11: duration: "soon" is not a duration, expected a duration such as 500ms, 20s or 1m30s
    2 | duration: soon
      |           ^`)
}

func TestByteOrderMark(t *testing.T) {
	_, err := Decode("x.yaml", []byte("\uFEFF"+strings.TrimPrefix(minimal, "\n")))
	assert.NoError(t, err)
}

func TestColumnsCountCharacters(t *testing.T) {
	_, err := Decode("x.yaml", []byte("{description: größe, duration: soon, senders: [{name: a, rate: 10/s, topic: t}]}"))
	var problems Problems
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, 32, problems[0].Column)
}

func TestTabsAndControlCharactersInTheLineShown(t *testing.T) {
	p := Problem{File: "x.yaml", Line: 1, Column: 4, What: "wrong", Source: "a:\t\x1b[31mred"}
	assert.Equal(t, "x.yaml:1:4: wrong\n    1 | a: ·[31mred\n      |    ^", p.Error())
}

func TestClientCertificate(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir)
	s, err := Decode(filepath.Join(dir, "x.yaml"), []byte("broker: {url: mqtts://host, tls: {cert: cert.pem, key: key.pem}}"+minimal))
	require.NoError(t, err)
	assert.Equal(t, TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}, s.Broker.TLS)
}

// writePair writes a self-signed certificate and its key.
func writePair(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", cert)
	writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", private)
}

func writePEM(t *testing.T, path, kind string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600))
}

func TestNoSecretInMessages(t *testing.T) {
	for name, url := range map[string]string{
		"plain":             "mqtt://ann:secret@host",
		"at signs":          "mqtt://ann:sec@ret@host",
		"slashes":           "mqtt://ann:sec/ret@host",
		"no user":           "mqtt://:secret@host",
		"not a URL":         "mqtt://ann:secret@ho%zzst",
		"another scheme":    "ws://ann:secret@host",
		"a port past 65535": "mqtt://ann:secret@host:99999",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode("x.yaml", []byte("broker: "+url+minimal))
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "secret")
			assert.NotContains(t, err.Error(), "sec")
			_, err = Decode("x.yaml", []byte(minimal), Set{Origin: "--broker", Path: "broker", Value: url})
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "sec")
		})
	}
}

func TestHostileInput(t *testing.T) {
	for name, data := range map[string]string{
		"open brackets":        strings.Repeat("[", 100_000),
		"nested mappings":      strings.Repeat("{a: ", 30_000),
		"nested lists":         strings.Repeat("- ", 60_000),
		"nested keys":          strings.Repeat("? ", 60_000),
		"tags":                 strings.Repeat("!a ", 40_000),
		"anchors":              strings.Repeat("&a ", 40_000),
		"an alias bomb":        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
		"an alias of itself":   "a: &a [*a]\n",
		"quotes":               strings.Repeat(`"`, 20_000),
		"too large":            strings.Repeat("#", maxFileSize+1),
		"NUL":                  "duration: \x00\n",
		"control characters":   "\x01\x02\x03: \x04",
		"only a mark":          "\uFEFF",
		"documents":            strings.Repeat("---\n", 10_000),
		"deep by indentation":  deep(200),
		"many unknown keys":    manyKeys(5_000),
		"a directive":          "%YAML 9.9\n---\n",
		"unicode replacements": "\uFFFD: \uFFFD",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Decode("x.yaml", []byte(data))
			assert.Nil(t, s)
			var problems Problems
			require.ErrorAs(t, err, &problems)
			assert.NotEmpty(t, problems)
			assert.NotEmpty(t, err.Error())
		})
	}
}

func deep(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("key" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + ": 1\n")
	}
	return b.String()
}
