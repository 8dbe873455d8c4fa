package broker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/internal/child"
)

// TestChildEndsWithItsPipe starts the child as a parent on any system does, with nothing but the pipe between them.
func TestChildEndsWithItsPipe(t *testing.T) {
	cmd, err := child.Command(childBroker)
	require.NoError(t, err)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()

	reports := json.NewDecoder(stdout)
	var hello, answer, last report
	_, err = io.WriteString(stdin, "{}\n")
	require.NoError(t, err)
	require.NoError(t, reports.Decode(&hello))
	deafSubscriber(t, hello.Addr, "anything", 0)

	_, err = io.WriteString(stdin, "\n")
	require.NoError(t, err)
	require.NoError(t, reports.Decode(&answer))
	assert.Equal(t, report{Answer: child.Answer{Answers: 1}}, answer)

	require.NoError(t, stdin.Close())
	require.NoError(t, reports.Decode(&last))
	assert.Equal(t, report{Answer: child.Answer{Answers: 1}}, last)
	require.NoError(t, cmd.Wait())
}

func TestChildWithoutConfiguration(t *testing.T) {
	for name, c := range map[string]struct{ input, says string }{
		"nothing":   {"", "read the broker's configuration from the parent"},
		"no JSON":   {"listen here\n", `read the broker's configuration \"listen here\"`},
		"bad value": {`{"queue_limit": "many"}` + "\n", "queue_limit"},
	} {
		t.Run(name, func(t *testing.T) {
			in, out := io.Pipe()
			go func() {
				_, _ = io.WriteString(out, c.input)
				_ = out.Close()
			}()
			var answer bytes.Buffer
			runChild(in, &answer)
			assert.Contains(t, answer.String(), `{"error":"`)
			assert.Contains(t, answer.String(), c.says)
		})
	}
}

// TestChildMustNotStartChildren: a binary that forgot RunIfChild would start itself over and over.
func TestChildMustNotStartChildren(t *testing.T) {
	t.Setenv(ChildEnv, childBroker)
	_, err := StartEmbedded(t.Context())
	require.ErrorContains(t, err, "has not called broker.RunIfChild")
}

func TestBrokersDieWithAKilledParent(t *testing.T) {
	parent, brood := startDoomedParent(t)
	for _, b := range brood {
		require.False(t, gone(b.PID), b.Name)
		testClient{}.connected(t, b.Addr)
	}
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	for _, b := range brood {
		require.Eventually(t, func() bool { return gone(b.PID) && !accepts(b.Addr) }, testLimit, 5*time.Millisecond, b.Name)
	}
}

// doomedParent is the environment variable that makes this test binary start one broker of each kind, say so on stdout, and
// wait to be killed.
const doomedParent = "MQTTRACE_TEST_DOOMED_PARENT"

type born struct {
	Name, Addr string
	PID        int
}

func runIfDoomedParent() {
	if os.Getenv(doomedParent) == "" {
		return
	}
	ctx := context.Background()
	embedded, err1 := StartEmbedded(ctx)
	mosquitto, err2 := StartMosquitto(ctx)
	if err1 != nil || err2 != nil {
		os.Exit(1)
	}
	brood := []born{}
	for _, b := range []*Broker{embedded, mosquitto} {
		brood = append(brood, born{b.Name(), b.Addr(), b.PID()})
	}
	_ = json.NewEncoder(os.Stdout).Encode(brood)
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until killed, or orphaned itself
	os.Exit(0)
}

func startDoomedParent(t *testing.T) (*exec.Cmd, []born) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), doomedParent+"=1")
	_, err = cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	var brood []born
	require.NoError(t, json.NewDecoder(stdout).Decode(&brood))
	return cmd, brood
}

func accepts(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
