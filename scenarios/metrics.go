package scenarios

import (
	"net/url"
	"regexp"
	"strings"
)

// Metrics are what the broker is asked about itself while load runs. A broker that the harness starts is asked for its $SYS topics in
// any case.
type Metrics struct {
	// Sys subscribes to the broker's $SYS topics, which Mosquitto and some others publish. Default: false.
	Sys bool `json:"sys,omitempty" jsonschema:"default=false"`
	// URL is a Prometheus endpoint to scrape, such as http://127.0.0.1:9090/metrics.
	URL string `json:"url,omitempty" jsonschema:"pattern=^https?://"`
	// Select lists the metrics that are kept, by their names; each set of labels is a series of its own. Required with url.
	Select []string `json:"select,omitempty" jsonschema:"maxItems=50"`
	// Every is the time between two scrapes, 100 ms or more. Default: 1 s.
	Every Duration `json:"every,omitempty"`
}

var metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// metrics reads the key of that name.
func (d *decoder) metrics(to *Metrics) func(*node) {
	return func(n *node) {
		d.mapping(n,
			optional("sys", d.boolean(&to.Sys)),
			optional("url", d.metricsURL(&to.URL)),
			optional("select", listOf(d, &to.Select, d.metricName)),
			optional("every", d.duration(&to.Every, aboveZero)),
		)
		if n.kind != mapping {
			return
		}
		if to.Every == 0 {
			to.Every = seconds(1)
		}
		if every := n.get("every"); every.sound() && to.Every < seconds(1)/10 {
			d.report(every, every.text+" is too often", "100ms or more")
		}
		switch {
		case n.get("url") != nil && n.lacks("select"):
			d.report(n.get("url"), "nothing is selected of what is there", "select: with the names of metrics")
		case n.get("select") != nil && n.lacks("url"):
			d.report(n.get("select"), "there is nowhere to select from", "url: of a Prometheus endpoint")
		case to.URL == "":
			to.Every = 0
		}
	}
}

func (d *decoder) metricName(n *node) string {
	if n.kind != text || !metricName.MatchString(n.text) {
		d.report(n, "got "+n.describe(), "the name of a metric, such as aio_broker_publishes_received")
		return ""
	}
	return n.text
}

func (d *decoder) metricsURL(to *string) func(*node) {
	return func(n *node) {
		const want = "a URL such as http://127.0.0.1:9090/metrics"
		if n.kind != text {
			d.wrongType(n, want)
			return
		}
		u, err := url.Parse(n.text)
		if err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http") || u.User != nil {
			d.report(n, quote(n.text)+" is not a URL of that kind", want)
			return
		}
		*to = n.text
	}
}

// words say what the broker is asked.
func (m Metrics) words() []string {
	var lines []string
	if m.Sys {
		lines = append(lines, "the broker's $SYS topics")
	}
	if m.URL != "" {
		lines = append(lines, m.URL+" each "+m.Every.String()+": "+strings.Join(m.Select, ", "))
	}
	return lines
}
