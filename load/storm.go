package load

import (
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"mqttrace/load/mqtt"
)

// errDropped is why a connection ended that the scenario has cut.
var errDropped = errors.New("dropped on purpose")

// storm is how many clients lose their connections at once, and how: all then connect again. The zero value cuts none.
type storm struct {
	// share of the clients is dropped, 0 to 1, rounded up to whole clients; which ones, seed decides.
	share float64
	seed  uint64
	// disconnect says DISCONNECT first; without it the connection is closed as by a client that died.
	disconnect bool
	// Each client waits between pauseMin and pauseMax, drawn evenly, before it connects again; 0 for both is at once.
	pauseMin, pauseMax time.Duration
}

// drop lets a storm loose on clients and returns how many connections it has ended. Clients that have none at the moment count
// among those that it may hit and not among those that it has.
func (st storm) drop(clients []*mqtt.Client) (dropped int) {
	random := rand.New(rand.NewPCG(st.seed, 0x5707))
	n := min(int(math.Ceil(st.share*float64(len(clients)))), len(clients))
	for _, i := range random.Perm(len(clients))[:n] {
		how := mqtt.Leaving{Abrupt: !st.disconnect, Pause: st.pause(random), Cause: errDropped}
		if clients[i].Leave(how) {
			dropped++
		}
	}
	return dropped
}

func (st storm) pause(random *rand.Rand) time.Duration {
	return st.pauseMin + time.Duration(random.Float64()*float64(st.pauseMax-st.pauseMin))
}

// senderClients are the connected clients of the senders of a group, or of all groups if the name is empty.
func (r *run) senderClients(group string) (clients []*mqtt.Client) {
	for _, s := range r.mine.senders {
		if (group == "" || s.group.Name == group) && s.client != nil {
			clients = append(clients, s.client)
		}
	}
	return clients
}

// receiverClients is senderClients for receivers. Groups that come late or leave early are spared.
func (r *run) receiverClients(group string) (clients []*mqtt.Client) {
	for _, v := range r.mine.receivers {
		stays := v.group.Start == 0 && v.group.Stop == 0
		if (group == "" || v.group.Name == group) && stays && v.client != nil {
			clients = append(clients, v.client)
		}
	}
	return clients
}
