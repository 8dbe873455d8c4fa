package conform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/eclipse/paho.golang/packets"
	mochi "github.com/mochi-mqtt/server/v2"
	mochipackets "github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/conform"
	"mqttrace/scenarios"
)

// exceptions are the rows of a broker that are not passed, and what they come to.
type exceptions map[string]conform.Status

// Both brokers that the harness starts let trace context through. What they do otherwise is listed here, row by row.
func TestBrokersConform(t *testing.T) {
	for _, test := range []struct {
		kind scenarios.BrokerKind
		want exceptions
	}{
		{scenarios.Embedded, exceptions{
			"alias-to-broker": conform.Skipped, "alias-to-receiver": conform.Skipped, // mochi grants none and guard allows none
		}},
		{scenarios.Mosquitto, exceptions{
			"alias-to-receiver": conform.Skipped,
			"tab":               conform.KnownDeviation, "control-character": conform.KnownDeviation,
		}},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			target, err := conform.Open(t.Context(), scenarios.Broker{Kind: test.kind})
			require.NoError(t, err)
			defer func() { assert.NoError(t, target.Close()) }()
			var told []string
			report, err := conform.Run(t.Context(), target, conform.Options{
				Timeout: patience, Progress: func(p conform.Progress) { told = append(told, p.Name) },
			})
			require.NoError(t, err)
			assert.Equal(t, conform.Survives, report.Verdict, report.Reason)
			assert.Equal(t, string(test.kind), report.Broker.Name)
			assert.NotEmpty(t, report.Broker.Version)
			assert.Equal(t, conform.NoneSeen, report.Spans)
			assert.Equal(t, conform.Names(), told)
			assert.Empty(t, report.Warnings)
			for _, row := range report.Rows {
				want, excepted := test.want[row.Name]
				if !excepted {
					want = conform.Pass
				}
				assert.Equal(t, want, row.Status, "%s: %s %s", row.Name, row.Outcome, row.Detail)
				if row.Outcome == conform.Unchanged {
					assert.Equal(t, row.Sent, row.Received, row.Name)
				}
				assert.Equal(t, row.Status == conform.KnownDeviation, row.Reason != "", row.Name)
			}
			checkText(t, report)
		})
	}
}

// checkText holds the page to its width, and to a line for each row.
func checkText(t *testing.T, report *conform.Report) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.Text(&b))
	for line := range strings.Lines(b.String()) {
		assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 100, line)
	}
	for _, row := range report.Rows {
		assert.Regexp(t, `(?m)^  \S `+row.Name+` +\S.*  `+string(row.Outcome), b.String())
	}
}

// A Mosquitto that somebody else runs says what it is.
func TestMosquittoIsKnown(t *testing.T) {
	b, err := broker.StartMosquitto(t.Context())
	require.NoError(t, err)
	defer func() { assert.NoError(t, b.Stop(context.Background())) }()
	report, err := conform.Run(t.Context(), &conform.Target{URL: b.URL(), Address: b.Addr()}, conform.Options{Timeout: patience, Only: []string{"tab"}})
	require.NoError(t, err)
	assert.Equal(t, "mosquitto", report.Broker.Name)
	assert.Equal(t, b.Version(), report.Broker.Version)
	assert.Equal(t, "trace context survives this broker: 0 rows as specified, 1 known deviation", report.Reason)
}

// The rows that the harness promises, in the order of the report.
func TestCases(t *testing.T) {
	names := map[string]bool{}
	var b strings.Builder
	for _, c := range conform.Cases() {
		assert.False(t, names[c.Name], "%s twice", c.Name)
		names[c.Name] = true
		assert.Regexp(t, `^[a-z0-9-]{1,20}$`, c.Name)
		assert.LessOrEqual(t, utf8.RuneCountInString(c.Sends), 49, c.Name)
		assert.NotEmpty(t, c.Sends, c.Name)
		assert.Contains(t, c.Requires, "§", c.Name)
		b.WriteString(c.Group + ": " + c.Name + ": " + c.Sends + "\n")
	}
	golden(t, "cases.txt", b.String())
}

// What a Mosquitto is told not to do is unsupported, and the rest is tried with what is left.
func TestMosquittoWithLess(t *testing.T) {
	b, err := broker.MosquittoConfig{Extra: []string{"max_qos 0", "retain_available false", "max_topic_alias 0", "max_packet_size 20000"}}.Start(t.Context())
	require.NoError(t, err)
	defer func() { assert.NoError(t, b.Stop(context.Background())) }()
	report, err := conform.Run(t.Context(), &conform.Target{URL: b.URL(), Address: b.Addr()}, conform.Options{Timeout: patience})
	require.NoError(t, err)
	assert.Equal(t, conform.Survives, report.Verdict, report.Reason)
	assert.Empty(t, report.Broker.Name, "what it is, it says in a retained message")
	assert.Equal(t, []string{
		"qos-1", "qos-2", "qos-2-to-0", "retained-live", "retained-replayed", "retained-replaced", "will-retained", "session-qos-1", "session-qos-2",
		"redelivered", "alias-to-broker", "alias-to-receiver", "expiry-queued", "longest-value", "longest-name", "longest-state",
	}, rowsWith(report, conform.Skipped))
	assert.Equal(t, []string{"tab", "control-character"}, rowsWith(report, conform.KnownDeviation))
	assert.Equal(t, "CONNACK allows QoS 0 at most", rowOf(t, report, "qos-1").Detail)
	checkText(t, report)
}

func rowsWith(report *conform.Report, status conform.Status) (names []string) {
	for _, row := range report.Rows {
		if row.Status == status {
			names = append(names, row.Name)
		}
	}
	return names
}

// startMochi starts mochi as it comes, without what the embedded broker does about it.
func startMochi(t *testing.T) (*mochi.Server, *conform.Target) {
	t.Helper()
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, server.AddHook(new(everybody), nil))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(brokertest.Serve(t, server, l))
	return server, &conform.Target{URL: "mqtt://" + l.Addr().String(), Address: l.Addr().String()}
}

// everybody may do everything.
type everybody struct{ mochi.HookBase }

func (*everybody) ID() string { return "everybody" }
func (*everybody) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}
func (*everybody) OnConnectAuthenticate(*mochi.Client, mochipackets.Packet) bool { return true }
func (*everybody) OnACLCheck(*mochi.Client, string, bool) bool                   { return true }

// mochi as it comes keeps user properties from receivers that ask for no problem information, traceparent among them.
func TestMochiAsItComes(t *testing.T) {
	_, target := startMochi(t)
	report, err := conform.Run(t.Context(), target, conform.Options{Timeout: patience})
	require.NoError(t, err)
	assert.Equal(t, "mochi", report.Broker.Name)
	assert.Equal(t, mochi.Version, report.Broker.Version)
	assert.Equal(t, conform.Suffers, report.Verdict)
	assert.Equal(t, []string{"no-problem-info"}, rowsWith(report, conform.Fail))
	row := rowOf(t, report, "no-problem-info")
	assert.Equal(t, conform.Dropped, row.Outcome)
	assert.Contains(t, row.Detail, "a receiver starts a new trace")
	assert.Empty(t, row.Received)
	assert.Equal(t, []string{"alias-to-broker"}, rowsWith(report, conform.Skipped), "it does use topic aliases towards receivers")
}

// Nothing is left behind: no retained message, no session.
func TestNothingIsLeftBehind(t *testing.T) {
	server, target := startMochi(t)
	_, err := conform.Run(t.Context(), target, conform.Options{Timeout: patience, TopicPrefix: "some/prefix"})
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return server.Clients.Len() == 0 }, patience, time.Millisecond, "sessions are left")
	for _, m := range server.Topics.Messages("#") {
		assert.Fail(t, "retained", m.TopicName)
	}
	assert.NotEmpty(t, server.Topics.Messages("$SYS/#"), "this is how retained messages would be seen")
}

// A broker that cannot be tried is an error and no report.
func TestCannotRun(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	defer silent.Close()
	closed := brokertest.FreeAddress(t)
	guarded, err := broker.Listen(broker.EmbeddedConfig{Username: "ann", Password: "open-sesame"})
	require.NoError(t, err)
	defer guarded.Close()
	for _, test := range []struct {
		name, addr, want string
		password         func() ([]byte, error)
	}{
		{"nobody listens", closed, "connect to " + closed, nil},
		{"nobody answers", silent.Addr().String(), "no CONNACK within", nil},
		{"a password is wanted", guarded.Addr(), "CONNECT refused with 0x8", nil},
		{"the password cannot be read", guarded.Addr(), "password: open /nowhere", func() ([]byte, error) { return os.ReadFile("/nowhere") }},
		{"MQTT 3.1.1 alone", olderBroker(t), "speak MQTT 5", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			timeout := patience
			if test.addr == silent.Addr().String() {
				timeout = 100 * time.Millisecond
			}
			report, err := conform.Run(t.Context(), &conform.Target{Address: test.addr, Password: test.password}, conform.Options{Timeout: timeout})
			assert.Nil(t, report)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// olderBroker answers as a broker that knows MQTT 3.1.1 alone: unacceptable protocol version, with no room for properties.
func olderBroker(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := packets.ReadPacket(conn); err == nil {
			_, _ = conn.Write([]byte{0x20, 2, 0, 1})
		}
	}()
	return l.Addr().String()
}

// A message may be lost for want of rights, which a broker need not tell.
func TestNotAllowed(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "acl")
	require.NoError(t, os.WriteFile(acl, []byte("topic readwrite allowed/#\ntopic read $SYS/#\n"), 0o600))
	b, err := broker.MosquittoConfig{ACLFile: acl}.Start(t.Context())
	require.NoError(t, err)
	defer func() { assert.NoError(t, b.Stop(context.Background())) }()
	target := &conform.Target{URL: b.URL(), Address: b.Addr()}
	_, err = conform.Run(t.Context(), target, conform.Options{Timeout: time.Second})
	assert.ErrorContains(t, err, "may this user publish and subscribe there?")
	report, err := conform.Run(t.Context(), target, conform.Options{Timeout: patience, TopicPrefix: "allowed/here"})
	require.NoError(t, err)
	assert.Equal(t, conform.Survives, report.Verdict, report.Reason)
}

// A login is used, from a file whose last line ends.
func TestLogin(t *testing.T) {
	b, err := broker.Listen(broker.EmbeddedConfig{Username: "ann", Password: "open-sesame"})
	require.NoError(t, err)
	defer b.Close()
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("open-sesame\n"), 0o600))
	target, err := conform.Open(t.Context(), scenarios.Broker{Kind: scenarios.External, URL: b.URL(), Username: "ann", PasswordFile: file})
	require.NoError(t, err)
	report, err := conform.Run(t.Context(), target, conform.Options{Timeout: patience, Only: []string{"qos-1"}})
	require.NoError(t, err)
	assert.Equal(t, conform.Survives, report.Verdict)
}

func TestOptionsAreChecked(t *testing.T) {
	for _, test := range []struct {
		options conform.Options
		want    string
	}{
		{conform.Options{TopicPrefix: "a/+"}, "without + and #"},
		{conform.Options{TopicPrefix: "$SYS/a"}, "begin with $"},
		{conform.Options{TopicPrefix: "a\x00"}, "control characters"},
		{conform.Options{TopicPrefix: "\xff"}, "UTF-8"},
		{conform.Options{TopicPrefix: strings.Repeat("a", 65000)}, "60000 at most"},
		{conform.Options{Timeout: -1}, "more than nothing"},
		{conform.Options{Only: []string{"qos-9"}}, `no row "qos-9"`},
	} {
		_, err := conform.Run(t.Context(), &conform.Target{Address: "127.0.0.1:1"}, test.options)
		assert.ErrorContains(t, err, test.want)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		broker scenarios.Broker
		want   string
	}{
		{scenarios.Broker{Kind: "other"}, "want embedded, mosquitto, or a URL"},
		{scenarios.Broker{Kind: scenarios.External, URL: "ws://h"}, "want mqtt:// or mqtts://"},
		{scenarios.Broker{Kind: scenarios.External, URL: "mqtts://h", TLS: scenarios.TLS{CA: "/nowhere"}}, "--ca: open /nowhere"},
		{scenarios.Broker{Kind: scenarios.External, URL: "mqtts://h", TLS: scenarios.TLS{CA: "main_test.go"}}, "holds no PEM certificate"},
		{scenarios.Broker{Kind: scenarios.External, URL: "mqtts://h", TLS: scenarios.TLS{Cert: "a", Key: "b"}}, "--cert and --key"},
	} {
		_, err := conform.Open(t.Context(), test.broker)
		assert.ErrorContains(t, err, test.want)
	}
}

// fixture has a row of each status, with the lines below it.
func fixture() *conform.Report {
	parent := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	row := func(name, sends string, outcome conform.Outcome, status conform.Status, detail string) conform.Row {
		return conform.Row{
			Name: name, Group: "delivery", Sends: sends, Requires: "MQTT 5 §3.3.2.3.7: user properties are forwarded unaltered", Wants: conform.Unchanged,
			Outcome: outcome, Status: status, Detail: detail, Sent: []conform.Property{{Name: "traceparent", Value: parent}},
		}
	}
	known := row("tab", "tracestate with a tab", conform.Refused, conform.KnownDeviation, "the sender's connection ended without a DISCONNECT: EOF")
	known.Group, known.Reason = "what MQTT forbids", "MQTT 5 §1.5.4 allows it"
	noted := row("qos-0", "QoS 0", conform.Unchanged, conform.Pass, "")
	noted.Note = "messages came in another order than they were sent"
	noted.Received = noted.Sent
	return &conform.Report{
		Schema: conform.Schema, Verdict: conform.Suffers, Reason: "trace context does not survive this broker: rewritten in 1 row", Tool: "v1.0.0",
		Broker: conform.Broker{Name: "mosquitto", Version: "2.0.22", URL: "mqtt://127.0.0.1:1883", Limits: conform.Limits{
			MaximumQoS: 1, RetainAvailable: true, TopicAliasMaximum: 10, MaximumPacketSize: 65536, ReceiveMaximum: 20,
		}},
		Spans: conform.ReplacesParent, Started: time.Date(2026, 11, 22, 13, 45, 0, 0, time.UTC), Elapsed: 1234567890,
		Counts: map[conform.Status]int{conform.Pass: 1, conform.Fail: 1, conform.Skipped: 1, conform.Broken: 1, conform.KnownDeviation: 1},
		Rows: []conform.Row{
			noted,
			row("qos-1", "QoS 1", conform.Rewritten, conform.Fail, "traceparent has another parent id in the same trace: the broker takes part in it: sent "+
				parent+", came back 00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"),
			row("qos-2", "QoS 2", conform.Unsupported, conform.Skipped, "CONNACK allows QoS 1 at most"),
			row("shared", "one message to two shared subscriptions", conform.NotRun, conform.Broken, "connect to 127.0.0.1:1883: connection refused"),
			known,
		},
		Warnings: []string{"will-retained: the retained message on mqttrace/conform/x/will-retained is left behind: no CONNACK within 5s"},
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, fixture().Text(&b))
	golden(t, "report.txt", b.String())
	anonymous := fixture()
	anonymous.Broker.Name, anonymous.Broker.Version = "", ""
	b.Reset()
	require.NoError(t, anonymous.Text(&b))
	assert.Contains(t, b.String(), "\nmqtt://127.0.0.1:1883\n")
	assert.Error(t, fixture().Text(full{}))
	assert.Error(t, fixture().JSON(full{}))
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, fixture().JSON(&b))
	golden(t, "report.json", b.String())
	var back conform.Report
	decoder := json.NewDecoder(&b)
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&back))
	assert.Equal(t, fixture(), &back)
	var top map[string]any
	text, err := os.ReadFile(filepath.Join("testdata", "report.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &top))
	assert.Equal(t, []string{"broker", "broker_spans", "counts", "elapsed_ns", "reason", "rows", "schema", "started", "tool_version", "verdict", "warnings"},
		slices.Sorted(maps.Keys(top)))
}

// golden compares got to a file, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}
