package stack

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dashboard is as much of a Grafana dashboard as asks for data.
type dashboard struct {
	UID    string `json:"uid"`
	Title  string `json:"title"`
	Panels []struct {
		Type       string     `json:"type"`
		Title      string     `json:"title"`
		Datasource datasource `json:"datasource"`
		Targets    []target   `json:"targets"`
		GridPos    struct{ X, Y, W, H int }
	} `json:"panels"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type target struct {
	Datasource      datasource `json:"datasource"`
	Expr            string     `json:"expr"`      // PromQL, LogQL
	Query           string     `json:"query"`     // TraceQL
	QueryType       string     `json:"queryType"` // of Tempo
	ServiceMapQuery string     `json:"serviceMapQuery"`
	LegendFormat    string     `json:"legendFormat"`
	Exemplar        bool       `json:"exemplar"`
}

type variable struct {
	Name       string     `json:"name"`
	Datasource datasource `json:"datasource"`
	Definition string     `json:"definition"`
	AllValue   string     `json:"allValue"`
	Query      struct {
		Query string `json:"query"`
	} `json:"query"`
}

const (
	tracingDashboard = "mqtt-tracing"
	loadDashboard    = "load-test"
)

func openDashboard(t *testing.T, uid string) dashboard {
	t.Helper()
	d := decodeLoosely[dashboard](t, "resources/grafana/dashboards", uid+".json")
	require.Equal(t, uid, d.UID)
	return d
}

func TestDashboardsShowWhatTheyPromise(t *testing.T) {
	for uid, want := range map[string][]string{
		tracingDashboard: {"Rate", "End-to-end latency", "End-to-end percentiles", "Process time", "Errors", "Reconnects", "Lost spans", "Service graph", "Recent traces", "Logs"},
		loadDashboard:    {"Scheduled and sent", "Acknowledged and received", "Response", "Transit", "Lost", "CPU", "Runs", "Sent by shard", "Received by shard", "Response p99 by shard", "CPU by shard"},
	} {
		t.Run(uid, func(t *testing.T) {
			var titles []string
			for _, panel := range openDashboard(t, uid).Panels {
				titles = append(titles, panel.Title)
				assert.LessOrEqual(t, panel.GridPos.X+panel.GridPos.W, 24, panel.Title)
			}
			for _, title := range want {
				assert.Contains(t, titles, title)
			}
		})
	}
}

// TestEveryQueryOfRunsCanBeOfOneShard: the variables of the load-test dashboard choose what every panel shows.
func TestEveryQueryOfRunsCanBeOfOneShard(t *testing.T) {
	for _, panel := range openDashboard(t, loadDashboard).Panels {
		for _, target := range panel.Targets {
			for _, chosen := range []string{"run", "scenario", "arm", "shard"} {
				assert.Contains(t, target.Expr, `mqttrace_`+chosen+`=~"$`+chosen+`"`, panel.Title)
			}
		}
	}
}

// TestDashboardTypes: latency as a heat map, edges as a graph, and exemplars wherever a histogram is shown.
func TestDashboardTypes(t *testing.T) {
	for _, panel := range openDashboard(t, tracingDashboard).Panels {
		switch panel.Title {
		case "End-to-end latency":
			assert.Equal(t, "heatmap", panel.Type)
		case "Service graph":
			assert.Equal(t, "nodeGraph", panel.Type)
			assert.Equal(t, "serviceMap", panel.Targets[0].QueryType)
		}
		for _, target := range panel.Targets {
			if panel.Type != "stat" && strings.Contains(target.Expr, "_bucket") {
				assert.True(t, target.Exemplar, "%s opens no trace", panel.Title)
			}
		}
	}
}

// TestDashboardQueries reads every query of both dashboards and of the data sources, and looks for each metric, label and
// value in what programs emit.
func TestDashboardQueries(t *testing.T) {
	known := exposed(t)
	for _, uid := range []string{tracingDashboard, loadDashboard} {
		t.Run(uid, func(t *testing.T) {
			d := openDashboard(t, uid)
			for _, v := range d.Templating.List {
				assert.Equal(t, v.Definition, v.Query.Query, v.Name)
				if v.Name == "shard" {
					assert.Equal(t, ".*", v.AllValue, "a run that one process does has no shards")
				} else {
					assert.Equal(t, ".+", v.AllValue, "%s: Loki wants a matcher that not everything matches", v.Name)
				}
				known.checkVariable(t, v)
			}
			for _, panel := range d.Panels {
				if panel.Type != "row" {
					assert.NotEmpty(t, panel.Targets, panel.Title)
				}
				for _, target := range panel.Targets {
					t.Run(panel.Title, func(t *testing.T) {
						assert.Equal(t, panel.Datasource, target.Datasource)
						known.checkTarget(t, d, target)
					})
				}
			}
		})
	}
}

// series is what a query language knows metrics by: a name in Prometheus and the labels that it has.
type series map[string]seriesLabels

type seriesLabels struct {
	labels []string
	values map[string][]string
}

// promotedLabels are those of Prometheus itself for what came with a resource.
var promotedLabels = []string{"job", "instance"}

// exposed is the series that the table of emitted metrics becomes in Prometheus, translated as resources/grafana/
// prometheus.yaml says.
func exposed(t *testing.T) series {
	t.Helper()
	config := decodeLoosely[struct {
		OTLP struct {
			Strategy string   `json:"translation_strategy"`
			Promote  []string `json:"promote_resource_attributes"`
		} `json:"otlp"`
	}](t, "resources/grafana/prometheus.yaml")
	require.Equal(t, string(otlptranslator.UnderscoreEscapingWithSuffixes), config.OTLP.Strategy)
	names := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	label := func(attribute string) string {
		name, err := (&otlptranslator.LabelNamer{}).Build(attribute)
		require.NoError(t, err)
		return name
	}
	all := series{}
	for _, m := range Emitted() {
		kind := map[Kind]otlptranslator.MetricType{Counter: otlptranslator.MetricTypeMonotonicCounter,
			Gauge: otlptranslator.MetricTypeGauge, Histogram: otlptranslator.MetricTypeHistogram}[m.Kind]
		name, err := names.Build(otlptranslator.Metric{Name: m.Name, Unit: m.Unit, Type: kind})
		require.NoError(t, err)

		has := seriesLabels{values: map[string][]string{}}
		for _, attribute := range slices.Concat(m.Attributes, m.Sometimes) {
			has.labels = append(has.labels, label(attribute))
		}
		for attribute, values := range m.Values {
			has.values[label(attribute)] = values
		}
		// The connectors' metrics come without a resource.
		if m.From != "span_metrics" && m.From != "service_graph" {
			has.labels = append(has.labels, promotedLabels...)
			for _, attribute := range config.OTLP.Promote {
				has.labels = append(has.labels, label(attribute))
			}
		}
		if m.Kind != Histogram {
			all.add(name, has)
			continue
		}
		all.add(name+"_sum", has)
		all.add(name+"_count", has)
		has.labels = append(has.labels, "le")
		all.add(name+"_bucket", has)
	}
	return all
}

// add takes what several programs emit under one name together.
func (s series) add(name string, more seriesLabels) {
	has := s[name]
	if has.values == nil {
		has.values = map[string][]string{}
	}
	has.labels = append(has.labels, more.labels...)
	for label, values := range more.values {
		has.values[label] = append(has.values[label], values...)
	}
	s[name] = has
}

// within stands in for the intervals that Grafana puts into queries.
var within = strings.NewReplacer("$__rate_interval", "20s", "$__range", "15m", "$__interval", "5s")

// fromVariable finds the variables of a dashboard in a query.
var fromVariable = regexp.MustCompile(`\$(\w+)`)

func (s series) checkTarget(t *testing.T, d dashboard, target target) {
	t.Helper()
	for _, name := range fromVariable.FindAllStringSubmatch(within.Replace(target.Expr+target.Query), -1) {
		assert.True(t, slices.ContainsFunc(d.Templating.List, func(v variable) bool { return v.Name == name[1] }), "no variable %s", name[0])
	}
	switch target.Datasource.UID {
	case "prometheus":
		s.checkPromQL(t, target.Expr, target.LegendFormat)
	case "loki":
		checkLogQL(t, target.Expr)
	case "tempo":
		if target.QueryType == "serviceMap" {
			// Grafana lays this selector over the names of the service graph's metrics.
			s.checkPromQL(t, "traces_service_graph_request_total"+target.ServiceMapQuery, "")
			return
		}
		checkTraceQL(t, target.Query)
	default:
		assert.Fail(t, "no such data source", target.Datasource.UID)
	}
}

// labelValues is the one query of variables: label_values(selector, label).
var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

func (s series) checkVariable(t *testing.T, v variable) {
	t.Helper()
	parts := labelValues.FindStringSubmatch(v.Definition)
	require.Len(t, parts, 3, v.Definition)
	s.checkPromQL(t, "count by ("+parts[2]+") ("+parts[1]+")", "")
}

// checkPromQL parses a query and holds every selector in it against what is exposed, and every label that it groups by or
// shows in its legend against the selectors that it groups.
func (s series) checkPromQL(t *testing.T, query, legend string) {
	t.Helper()
	expr, err := parser.ParseExpr(within.Replace(query))
	require.NoError(t, err, query)
	var grouped []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			s.checkSelector(t, node)
		case *parser.AggregateExpr:
			require.False(t, node.Without, query)
			grouped = append(grouped, node.Grouping...)
			for _, label := range node.Grouping {
				for _, selector := range selectors(node.Expr) {
					for _, name := range s.names(selector) {
						assert.Contains(t, s[name].labels, label, "%s is grouped by what it does not have", name)
					}
				}
			}
		}
		return nil
	})
	for _, shown := range regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(legend, -1) {
		assert.Contains(t, grouped, shown[1], "%s is not in the result of %s", shown[0], query)
	}
}

func selectors(expr parser.Expr) []*parser.VectorSelector {
	var all []*parser.VectorSelector
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			all = append(all, selector)
		}
		return nil
	})
	return all
}

// names is the metrics that a selector selects: the one that it names, or those of name=~"one|other".
func (s series) names(selector *parser.VectorSelector) []string {
	if selector.Name != "" {
		return []string{selector.Name}
	}
	for _, matcher := range selector.LabelMatchers {
		if matcher.Name == labels.MetricName {
			return strings.Split(matcher.Value, "|")
		}
	}
	return nil
}

func (s series) checkSelector(t *testing.T, selector *parser.VectorSelector) {
	t.Helper()
	names := s.names(selector)
	require.NotEmpty(t, names, selector.String())
	for _, name := range names {
		has, ok := s[name]
		if !assert.True(t, ok, "nobody emits %s", name) {
			continue
		}
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name == labels.MetricName {
				continue
			}
			assert.Contains(t, has.labels, matcher.Name, name)
			if values := has.values[matcher.Name]; values != nil && matcher.Type == labels.MatchEqual {
				assert.Contains(t, values, matcher.Value, "%s{%s}", name, matcher.Name)
			}
		}
	}
}

// checkLogQL is what can be said of a query of logs without Loki: a selector by labels that Loki makes of OTLP logs, and
// filters by the ids that otelslog gives each line.
func checkLogQL(t *testing.T, query string) {
	t.Helper()
	selector, filters, _ := strings.Cut(query, "}")
	matchers, err := parser.ParseMetricSelector(selector + "}")
	require.NoError(t, err, query)
	for _, matcher := range matchers {
		assert.Equal(t, "service_name", matcher.Name, query)
	}
	for filter := range strings.SplitSeq(filters, "|") {
		if filter = strings.TrimSpace(filter); filter != "" {
			assert.Regexp(t, `^(trace_id|span_id) (=|!=) "[^"]*"$`, filter)
		}
	}
}

// checkTraceQL is what can be said of a query of traces without Tempo: one spanset of comparisons, joined by &&, with
// attributes that the services' spans have and the kinds that there are.
func checkTraceQL(t *testing.T, query string) {
	t.Helper()
	inside, ok := strings.CutPrefix(query, "{")
	require.True(t, ok, query)
	inside, ok = strings.CutSuffix(inside, "}")
	require.True(t, ok, query)
	for comparison := range strings.SplitSeq(inside, "&&") {
		assert.Regexp(t, `^(resource\.service\.name (=|!=|=~|!~) "[^"]*"|kind = (producer|consumer)|status = error)$`, strings.TrimSpace(comparison))
	}
}

// TestQueriesAreChecked: mistakes of each kind are found.
func TestQueriesAreChecked(t *testing.T) {
	known := exposed(t)
	for mistake, query := range map[string]string{
		"a name that nobody emits":            `rate(messaging_client_sent_total[$__rate_interval])`,
		"a name before its translation":       `mqtt_e2e_latency_bucket`,
		"a label that the metric has not":     `mqttrace_latency_seconds{arm="export"}`,
		"a value that the label never has":    `mqttrace_latency_seconds{quantile="0.999"}`,
		"grouped by what is not there":        `sum by (server) (rate(messaging_client_sent_messages_total[1m]))`,
		"a resource's label of the connector": `sum by (instance) (traces_span_metrics_calls_total)`,
	} {
		t.Run(mistake, func(t *testing.T) {
			probe := &testing.T{}
			known.checkPromQL(probe, query, "")
			assert.True(t, probe.Failed())
		})
	}
	probe := &testing.T{}
	known.checkPromQL(probe, "sum by (mqttrace_arm) (mqttrace_delivery_lost)", "{{mqttrace_run}}")
	assert.True(t, probe.Failed(), "a legend that the result has not")
}
