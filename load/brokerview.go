package load

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// sysTopics are what Mosquitto and the embedded broker publish about themselves that a run wants to know. Those that a broker has not
// are never heard of.
var sysTopics = []string{
	"$SYS/broker/clients/connected",
	"$SYS/broker/publish/messages/received",
	"$SYS/broker/publish/messages/sent",
	"$SYS/broker/publish/messages/dropped",
	"$SYS/broker/messages/received", // of mochi the PUBLISH packets, of Mosquitto packets of any type
	"$SYS/broker/messages/dropped",
	"$SYS/broker/messages/inflight",
	"$SYS/broker/store/messages/count",
	"$SYS/broker/heap/current",
	"$SYS/broker/system/memory",
}

// publishesReceived is where each broker that the harness starts counts the PUBLISH packets that it got.
var publishesReceived = map[scenarios.BrokerKind]string{
	scenarios.Mosquitto: "$SYS/broker/publish/messages/received",
	scenarios.Embedded:  "$SYS/broker/messages/received",
}

// brokerView follows what the broker tells of itself.
type brokerView struct {
	run    *run
	client *mqtt.Client // nil without $SYS
	stop   context.CancelFunc
	done   chan struct{} // closed when scraping has ended

	mu      sync.Mutex // guards what follows
	metrics map[string]*result.Metric
	at      map[string][]clock.Instant // of the points, before the start of the run is known
	failed  error                      // of the latest scrape
	news    chan struct{}              // closed at the next $SYS message
}

// view begins to follow the broker. A broker that cannot be asked is a warning: it is not what the run is for.
func (r *run) view(ctx context.Context) *brokerView {
	v := &brokerView{run: r, metrics: map[string]*result.Metric{}, at: map[string][]clock.Instant{}, news: make(chan struct{}), done: make(chan struct{})}
	scraping, stop := context.WithCancel(context.WithoutCancel(ctx))
	v.stop = stop
	if r.scenario.Metrics.Sys || r.target.process != nil {
		if err := v.subscribe(ctx); err != nil {
			r.warn("run", "the broker's $SYS topics cannot be followed: %v", err)
		}
	}
	go func() { defer close(v.done); v.scrape(scraping) }()
	return v
}

// subscribe follows the $SYS topics.
func (v *brokerView) subscribe(ctx context.Context) error {
	settings := v.run.target.settings
	settings.ClientID = v.run.clientID("m", 0)
	client, err := mqtt.Connect(ctx, settings, mqtt.Handlers{Message: v.heard})
	if err != nil {
		return err
	}
	v.client = client
	for _, topic := range sysTopics {
		if _, err := client.Subscribe(ctx, topic, 0); err != nil {
			return err
		}
	}
	return nil
}

// heard keeps a reading that the broker published.
func (v *brokerView) heard(d mqtt.Delivery) {
	value, err := strconv.ParseFloat(strings.TrimSpace(string(d.Payload)), 64)
	if err != nil {
		return // some are text
	}
	v.add(d.Topic, value, d.Received)
}

func (v *brokerView) add(name string, value float64, at clock.Instant) {
	v.mu.Lock()
	defer v.mu.Unlock()
	m := v.metrics[name]
	if m == nil && len(v.metrics) == mostSeries {
		return
	}
	if m == nil {
		m = &result.Metric{Name: name}
		v.metrics[name] = m
	}
	m.Points = append(m.Points, result.MetricPoint{Value: value})
	v.at[name] = append(v.at[name], at)
	close(v.news)
	v.news = make(chan struct{})
}

// sysPatience bounds that wait.
const sysPatience = 2500 * time.Millisecond

// await waits until a count has come to n: brokers publish it once a second, and only if it has changed.
func (v *brokerView) await(ctx context.Context, topic string, n uint64) {
	ctx, cancel := context.WithTimeout(ctx, sysPatience)
	defer cancel()
	v.mu.Lock()
	for v.latest(topic) < float64(n) && ctx.Err() == nil {
		news := v.news
		v.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
		}
		v.mu.Lock()
	}
	v.mu.Unlock()
}

// latest is the last reading of a metric; v.mu is held.
func (v *brokerView) latest(name string) float64 {
	m := v.metrics[name]
	if m == nil {
		return 0
	}
	return m.Points[len(m.Points)-1].Value
}

// scrape reads the Prometheus endpoint again and again, if there is one.
func (v *brokerView) scrape(ctx context.Context) {
	m := v.run.scenario.Metrics
	if m.URL == "" {
		return
	}
	ticker := time.NewTicker(m.Every.Std())
	defer ticker.Stop()
	for {
		if err := v.scrapeOnce(ctx, m); err != nil && ctx.Err() == nil {
			v.mu.Lock()
			v.failed = err
			v.mu.Unlock()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

const (
	scrapeTimeout = 5 * time.Second
	// mostScraped bounds an answer, mostSeries what is kept of the answers.
	mostScraped = 32 << 20
	mostSeries  = 100
)

func (v *brokerView) scrapeOnce(ctx context.Context, m scenarios.Metrics) error {
	ctx, cancel := context.WithTimeout(ctx, scrapeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	at := clock.Now()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", m.URL, answer.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(answer.Body, mostScraped))
	if err != nil {
		return fmt.Errorf("GET %s: %w", m.URL, err)
	}
	for _, name := range m.Select {
		family := families[name]
		if family == nil {
			return fmt.Errorf("GET %s: there is no metric %s", m.URL, name)
		}
		for _, series := range family.Metric {
			if value, ok := valueOf(family.GetType(), series); ok {
				v.add(seriesName(name, series), value, at)
			}
		}
	}
	return nil
}

// valueOf is a single number: of histograms and summaries how many values they hold.
func valueOf(kind dto.MetricType, m *dto.Metric) (float64, bool) {
	switch kind {
	case dto.MetricType_COUNTER:
		return m.GetCounter().GetValue(), true
	case dto.MetricType_GAUGE:
		return m.GetGauge().GetValue(), true
	case dto.MetricType_UNTYPED:
		return m.GetUntyped().GetValue(), true
	case dto.MetricType_HISTOGRAM:
		return float64(m.GetHistogram().GetSampleCount()), true
	case dto.MetricType_SUMMARY:
		return float64(m.GetSummary().GetSampleCount()), true
	}
	return 0, false
}

// seriesName is a metric with its labels, as Prometheus writes it.
func seriesName(name string, m *dto.Metric) string {
	if len(m.Label) == 0 {
		return name
	}
	var labels []string
	for _, l := range m.Label {
		labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	return name + "{" + strings.Join(labels, ",") + "}"
}

// conclude waits for the broker's last word, ends the view and takes what it saw into the run.
func (v *brokerView) conclude(ctx context.Context) {
	kind := v.run.scenario.Broker.Kind
	topic, counts := publishesReceived[kind]
	counts = counts && v.client != nil && v.run.measured.drained && v.run.scenario.Duration.Std() >= worthReconciling
	if counts {
		v.await(ctx, topic, v.ours())
	}
	v.stop()
	<-v.done
	if v.client != nil {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = v.client.Close(leaving) // it was only listening
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failed != nil {
		v.run.warn("run", "the broker's metrics are not complete: %v", v.failed)
	}
	for name, m := range v.metrics {
		for i, at := range v.at[name] {
			m.Points[i].AtNS = int64(at.Sub(v.run.counting()))
		}
		v.run.brokerMetrics = append(v.run.brokerMetrics, *m)
	}
	slices.SortFunc(v.run.brokerMetrics, func(a, b result.Metric) int { return strings.Compare(a.Name, b.Name) })
	if m := v.metrics[topic]; counts && m != nil {
		v.reconcile(m)
	}
}

// worthReconciling is how long a run must be to wait up to a second more for the broker's own count.
const worthReconciling = 5 * time.Second

// ours is how many PUBLISH packets the senders have written.
func (v *brokerView) ours() (n uint64) {
	for _, s := range v.run.mine.senders {
		packets, _ := s.client.Published()
		n += packets
	}
	return n
}

// reconcile compares how many PUBLISH packets the clients wrote with how many the broker says it got since the run started it. One
// that was started again in between has forgotten some.
func (v *brokerView) reconcile(m *result.Metric) {
	if !slices.IsSortedFunc(m.Points, func(a, b result.MetricPoint) int { return cmp.Compare(a.Value, b.Value) }) {
		return
	}
	c := result.Reconciliation{Count: "PUBLISH packets into the broker", Ours: v.ours(), Brokers: uint64(v.latest(m.Name))}
	switch {
	case c.Brokers > c.Ours:
		c.Explanation = fmt.Sprintf("%d more than the senders wrote: somebody else published", c.Brokers-c.Ours)
	case c.Brokers < c.Ours && v.run.measured.connections > 0:
		c.Explanation = fmt.Sprintf("%d fewer than the senders wrote: connections were lost while messages were under way", c.Ours-c.Brokers)
	case c.Brokers < c.Ours:
		c.Explanation = fmt.Sprintf("%d fewer than the senders wrote, with no connection lost", c.Ours-c.Brokers)
	}
	if c.Explanation != "" {
		v.run.warn("sent", "the broker counted %s", c.Explanation)
	}
	v.run.reconciled = append(v.run.reconciled, c)
}
