package settings

// The connection to the broker. A variable that is set to nothing counts as not set, here and below.
const (
	// BrokerHostname is the broker's host name or address. Required.
	BrokerHostname = "AIO_BROKER_HOSTNAME"
	// BrokerTCPPort is its port, 1 to 65535. Default: 8883. (In an AIO cluster the listener is on 18883.)
	BrokerTCPPort = "AIO_BROKER_TCP_PORT"
	// UseTLS is true or false. Default: true. The broker's certificate is always verified, that of localhost too.
	UseTLS = "AIO_MQTT_USE_TLS"
	// CAFile is a PEM file with the authorities to trust in place of the system's. It is read again at every connect, as the
	// other files of this group are.
	CAFile = "AIO_TLS_CA_FILE"
	// CertFile and KeyFile are the client's certificate (with its chain) and private key, PEM; one requires the other.
	CertFile = "AIO_TLS_CERT_FILE"
	KeyFile  = "AIO_TLS_KEY_FILE"
	// KeyPasswordFile holds the password of an encrypted key, as OpenSSL writes them. One line break at its end is not part of it.
	KeyPasswordFile = "AIO_TLS_KEY_PASSWORD_FILE"
	// ClientID is the MQTT client identifier. Required.
	ClientID = "AIO_MQTT_CLIENT_ID"
	// CleanStart is true or false. Default: false, which resumes the session that the broker kept. Only the first
	// connection goes by it.
	CleanStart = "AIO_MQTT_CLEAN_START"
	// KeepAlive is in seconds, 0 to 65535 (what MQTT has room for). Default: 60; 0 turns it off.
	KeepAlive = "AIO_MQTT_KEEP_ALIVE"
	// SessionExpiry is in seconds, 0 to 4294967295, which is for ever. Default: 3600. 0 ends the session with the connection.
	SessionExpiry = "AIO_MQTT_SESSION_EXPIRY"
	// Username is sent if it is set.
	Username = "AIO_MQTT_USERNAME"
	// PasswordFile holds the password. One line break at its end is not part of it.
	PasswordFile = "AIO_MQTT_PASSWORD_FILE"
	// SATFile is a Kubernetes service account token, presented by the enhanced authentication method K8S-SAT, and presented
	// again when it is renewed. It excludes a user name and a password; a certificate may come with either.
	SATFile = "AIO_SAT_FILE"
)

// The messages.
const (
	// Topic is where telemetry goes: an AIO topic pattern, levels without + # { } or space, not beginning with $. The
	// receiver may put {name} for a level, which then is any. Default: sample/telemetry.
	Topic = "TOPIC"
	// CESource is the CloudEvents source of what the sender sends, a URI reference.
	// Default: urn:mqttrace:telemetry:sensor:temperature-001.
	CESource = "CE_SOURCE"
	// MessageExpirySecs is for how long a message is of use, 1 to 4294967295 seconds: the message expiry interval on the
	// wire, and how long the sender waits for a connection to send it on. Default: 30.
	MessageExpirySecs = "MESSAGE_EXPIRY_SECS"
	// SendInterval is the time from one reading to the next, as 500ms, 5s or a number of seconds, at least 1ms. Default: 5s.
	SendInterval = "SEND_INTERVAL"
)

// The simulated temperature, in degrees Celsius.
const (
	// TemperatureMean is what it varies around. Default: 21.
	TemperatureMean = "TEMPERATURE_MEAN"
	// TemperatureSwing is how far the day's cycle goes up and down from there. Default: 4.
	TemperatureSwing = "TEMPERATURE_SWING"
	// TemperaturePeriod is how long such a cycle takes. Default: 24h.
	TemperaturePeriod = "TEMPERATURE_PERIOD"
	// TemperatureStdDev is the standard deviation of the noise on top. Default: 0.4.
	TemperatureStdDev = "TEMPERATURE_STDDEV"
	// TemperatureSeed makes the noise repeatable, a whole number. Default: another one at each start.
	TemperatureSeed = "TEMPERATURE_SEED"
)

// The process.
const (
	// ShutdownGrace is how long draining, disconnecting and flushing may take after SIGTERM, at least 1s. Default: 8s.
	ShutdownGrace = "SHUTDOWN_GRACE"
	// HealthAddr is where /livez and /readyz are served, host:port. Default: nowhere.
	HealthAddr = "HEALTH_ADDR"
	// LogLevel is trace, debug, info, warn, error or off. Default: what RUST_LOG says, or info.
	LogLevel = "LOG_LEVEL"
	// LogFormat is json or text. Default: json.
	LogFormat = "LOG_FORMAT"
	// RustLog is taken where LOG_LEVEL is not set. Of directives such as "warn,sender=debug" the one without a target counts,
	// or else the one that says most.
	RustLog = "RUST_LOG"
)

// OpenTelemetry. The ones that are only handed on to its SDK are listed where they are checked, in otel.go.
const (
	// SDKDisabled turns traces, metrics and exported logs off, and leaves propagation as far as it goes without spans.
	SDKDisabled = "OTEL_SDK_DISABLED"
	// TracesExporter, MetricsExporter and LogsExporter are otlp, console or none; metrics also prometheus. Default: otlp if
	// an endpoint is set, and none if not.
	TracesExporter  = "OTEL_TRACES_EXPORTER"
	MetricsExporter = "OTEL_METRICS_EXPORTER"
	LogsExporter    = "OTEL_LOGS_EXPORTER"
	// OTLPEndpoint is where OTLP goes, with _TRACES_, _METRICS_ and _LOGS_ variants for one signal each.
	OTLPEndpoint        = "OTEL_EXPORTER_OTLP_ENDPOINT"
	OTLPTracesEndpoint  = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	OTLPMetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
	OTLPLogsEndpoint    = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"
	// OTLPProtocol is http/protobuf or grpc. Default: http/protobuf.
	OTLPProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL"
	// Propagators are what messages carry, a list of tracecontext and baggage, or none. Default: tracecontext,baggage.
	Propagators = "OTEL_PROPAGATORS"
	// SpanQueue and LogQueue are how many spans and log records may wait for export; further ones are dropped and counted.
	// Default: 2048.
	SpanQueue = "OTEL_BSP_MAX_QUEUE_SIZE"
	LogQueue  = "OTEL_BLRP_MAX_QUEUE_SIZE"
)
