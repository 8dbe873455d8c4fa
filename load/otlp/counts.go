package otlp

import (
	"maps"
	"sync"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

const (
	// mostServices bounds the names that are counted apart.
	mostServices = 1000
	// otherServices is what services past that are counted as, and unnamedService those that do not say.
	otherServices  = "(others)"
	unnamedService = "(unnamed)"
)

// Counts is what a receiver has received since it started. Spans, Metrics and Logs were accepted: their handler has
// returned nil. What was sent twice, because an exporter saw no answer, counts twice.
type Counts struct {
	// Requests is how many exports arrived, of all signals, and Refused how many of them were answered with anything but success:
	// by a Behavior, by the handler, or because nobody waited for the answer any more.
	Requests uint64 `json:"requests"`
	Refused  uint64 `json:"refused"`
	// Malformed is how many more could not be read: not OTLP, too long, or cut off. Some errors of gRPC's own are not seen.
	Malformed uint64 `json:"malformed"`
	// Bytes is the length of the requests as they came over the wire, headers apart, and Unpacked their length after
	// decompression; of those that could be read.
	Bytes    uint64 `json:"bytes"`
	Unpacked uint64 `json:"unpacked"`
	Items
	// Services has the same counts by service.name.
	Services map[string]Items `json:"services"`
}

// Items are what requests hold.
type Items struct {
	Spans   uint64 `json:"spans"`
	Metrics uint64 `json:"metrics"` // data points
	Logs    uint64 `json:"logs"`    // records
}

func (i Items) plus(j Items) Items {
	return Items{Spans: i.Spans + j.Spans, Metrics: i.Metrics + j.Metrics, Logs: i.Logs + j.Logs}
}

// counter counts. Safe for concurrent use.
type counter struct {
	mu  sync.Mutex
	all Counts
}

func newCounter() *counter { return &counter{all: Counts{Services: map[string]Items{}}} }

func (c *counter) counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	all.Services = maps.Clone(all.Services)
	return all
}

func (c *counter) malformed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Malformed++
}

// arrived counts a request that could be read; wire is its length before decompression.
func (c *counter) arrived(wire, unpacked int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Bytes += uint64(wire)
	c.all.Unpacked += uint64(unpacked)
}

func (c *counter) refused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Requests++
	c.all.Refused++
}

func (c *counter) accepted(services []served) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Requests++
	for _, s := range services {
		c.all.Items = c.all.plus(s.items)
		name := s.service
		if _, isKnown := c.all.Services[name]; !isKnown && len(c.all.Services) >= mostServices {
			name = otherServices
		}
		c.all.Services[name] = c.all.Services[name].plus(s.items)
	}
}

// served is what one resource of a request holds.
type served struct {
	service string
	items   Items
}

// ServiceName is the service.name of a resource, or "(unnamed)".
func ServiceName(r *resourcepb.Resource) string {
	if name := StringAttribute(r.GetAttributes(), "service.name"); name != "" {
		return name
	}
	return unnamedService
}

// StringAttribute is the value of the string attribute of a key, or "" if there is none.
func StringAttribute(all []*common.KeyValue, key string) string {
	for _, a := range all {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}
