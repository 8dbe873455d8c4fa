package load

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xdg-go/scram"

	"mqttrace/load/broker/brokertest"
	"mqttrace/load/result"
)

// scramBroker starts a broker and returns its user's login as a scenario has it.
func scramBroker(t *testing.T, s *brokertest.ScramServer, password string) (broker string) {
	t.Helper()
	address := s.Listen(t)
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "password.txt")
	require.NoError(t, os.WriteFile(file, []byte(password+"\n"), 0o600))
	return fmt.Sprintf("{url: mqtt://%s, username: bench, password_file: %q, auth: scram-sha-256}", address, file)
}

func sha256Broker() *brokertest.ScramServer {
	return &brokertest.ScramServer{Method: "SCRAM-SHA-256", Hash: scram.SHA256, Username: "bench", Password: "right"}
}

func scramScenario(client, broker string) string {
	return `
broker: ` + broker + `
client: ` + client + `
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 3, rate: 50/s, topic: "bench/{sender}", qos: 1, session_expiry: 1h}]
receivers: [{name: backend, count: 2, filter: bench/#, qos: 1, session_expiry: 1h}]
`
}

func TestClientsLogInByScram(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"lean", "paho"} {
		for _, early := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/early=%v", client, early), func(t *testing.T) {
				t.Parallel()
				s := sha256Broker()
				s.Early = early
				broker := scramBroker(t, s, "right")
				res := runScenario(t, scramScenario(client, broker))
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 150, a.Sent)
				assert.EqualValues(t, 300, a.Delivery.Received)
				assert.Equal(t, 5, s.Logins())
				assert.NotContains(t, string(res.Scenario), "right")

				res = runScenario(t, scramScenario(client, broker)+"drain: 1s\nfaults: [{at: 300ms, receivers: disconnect}]\n")
				assert.Positive(t, res.Arms[0].Delivery.Received) // mochi may lose what it had under way to them
				assert.Equal(t, 5+5+2, s.Logins(), "receivers come back by it too")
				assert.Empty(t, s.Sent(), "CONNECT has no password")
			})
		}
	}
}

func TestLoginsByScramThatFail(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, password string
		change         func(*brokertest.ScramServer)
		want           string
	}{
		{"wrong password", "wrong", func(*brokertest.ScramServer) {}, "refused by the broker: 0x87 not authorized"},
		{"wrong user", "right", func(s *brokertest.ScramServer) { s.Username = "other" }, "refused by the broker: 0x87 not authorized"},
		{"another method", "right", func(s *brokertest.ScramServer) { s.Method = "SCRAM-SHA-512" }, "refused by the broker: 0x8c bad authentication method"},
		{"forged signature", "right", func(s *brokertest.ScramServer) { s.Forge = true }, "SCRAM-SHA-256 authentication: server validation failed"},
		{"forged signature in AUTH", "right", func(s *brokertest.ScramServer) { s.Forge, s.Early = true, true },
			"SCRAM-SHA-256 authentication: server validation failed"},
		{"no signature", "right", func(s *brokertest.ScramServer) { s.Silent = true },
			"SCRAM-SHA-256 authentication: the broker lets the client in without a proof that it knows the password"},
		{"password that SASLprep forbids", "a\u0007", func(*brokertest.ScramServer) {}, "SCRAM-SHA-256 authentication of client"},
	}
	for _, c := range cases {
		for _, client := range []string{"lean", "paho"} {
			t.Run(c.name+"/"+client, func(t *testing.T) {
				t.Parallel()
				s := sha256Broker()
				c.change(s)
				_, err := Run(t.Context(), scenario(t, scramScenario(client, scramBroker(t, s, c.password))), Options{})
				assert.ErrorContains(t, err, c.want)
			})
		}
	}
}
