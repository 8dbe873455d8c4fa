package scenarios

// Scenario is one load test as its YAML file describes it, with every default filled in. A Scenario that Load or Decode
// returned without problems is complete and consistent: the engine checks nothing again. It is plain data and not changed
// after decoding, so it is safe for concurrent reading.
type Scenario struct {
	// Name names the run and its result file: letters, digits, '.', '_' and '-'. Default: the file's name.
	Name string `json:"name" jsonschema:"pattern=^[A-Za-z0-9._-]{1\\,64}$"`
	// Description says in a sentence what the scenario is for.
	Description string `json:"description,omitempty"`
	// Broker is what the clients connect to. Default: embedded.
	Broker Broker `json:"broker"`
	// Client is what speaks MQTT for every sender and receiver. Default: lean.
	Client Client `json:"client"`
	// SourceAddresses are IP addresses of this machine that clients connect from in turn: from each of them a broker can have as many
	// connections as the system has ephemeral ports, some 28,000. Default: the system's choice, and on Linux as many loopback addresses
	// as it takes for a broker at 127.0.0.1.
	SourceAddresses []string `json:"source_addresses,omitempty" jsonschema:"minItems=1,maxItems=100"`
	// Warmup is how long load runs before anything is counted; 0 s or more. Default: 2 s.
	Warmup Duration `json:"warmup"`
	// Duration is how long load is counted; more than 0. Required, unless senders have stages: it is then until the last of them ends.
	Duration Duration `json:"duration"`
	// Drain bounds the wait for messages under way after the last one was due; 0 s or more. Default: 10 s.
	Drain Duration `json:"drain"`
	// Seed fixes everything random: start jitter, Poisson arrivals, payload values. Default: 1.
	Seed uint64 `json:"seed" jsonschema:"minimum=0,default=1"`
	// Repeat is how often the scenario runs, each time with a result of its own. Default: once.
	Repeat Repeat `json:"repeat,omitzero"`

	// Senders are groups of clients that publish. At least one is required.
	Senders []Sender `json:"senders" jsonschema:"required,minItems=1,maxItems=100"`
	// Receivers are groups of clients that subscribe. Without them only the sending side is measured.
	Receivers []Receiver `json:"receivers" jsonschema:"maxItems=100"`
	// Tracing is the arm, or the arms, that the run is in. Default: off.
	Tracing Tracing `json:"tracing"`
	// Faults are what goes wrong on purpose, in the order of the file; of the same thing no two at a time.
	Faults []Fault `json:"faults,omitempty" jsonschema:"maxItems=100"`
	// Metrics are what the broker is asked about itself.
	Metrics Metrics `json:"metrics,omitzero"`
	// Sweep runs the scenario once for each of several values of a key.
	Sweep *Sweep `json:"sweep,omitempty"`
	// Search looks for the highest value of a key at which the thresholds still hold.
	Search *Search `json:"search,omitempty"`
	// Thresholds are what must hold for the run to pass, such as "response.p99 < 20ms".
	Thresholds []Threshold `json:"thresholds,omitempty" jsonschema:"maxItems=100"`
}

// Broker says which broker the run uses: one that the harness starts, or one that listens at a URL.
type Broker struct {
	// Kind is Embedded, Mosquitto, AIO or External.
	Kind BrokerKind `json:"kind"`
	// Persistence has a Mosquitto keep sessions and their messages on disk.
	Persistence bool `json:"persistence,omitempty"`
	// URL is where an External broker listens: mqtt://host[:1883], mqtts://host[:8883], ws://host[:80]/path, wss://host[:443]/path,
	// quic://host[:14567] or unix:///path. It never holds a password.
	URL string `json:"url,omitempty"`
	// Username of the CONNECT packet; may stand in the URL as well.
	Username string `json:"username,omitempty"`
	// PasswordFile holds the CONNECT packet's password; one newline at its end is not part of it.
	PasswordFile string `json:"password_file,omitempty"`
	// Auth is how user name and password are presented. Default: PasswordAuth.
	Auth Auth `json:"auth,omitempty"`
	// TLS of an mqtts://, wss:// or quic:// URL. Zero: the system's roots and no client certificate.
	TLS TLS `json:"tls,omitzero"`
}

// Auth is a way of presenting a user name and a password.
type Auth string

const (
	// PasswordAuth has them in the CONNECT packet.
	PasswordAuth Auth = "password"
	// ScramSHA1 and the others prove by SCRAM (RFC 5802, RFC 7677), a method of MQTT 5's enhanced authentication, that client and broker
	// both know the password, which is not sent.
	ScramSHA1   Auth = "scram-sha-1"
	ScramSHA256 Auth = "scram-sha-256"
	ScramSHA512 Auth = "scram-sha-512"
)

// Client is an implementation of an MQTT client.
type Client string

const (
	// Lean is the harness's own, which costs next to nothing beside the broker.
	Lean Client = "lean"
	// Paho is paho.golang: what a service in Go is likely to be built on, and pays for.
	Paho Client = "paho"
)

// BrokerKind tells the brokers that the harness starts from one that is already there.
type BrokerKind string

const (
	// Embedded is the broker inside this binary, run as a child process.
	Embedded BrokerKind = "embedded"
	// Mosquitto is a local mosquitto executable, run as a child process.
	Mosquitto BrokerKind = "mosquitto"
	// AIO is the broker of Azure IoT Operations, or any other that the environment describes in the variables AIO_*.
	AIO BrokerKind = "aio"
	// External is a broker that somebody else runs, at Broker.URL.
	External BrokerKind = "external"
)

// TLS names PEM files: the authorities that the broker's certificate is verified against, and the client's own certificate
// with its key, which stand or fall together.
type TLS struct {
	CA   string `json:"ca,omitempty"`
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
	// ServerName is the name that the broker's certificate is verified against, and sent with SNI. Default: the URL's host.
	ServerName string `json:"server_name,omitempty"`
	// ALPN are the protocols offered, such as "mqtt". Default: none.
	ALPN []string `json:"alpn,omitempty"`
}

// IsZero reports whether nothing is set.
func (t TLS) IsZero() bool {
	return t.CA == "" && t.Cert == "" && t.Key == "" && t.ServerName == "" && len(t.ALPN) == 0
}

// Sender is a group of Count clients that publish with the same settings.
type Sender struct {
	// Name is unique among the senders. Required.
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9._-]{1\\,64}$"`
	// Count is how many clients the group has, 1 or more. Default: 1.
	Count int `json:"count" jsonschema:"minimum=1,maximum=1000000,default=1"`
	// Rate is what each client sends, such as 10/s, 6/min or max, which is a closed loop: each message leaves as soon as the window
	// has room. One of rate, total, interval, stages, burst and idle is required. It is the mean where an interval or a burst is
	// given, and zero with stages and in an idle group.
	Rate Rate `json:"rate"`
	// Interval is the time from one message of a client to its next, in place of a rate; more than 0. With start_jitter the clients'
	// messages are spread over it evenly.
	Interval Duration `json:"interval,omitempty"`
	// Stages change the rate of each client, one after the other, from the group's start on. In the warm-up it is that of the first
	// stage's beginning; after the last stage nothing is sent.
	Stages []Stage `json:"stages,omitempty" jsonschema:"minItems=1,maxItems=100"`
	// Burst makes messages due together, again and again, in place of a rate. All clients of the group send theirs at once, unless
	// start_jitter spreads them.
	Burst *Burst `json:"burst,omitempty"`
	// Idle clients are connected and send nothing, which a rate of 0/s says too. Default: false.
	Idle bool `json:"idle,omitempty" jsonschema:"default=false"`
	// Window bounds the unacknowledged QoS 1 and 2 messages of each client, if that is less than the Receive Maximum that the
	// broker grants. Default: the broker's alone, and 100 when Rate is Max.
	Window int `json:"window,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// Arrival spaces the intended instants. Default: uniform.
	Arrival Arrival `json:"arrival"`
	// Jitter makes each message due up to this much later than its turn, at random; no more than the interval. Default: 0 s.
	Jitter Duration `json:"jitter,omitempty"`
	// StartJitter shifts each client's first message by a random share of its interval, so that the clients of a group do
	// not beat together. Default: true; false with a burst.
	StartJitter bool `json:"start_jitter" jsonschema:"default=true"`
	// Start is when the group begins to send, from the start of the measured phase. Its clients are connected before. Default: with the
	// warm-up.
	Start Duration `json:"start,omitempty"`
	// Stop is when the group has nothing more to send, from the start of the measured phase. Default: at its end.
	Stop Duration `json:"stop,omitempty"`
	Connections
	// Topic is published to; {group} stands for Name and {sender} for the client's index in the group, from 0. A list, or a space
	// of topics, makes each message go to one of several. Required.
	Topic Topics `json:"topic" jsonschema:"required"`
	// QoS is 0, 1 or 2. Default: 0.
	QoS byte `json:"qos" jsonschema:"enum=0,enum=1,enum=2,default=0"`
	// Retain sets the RETAIN flag of each PUBLISH. Default: false.
	Retain bool `json:"retain,omitempty" jsonschema:"default=false"`
	// MessageExpiry is the message expiry interval in whole seconds; 0 for none, which is the default.
	MessageExpiry Duration `json:"message_expiry,omitempty"`
	// TopicAlias makes the topic travel in the first PUBLISH of each alone, and a Topic Alias in its place after that, for as many
	// topics as the broker's Topic Alias Maximum allows. Default: false.
	TopicAlias bool `json:"topic_alias,omitempty" jsonschema:"default=false"`
	// Properties are further properties of each PUBLISH: user, content_type, response_topic and payload_format.
	Properties Properties `json:"properties,omitzero"`
	// SessionExpiry is the session expiry interval in whole seconds: for how long the broker keeps a client's session, with the
	// messages in it, after its connection is lost. 0 ends the session with the connection, which is the default.
	SessionExpiry Duration `json:"session_expiry,omitempty"`
	ConnectOptions
	// Will is what the broker publishes when a client's connection breaks. Default: none.
	Will *Will `json:"will,omitempty"`
	// Payload is what each PUBLISH carries. Default: 128 bytes.
	Payload Payload `json:"payload"`
}

// Arrival is how the intended instants of a sender are spaced.
type Arrival string

const (
	// Uniform spaces messages by exactly one interval.
	Uniform Arrival = "uniform"
	// Poisson draws exponential gaps with the interval as their mean: independent arrivals.
	Poisson Arrival = "poisson"
)

// Payload is one of three things: Size random bytes, the contents of File, or a JSON object rendered anew for each message.
type Payload struct {
	// Size is the number of bytes when neither JSON nor File is set; 0 is an empty payload.
	Size int `json:"size,omitempty"`
	// JSON is the template of a JSON value; nil when there is none.
	JSON *Template `json:"json,omitempty"`
	// File is the path of a file sent as it is; a relative path starts at the scenario file's folder.
	File string `json:"file,omitempty"`
}

// Receiver is a group of Count clients that subscribe with the same settings.
type Receiver struct {
	// Name is unique among the receivers. Required.
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9._-]{1\\,64}$"`
	// Count is how many clients the group has, 1 or more. Default: 1.
	Count int `json:"count" jsonschema:"minimum=1,maximum=1000000,default=1"`
	// Filter is the topic filter subscribed to, $share/name/… included; {group} stands for Name and {receiver} for the
	// client's index in the group, from 0. Of a list each client subscribes to all. Required.
	Filter Filters `json:"filter" jsonschema:"required"`
	// QoS is the subscription's maximum QoS: 0, 1 or 2. A message arrives with the lower of its sender's and this. Default: 0.
	QoS byte `json:"qos" jsonschema:"enum=0,enum=1,enum=2,default=0"`
	// Start is when the group connects and subscribes, from the start of the measured phase. It is owed what is sent from then on.
	// Default: before the load begins.
	Start Duration `json:"start,omitempty"`
	// Stop is when the group leaves, after what has been sent to it has arrived. Members of a shared subscription unsubscribe before they
	// leave, so that the others get what is sent from then on; when the last is gone, nobody is owed anything. Default: at the end.
	Stop Duration `json:"stop,omitempty"`
	// SessionExpiry is the session expiry interval in whole seconds: for how long the broker keeps a client's session, with its
	// subscription and the messages for it, after its connection is lost. 0 ends the session with the connection, which is the
	// default.
	SessionExpiry Duration `json:"session_expiry,omitempty"`
	Slowness
	Connections
	ConnectOptions
	// RetainHandling says which retained messages the broker sends for a subscription: send, send_if_new or dont_send. Those of earlier
	// runs are foreign. Default: send.
	RetainHandling RetainHandling `json:"retain_handling,omitempty"`
	// RetainAsPublished makes messages keep the RETAIN flag that they were published with. Default: false.
	RetainAsPublished bool `json:"retain_as_published,omitempty" jsonschema:"default=false"`
	// NoLocal keeps messages from the client that published them; receivers publish none. Default: false.
	NoLocal bool `json:"no_local,omitempty" jsonschema:"default=false"`
	// SubscriptionIdentifier is sent with each subscription, and expected in each message. Default: none.
	SubscriptionIdentifier int `json:"subscription_identifier,omitempty" jsonschema:"minimum=1,maximum=268435455"`
	// ReceiveMaximum is how many QoS 1 and 2 messages the broker may send a client before it acknowledges them. Default: 64 to 8,192, less
	// the more receivers there are.
	ReceiveMaximum int `json:"receive_maximum,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// TopicAliasMaximum is how many topic aliases the broker may use towards a client. Default: none.
	TopicAliasMaximum int `json:"topic_alias_maximum,omitempty" jsonschema:"minimum=1,maximum=65535"`
}
