package scenarios

import (
	"encoding/json"
	"reflect"
	"strconv"

	"github.com/invopop/jsonschema"
)

// written is the schema of types that files write otherwise than Go's structs would suggest; nil for all others.
func written(t reflect.Type) *jsonschema.Schema {
	switch reflect.Zero(t).Interface().(type) {
	case Duration:
		return durationSchema()
	case Rate:
		return rateSchema()
	case Spread:
		return spreadSchema()
	case Repeat:
		return repeatSchema()
	case Broker:
		return brokerSchema()
	case Payload:
		return payloadSchema()
	case Template:
		return propertyValueRef()
	case UserProperties:
		return userPropertiesSchema()
	case RetainHandling:
		return words(SendRetained, SendIfNew, DontSend)
	case PayloadFormat:
		return words(Bytes, UTF8)
	case Topics:
		return topicsSchema()
	case Filters:
		return filtersSchema()
	case Sampler:
		return samplerSchema()
	case Arm:
		return words(armOrder...)
	case Exporter:
		return exporterSchema()
	case Relation:
		return words(ChildAndLink, ChildOnly, LinkOnly)
	case ExporterFault:
		return words(ExporterSlow, ExporterStall, ExporterRefuse, ExporterKill)
	case Client:
		return words(Lean, Paho)
	case BrokerFault:
		return words(BrokerPause, BrokerKill, BrokerStart, BrokerRestart)
	case NetworkFault:
		return networkSchema()
	case ClientFault:
		return words(ClientsDisconnect)
	case Parting:
		return words(PartByClose, PartByDisconnect)
	case Share:
		return shareSchema()
	case Arrival:
		return words(Uniform, Poisson)
	case Threshold:
		return thresholdSchema()
	}
	return nil
}

// The patterns take what Decode takes, and somewhat more where a pattern would get too clever.
const (
	durationPattern = `^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+$`
	ratePattern     = `^[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?/(s|min)$`
	sizePattern     = `^[0-9]+ *(B|[kKMG]B|[KMG]iB)?$`
	brokerPattern   = `^((mqtts?|quic)://[^/]+/?|wss?://[^/]+(/.*)?|unix:///.+)$`
	exporterPattern = `^https?://[^/]+`
	armPattern      = `^(off|(context|record|export)(@[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?)?)$`
)

func durationSchema() *jsonschema.Schema {
	return anyOf(
		&jsonschema.Schema{Type: "string", Pattern: durationPattern, Examples: []any{"500ms", "20s", "1m30s"}},
		&jsonschema.Schema{Const: 0},
	)
}

func rateSchema() *jsonschema.Schema {
	return anyOf(
		&jsonschema.Schema{Type: "string", Pattern: ratePattern, Examples: []any{"10/s", "600/min"}},
		&jsonschema.Schema{Const: "max"},
	)
}

// addTotal adds the key that Decode turns into a rate, of which a file has one or the other.
func addTotal(sender *jsonschema.Schema) {
	sender.Properties.Set("total", &jsonschema.Schema{
		Type: "string", Pattern: ratePattern, Examples: []any{"1000/s"},
		Description: "Total is what all clients of the group send together, in place of rate.",
	})
	for _, key := range paces {
		sender.OneOf = append(sender.OneOf, &jsonschema.Schema{Required: []string{key}})
	}
}

// addRange adds the keys that Decode turns into values, of which a file has either.
func addRange(sweep *jsonschema.Schema) {
	values := sweep.Properties.Value("values")
	values.Items, values.MinItems, values.MaxItems = scalarSchema(), ptr(1), ptr(maxSteps)
	sweep.Properties.Set("from", &jsonschema.Schema{Description: "From is the first value of a range, such as 100/s."})
	sweep.Properties.Set("to", &jsonschema.Schema{Description: "To is the last value of a range."})
	scalars(sweep, "from", "to")
	steps := integer()
	steps.Minimum, steps.Maximum, steps.Default = "2", json.Number(strconv.Itoa(maxSteps)), 5
	steps.Description = "Steps is how many values a range has, both ends included."
	sweep.Properties.Set("steps", steps)
	spacing := words(logScale, linearScale)
	spacing.Default, spacing.Description = logScale, "Scale is how the values of a range are apart: by the same ratio, or by the same amount."
	sweep.Properties.Set("scale", spacing)
	sweep.OneOf = []*jsonschema.Schema{{Required: []string{"values"}}, {Required: []string{"from", "to"}}}
}

// addDimensions says of the further keys of a sweep what addRange says of the first.
func addDimensions(with *jsonschema.Schema) {
	with.MaxItems = ptr(maxDimensions)
	addRange(with.Items)
}

// scalars lets some properties hold a value of any type.
func scalars(in *jsonschema.Schema, keys ...string) {
	for _, key := range keys {
		p := in.Properties.Value(key)
		p.Type, p.OneOf = "", scalarSchema().OneOf
	}
}

func scalarSchema() *jsonschema.Schema {
	return eitherOf(&jsonschema.Schema{Type: "string"}, numeric(), &jsonschema.Schema{Type: "boolean"})
}

func brokerSchema() *jsonschema.Schema {
	address := &jsonschema.Schema{Type: "string", Pattern: brokerPattern, Examples: []any{"mqtt://localhost:1883", "ws://localhost:8080/mqtt", "unix:///run/mosquitto.sock"}}
	tls := object(
		property{"ca", described("PEM file of the authorities that the broker's certificate is verified against.")},
		property{"cert", described("PEM file of the client's own certificate.")},
		property{"key", described("PEM file of its private key.")},
		property{"server_name", described("Name that the broker's certificate is verified against, and sent with SNI. Default: the URL's host.")},
		property{"alpn", &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "string", MinLength: ptr(1)}, MinItems: ptr(1),
			Description: "Protocols offered with ALPN, such as mqtt, which is the default for quic://."}},
	)
	tls.DependentRequired = map[string][]string{"cert": {"key"}, "key": {"cert"}}
	long := object(
		property{"url", about(&jsonschema.Schema{Type: address.Type, Pattern: address.Pattern, Examples: address.Examples},
			"Where the broker listens: mqtt://, mqtts://, quic:// (default port 14567), ws:// and wss:// with a path (default /mqtt), or unix:///path.")},
		property{"username", described("User name of the CONNECT packet; it may stand in the URL as well.")},
		property{"password_file", described("File that holds the CONNECT packet's password.")},
		property{"auth", about(words(PasswordAuth, ScramSHA1, ScramSHA256, ScramSHA512), "How user name and password are presented: in the CONNECT "+
			"packet, or by SCRAM, a method of MQTT 5's enhanced authentication, which does not send the password and has the broker prove that "+
			"it knows it. Default: password.")},
		property{"tls", about(tls, "Certificates and names of an mqtts://, wss:// or quic:// URL. Default: the system's roots and no client certificate.")},
	)
	long.Required = []string{"url"}
	return eitherOf(words(Embedded, Mosquitto, AIO), address, long, ownBrokerSchema())
}

func payloadSchema() *jsonschema.Schema {
	size := sizeSchema()
	size.Description = "Number of random bytes."
	payload := object(
		property{"size", size},
		property{"json", &jsonschema.Schema{Ref: "#/$defs/template", Description: "A JSON value rendered anew for each message."}},
		property{"file", described("Path of a file sent as it is; a relative path starts at the scenario file's folder.")},
	)
	payload.MinProperties, payload.MaxProperties = ptr(1), ptr(1)
	return payload
}

func sizeSchema() *jsonschema.Schema {
	return anyOf(
		&jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: json.Number(strconv.Itoa(MaxPayload))},
		&jsonschema.Schema{Type: "string", Pattern: sizePattern, Examples: []any{"64KiB", "1MB"}},
	)
}

// templateSchema is JSON in which a mapping of one key that begins with $ is a generator.
func templateSchema() *jsonschema.Schema {
	self := &jsonschema.Schema{Ref: "#/$defs/template"}
	members := &jsonschema.Schema{Type: "object", AdditionalProperties: self, PropertyNames: &jsonschema.Schema{Pattern: `^([^$]|$)`}}
	return anyOf(
		&jsonschema.Schema{Enum: []any{nil, true, false}}, &jsonschema.Schema{Type: "number"}, &jsonschema.Schema{Type: "string"},
		&jsonschema.Schema{Type: "array", Items: self}, members, generatorSchema(),
	)
}

func generatorSchema() *jsonschema.Schema {
	walk := object(property{"start", numeric()}, property{"step", numeric()}, property{"min", numeric()}, property{"max", numeric()}, decimals())
	walk.Required = []string{"start", "step", "min", "max"}
	normal := object(property{"mean", numeric()}, property{"stddev", numeric()}, decimals())
	normal.Required = []string{"mean", "stddev"}
	generator := object(
		property{Counter{}.Key(), object(property{"start", integer()}, property{"step", integer()})},
		property{Clock{}.Key(), words(RFC3339, RFC3339Nano, Unix, UnixMilli, UnixNano)},
		property{Walk{}.Key(), walk},
		property{Normal{}.Key(), normal},
		property{UUID{}.Key(), words(UUIDv4, UUIDv7)},
	)
	generator.MinProperties, generator.MaxProperties = ptr(1), ptr(1)
	return generator
}

func samplerSchema() *jsonschema.Schema {
	ratio := &jsonschema.Schema{Type: "number", Minimum: "0", Maximum: "1"}
	share := func(text string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: ratio.Type, Minimum: ratio.Minimum, Maximum: ratio.Maximum, Description: text}
	}
	withRatio := object(property{TraceIDRatio, share("Share of the traces that is kept.")},
		property{ParentBasedTraceIDRatio, share("Share of the traces without a parent that is kept; others go by their parent.")})
	withRatio.MinProperties, withRatio.MaxProperties = ptr(1), ptr(1)
	return eitherOf(words(AlwaysOn, AlwaysOff, ParentBasedAlwaysOn, ParentBasedAlwaysOff), withRatio)
}

func thresholdSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^[a-z0-9_.]+ *(<|<=|>|>=|==|!=) *[-+0-9.].*$`,
		Examples: []any{"response.p99 < 20ms", "delivery.lost == 0"}}
}

type property struct {
	key    string
	schema *jsonschema.Schema
}

// object is a mapping of these keys and no others.
func object(properties ...property) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	for _, p := range properties {
		s.Properties.Set(p.key, p.schema)
	}
	return s
}

func words[T ~string](words ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

func anyOf(schemas ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: schemas}
}

func eitherOf(schemas ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: schemas}
}

func described(text string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Description: text}
}

// about adds a description.
func about(s *jsonschema.Schema, text string) *jsonschema.Schema {
	s.Description = text
	return s
}

func numeric() *jsonschema.Schema { return &jsonschema.Schema{Type: "number"} }

func integer() *jsonschema.Schema { return &jsonschema.Schema{Type: "integer"} }

func decimals() property {
	return property{"decimals", &jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: "9", Default: 2}}
}

func ptr(n uint64) *uint64 { return &n }
