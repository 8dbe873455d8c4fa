package observe

import (
	"cmp"
	"slices"
	"strings"

	respb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"mqttrace/load/otlp"
	"mqttrace/load/result"
	"mqttrace/propagation"
)

// Rules of the conventions that spans are held against.
const (
	ruleDeprecated = "deprecated"
	ruleMissing    = "missing"
	ruleKind       = "kind"
	ruleValue      = "value"
	ruleName       = "name"
	ruleResource   = "resource"
)

// newNames has the attributes of messaging and CloudEvents that have other names today, or none. Sources: the deprecated
// attributes of the registry, version 1.43.0, and names that were never in it but are in use.
var newNames = map[string]string{
	"messaging.operation":                             "messaging.operation.name and messaging.operation.type",
	"messaging.destination":                           "messaging.destination.name",
	"messaging.destination_kind":                      "",
	"messaging.destination.kind":                      "",
	"messaging.temp_destination":                      "messaging.destination.temporary",
	"messaging.destination_publish.name":              "messaging.destination.name",
	"messaging.destination_publish.anonymous":         "messaging.destination.anonymous",
	"messaging.source.name":                           "messaging.destination.name",
	"messaging.source.kind":                           "",
	"messaging.source.template":                       "messaging.destination.template",
	"messaging.source.temporary":                      "messaging.destination.temporary",
	"messaging.source.anonymous":                      "messaging.destination.anonymous",
	"messaging.message_id":                            "messaging.message.id",
	"messaging.conversation_id":                       "messaging.message.conversation_id",
	"messaging.message_payload_size_bytes":            "messaging.message.body.size",
	"messaging.message.payload_size_bytes":            "messaging.message.body.size",
	"messaging.message_payload_compressed_size_bytes": "",
	"messaging.message.payload_compressed_size_bytes": "",
	"messaging.client_id":                             "messaging.client.id",
	"messaging.consumer_id":                           "messaging.client.id",
	"messaging.consumer.id":                           "messaging.client.id",
	"messaging.protocol":                              "network.protocol.name",
	"messaging.protocol_version":                      "network.protocol.version",
	"messaging.url":                                   "server.address and server.port",
	"net.peer.name":                                   "server.address",
	"net.peer.port":                                   "server.port",
	"net.peer.ip":                                     "network.peer.address",
	"net.host.name":                                   "server.address",
	"net.app.protocol.name":                           "network.protocol.name",
	"net.app.protocol.version":                        "network.protocol.version",
	"net.protocol.name":                               "network.protocol.name",
	"net.protocol.version":                            "network.protocol.version",
	"net.transport":                                   "network.transport",
	"cloudevents.id":                                  "cloudevents.event_id",
	"cloudevents.source":                              "cloudevents.event_source",
	"cloudevents.specversion":                         "cloudevents.event_spec_version",
	"cloudevents.spec_version":                        "cloudevents.event_spec_version",
	"cloudevents.type":                                "cloudevents.event_type",
	"cloudevents.subject":                             "cloudevents.event_subject",
	"cloudevents.time":                                "",
	"cloudevents.datacontenttype":                     "",
	"cloudevents.dataschema":                          "",
}

// operationTypes are the values of messaging.operation.type, and what other values should be.
var operationTypes = map[string]string{
	"create": "", "send": "", "receive": "", "process": "", "settle": "",
	"publish": "send", "deliver": "process", "consume": "process", "ack": "settle",
}

// faults counts departures from the conventions by rule and subject.
type faults map[faultKey]*result.SpanFault

type faultKey struct{ rule, subject string }

const (
	// mostFaults bounds the subjects that are kept apart; there are fewer unless a service makes names up.
	mostFaults = 200
	// mostServicesOfAFault is how many services with the same fault are named.
	mostServicesOfAFault = 8
)

func (all faults) add(rule, subject, advice string, s *span) {
	k := faultKey{rule, subject}
	if all[k] == nil && len(all) >= mostFaults {
		k.subject = others
	}
	f := all[k]
	if f == nil {
		f = &result.SpanFault{Rule: rule, Subject: k.subject, Advice: advice}
		all[k] = f
	}
	f.Count++
	f.Services = few(f.Services, s.service.name, mostServicesOfAFault)
	f.Examples = keep(f.Examples, s)
}

// check holds a span of a message against the conventions.
func (all faults) check(s *span, p *tracepb.Span, a *attributes, r *respb.Resource) {
	all.checkNames(s, p)
	all.checkPresence(s, p, a)
	all.checkKind(s, p, a)
	all.checkValues(s, p, a)
	if name := otlp.StringAttribute(r.GetAttributes(), "service.name"); name == "" || strings.HasPrefix(name, "unknown_service") {
		all.add(ruleResource, "service.name", "set OTEL_SERVICE_NAME, or nobody can tell services apart", s)
	}
}

func (all faults) checkNames(s *span, p *tracepb.Span) {
	for _, kv := range p.GetAttributes() {
		now, isOld := newNames[kv.GetKey()]
		switch {
		case !isOld:
		case now == "":
			all.add(ruleDeprecated, kv.GetKey(), "leave it out: the conventions have no such attribute", s)
		default:
			all.add(ruleDeprecated, kv.GetKey(), "use "+now, s)
		}
	}
}

func (all faults) checkPresence(s *span, p *tracepb.Span, a *attributes) {
	missing := func(key, advice string) { all.add(ruleMissing, key, advice, s) }
	if a.system == "" {
		missing(string(propagation.SystemKey), `set it to "mqtt"`)
	}
	// What is there by a name of old is deprecated, not missing.
	if a.operation == "" && a.oldOperation == "" {
		missing(string(propagation.OperationNameKey), `set it, to "publish" or "process" say`)
	}
	if a.operationType == "" && a.oldOperation == "" {
		missing(string(propagation.OperationTypeKey), `set it to "send" or "process"`)
	}
	if a.topic == "" && a.template == "" {
		missing(string(propagation.TopicKey), "set it to the topic, or messaging.destination.template to its pattern")
	}
	if p.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR && a.errorType == "" {
		missing(string(propagation.ErrorTypeKey), "set it on spans that failed")
	}
}

// checkKind knows that MQTT hands messages to the client, which processes them: nobody asks for them.
func (all faults) checkKind(s *span, p *tracepb.Span, a *attributes) {
	kind := strings.TrimPrefix(p.GetKind().String(), "SPAN_KIND_")
	wrong := func(does, advice string) { all.add(ruleKind, kind+" for "+does, advice, s) }
	switch does := a.does(); {
	case does == "send" && p.GetKind() != tracepb.Span_SPAN_KIND_PRODUCER && (!s.isClient || len(s.links) == 0):
		wrong(does, "use PRODUCER: service graphs pair PRODUCER with CONSUMER")
	case does == "receive" && s.isClient && strings.EqualFold(a.system, propagation.System):
		wrong(does, "use a span of kind CONSUMER and type process: MQTT delivers, nobody asks; service graphs pair PRODUCER with CONSUMER")
	case (does == "process" || does == "receive" && !s.isClient) && p.GetKind() != tracepb.Span_SPAN_KIND_CONSUMER:
		wrong(does, "use CONSUMER: service graphs pair PRODUCER with CONSUMER")
	case does == "" && s.role == bystander && a.system != "":
		wrong("no operation", "say by kind and messaging.operation.type what becomes of the message")
	}
}

func (all faults) checkValues(s *span, p *tracepb.Span, a *attributes) {
	if a.system != propagation.System && strings.EqualFold(a.system, propagation.System) {
		all.add(ruleValue, string(propagation.SystemKey), `write "mqtt" in lower case`, s)
	}
	if now, isKnown := operationTypes[a.operationType]; a.operationType != "" && (!isKnown || now != "") {
		advice := "use one of create, send, receive, process, settle"
		if now != "" {
			advice = "use " + now + " instead of " + a.operationType
		}
		all.add(ruleValue, string(propagation.OperationTypeKey), advice, s)
	}
	if a.operation != "" && !isNamed(p.GetName(), a) {
		all.add(ruleName, "span name", `name spans "{operation} {destination}", such as "publish a/b"`, s)
	}
}

// isNamed reports whether a span's name is its operation and destination, whichever of these there is.
func isNamed(name string, a *attributes) bool {
	destinations := []string{a.template, a.topic, a.subscription}
	if a.template+a.topic+a.subscription == "" {
		return strings.HasPrefix(name, a.operation)
	}
	return slices.ContainsFunc(destinations, func(d string) bool { return d != "" && name == a.operation+" "+d })
}

func (all faults) results() []result.SpanFault {
	list := values(all)
	slices.SortFunc(list, func(a, b result.SpanFault) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject, b.Subject))
	})
	for i := range list {
		slices.Sort(list[i].Services)
	}
	return list
}
