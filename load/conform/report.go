package conform

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// Schema names the form of a report as JSON.
const Schema = "mqttrace/conform/1"

// Report is what a run of all cases came to.
type Report struct {
	Schema  string  `json:"schema"`
	Verdict Verdict `json:"verdict"`
	// Reason says the verdict in a sentence.
	Reason string `json:"reason"`
	// Tool is the version of mqttrace.
	Tool   string `json:"tool_version,omitempty"`
	Broker Broker `json:"broker"`
	// Spans says whether the broker was seen to take part in traces.
	Spans   BrokerSpans    `json:"broker_spans"`
	Started time.Time      `json:"started"`
	Elapsed time.Duration  `json:"elapsed_ns"`
	Counts  map[Status]int `json:"counts"`
	Rows    []Row          `json:"rows"`
	// Warnings are what else should be known: what could not be tidied up.
	Warnings []string `json:"warnings,omitempty"`
}

// Broker is the broker that was tried.
type Broker struct {
	// Name is "embedded", or the product that the broker says it is; empty if it does not.
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	URL     string `json:"url"`
	// Limits are what CONNACK grants.
	Limits Limits `json:"limits"`
}

// BrokerSpans is what the parents that came back say about spans of the broker's own.
type BrokerSpans string

const (
	// NoneSeen says that no parent was replaced and no context added. Spans that the broker may export without telling
	// anybody are not seen.
	NoneSeen BrokerSpans = "none seen"
	// ReplacesParent says that the broker puts a span of its own between sender and receiver.
	ReplacesParent BrokerSpans = "replaces the parent"
	// AddsContext says that the broker starts traces for messages without one.
	AddsContext BrokerSpans = "adds a context"
)

// Row is one case and what came of it.
type Row struct {
	Name     string  `json:"name"`
	Group    string  `json:"group"`
	Sends    string  `json:"sends"`
	Requires string  `json:"requires"`
	Wants    Outcome `json:"wants"`
	Outcome  Outcome `json:"outcome"`
	Status   Status  `json:"status"`
	// Detail says what happened, where Outcome does not say it all.
	Detail string `json:"detail,omitempty"`
	// Note is something else that was seen on the way and is no matter of trace context.
	Note string `json:"note,omitempty"`
	// Reason is why a known deviation is none to worry about.
	Reason string `json:"reason,omitempty"`
	// Sent and Received are the user properties of the message that the outcome is about, or of the first. Received is
	// missing if none arrived.
	Sent     []Property `json:"sent,omitempty"`
	Received []Property `json:"received,omitempty"`
}

// Property is a user property as evidence.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Bytes is the length of the value if only its beginning is here, or if it is not UTF-8.
	Bytes int `json:"bytes,omitempty"`
}

// maxEvidence is how many bytes of a name or a value are kept.
const maxEvidence = 600

func evidence(props []packets.User) []Property {
	var all []Property
	for _, p := range props {
		value := strings.ToValidUTF8(p.Value[:min(len(p.Value), maxEvidence)], "\ufffd")
		e := Property{Name: strings.ToValidUTF8(p.Key[:min(len(p.Key), maxEvidence)], "\ufffd"), Value: value}
		if value != p.Value {
			e.Bytes = len(p.Value)
		}
		all = append(all, e)
	}
	return all
}

// JSON writes the report as indented JSON.
func (r *Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}
