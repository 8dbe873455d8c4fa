package scenarios

// Fault is something that goes wrong on purpose. Exactly one of Exporter, Broker, Network, Senders and Receivers says what.
type Fault struct {
	// At is when it begins, from the start of the measured phase. Required.
	At Duration `json:"at" jsonschema:"required"`
	// For is how long it lasts; when it is over all is as before. Default: to the end of the measured phase; of a broker that is
	// killed to the next start, and of one that is restarted no longer than that takes. Clients that disconnect stay away for so long;
	// without it they connect again at once.
	For Duration `json:"for,omitempty"`
	// Exporter is what the embedded sink does to the exporters that send to it.
	Exporter ExporterFault `json:"exporter,omitempty"`
	// Delay is how long a slow sink waits before each answer. Required with exporter slow, and for it alone.
	Delay Duration `json:"delay,omitempty"`
	// Broker is what happens to the broker, which must be one that the harness starts.
	Broker BrokerFault `json:"broker,omitempty"`
	// Network is what happens to the connections between clients and broker.
	Network NetworkFault `json:"network,omitzero"`
	// Senders is what senders do, all at once.
	Senders ClientFault `json:"senders,omitempty"`
	// Receivers is what receivers do, all at once.
	Receivers ClientFault `json:"receivers,omitempty"`
	// On is whose network it is: all, senders, receivers, or the name of a group; and of clients that disconnect the name of
	// their group, if it is not all of them. Default: all.
	On string `json:"on,omitempty"`
	// Share is how many of the clients disconnect, from more than 0% to 100%. Default: 100%.
	Share Share `json:"share,omitempty"`
	// How is whether clients close their connections without a word or send DISCONNECT. Default: close.
	How Parting `json:"how,omitempty"`
}

// ExporterFault is a way in which the embedded sink fails.
type ExporterFault string

const (
	// ExporterSlow answers each export after Fault.Delay.
	ExporterSlow ExporterFault = "slow"
	// ExporterStall takes exports and does not answer.
	ExporterStall ExporterFault = "stall"
	// ExporterRefuse answers each export with an error.
	ExporterRefuse ExporterFault = "refuse"
	// ExporterKill ends the sink's process; it is started anew when the fault is over.
	ExporterKill ExporterFault = "kill"
)

// BrokerFault is a way in which the broker fails.
type BrokerFault string

const (
	// BrokerPause stops the broker's process where it stands; connections stay open and nothing is answered.
	BrokerPause BrokerFault = "pause"
	// BrokerKill ends its process as a crash would (SIGKILL); it is started anew when the fault is over.
	BrokerKill BrokerFault = "kill"
	// BrokerStart starts a broker that was killed: the end of that fault, for files that list steps one by one.
	BrokerStart BrokerFault = "start"
	// BrokerRestart has the broker end as it should (SIGTERM) and starts it anew.
	BrokerRestart BrokerFault = "restart"
)

// NetworkFault is a way in which connections fail. It is either Word alone or one or more of the others.
type NetworkFault struct {
	// Word is NetworkCut or NetworkStall; empty otherwise.
	Word NetworkWord `json:"word,omitempty"`
	// Latency is added to what passes, in either direction, and Jitter moves that by as much as it is up or down; both in whole
	// milliseconds. What one connection carries stays in order.
	Latency Duration `json:"latency,omitempty"`
	Jitter  Duration `json:"jitter,omitempty"`
	// Bandwidth is what each connection carries at most, in either direction; 0: no limit.
	Bandwidth Bandwidth `json:"bandwidth,omitempty"`
}

// NetworkWord is a network that lets nothing through.
type NetworkWord string

const (
	// NetworkCut ends every connection and refuses new ones.
	NetworkCut NetworkWord = "cut"
	// NetworkStall keeps connections open and everything back until it is over.
	NetworkStall NetworkWord = "stall"
)

// ClientFault is what clients do all at once.
type ClientFault string

// ClientsDisconnect has clients end their connections; each connects again as it would after any other loss.
const ClientsDisconnect ClientFault = "disconnect"

// Parting is how a client ends its connection.
type Parting string

const (
	// PartByClose closes the TCP connection without a word, as a client that crashes does.
	PartByClose Parting = "close"
	// PartByDisconnect sends DISCONNECT before.
	PartByDisconnect Parting = "disconnect"
)

// Words of Fault.On that are no names of groups.
const (
	OnAll       = "all"
	OnSenders   = "senders"
	OnReceivers = "receivers"
)

// end is when the fault is over.
func (f Fault) end() Duration { return f.At + f.For }

// OnSender reports whether a network fault is on the connections of a group of senders, or the fault is that they disconnect.
func (f Fault) OnSender(group string) bool {
	if f.Senders != "" {
		return f.On == "" || f.On == group
	}
	return f.Network != NetworkFault{} && (f.On == "" || f.On == OnAll || f.On == OnSenders || f.On == group)
}

// OnReceiver is OnSender for a group of receivers.
func (f Fault) OnReceiver(group string) bool {
	if f.Receivers != "" {
		return f.On == "" || f.On == group
	}
	return f.Network != NetworkFault{} && (f.On == "" || f.On == OnAll || f.On == OnReceivers || f.On == group)
}
