package manifest

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	"mqttrace/load/shard"
	"mqttrace/scenarios"
)

const (
	// DefaultImage is the harness's as the Dockerfile's comment and docker-compose.yaml name it.
	DefaultImage = "mqttrace/mqttrace:dev"
	// Collector is resources/kubernetes/base/collector.yaml's, in the same namespace.
	Collector = "http://telemetry-collector:4317"
	// Mosquitto is resources/kubernetes/overlays/mosquitto's, in the same namespace.
	Mosquitto = "mqtt://mosquitto-broker:1883"

	aioNamespace       = "azure-iot-operations" // pods can mount AIO's trust bundle only there
	mosquittoNamespace = "mqttrace"
)

// Settings are what the scenario does not say.
type Settings struct {
	// Command is the command line that asks for the manifest.
	Command string
	// Shards is how many pods share the load; 1 or more.
	Shards int
	// Image of the harness.
	Image string
	// Namespace of the objects. Default: that of AIO or of Mosquitto, if it is one of those; else the one that kubectl uses.
	Namespace string
	// Broker is what --broker says: empty for the scenario's own.
	Broker string
	// Sets are the values of --set, and Duration that of --duration; empty if there is none.
	Sets     []string
	Duration string
	// OTLP is the collector's endpoint; empty for none.
	OTLP string
	// Results is a PersistentVolumeClaim for the result files, which shard 0 collects there; empty for a volume that goes with the
	// pod, and results that shard 0 collects over the broker.
	Results string
}

// BrokerURL is what Broker means to a run: aio, or a URL.
func BrokerURL(broker string) string {
	if broker == string(scenarios.Mosquitto) {
		return Mosquitto
	}
	return broker
}

// Write prints the objects that run sc, whose text is in file, in shards. All that stands against it is in the error; nothing
// is written then.
func Write(w io.Writer, sc *scenarios.Scenario, file string, text []byte, s Settings) error {
	files, err := filesOf(sc, file, string(text)+strings.Join(s.Sets, "\n"))
	if err = errors.Join(err, cannotShard(sc, s), unreachable(sc.Broker)); err != nil {
		err = fmt.Errorf("%s: %w", sc.Name, err)
	}
	if err := errors.Join(s.Check(), err); err != nil {
		return err
	}
	v := view{
		Settings: s, Scenario: sc, Name: objectName(sc.Name), Text: string(text), Files: files,
		AIO: sc.Broker.Kind == scenarios.AIO, Need: needOf(sc, s.Shards),
	}
	v.Namespace = v.namespace()
	var out bytes.Buffer
	if err := objects.Execute(&out, v); err != nil {
		return err
	}
	_, err = out.WriteTo(w)
	return err
}

// Check reports all that is wrong with the settings themselves, joined into one error; nil if nothing is.
func (s Settings) Check() error {
	var problems []error
	if s.Shards < 1 {
		problems = append(problems, fmt.Errorf("--shards %d: want 1 or more", s.Shards))
	}
	if s.Image == "" || strings.ContainsFunc(s.Image, unicode.IsSpace) {
		problems = append(problems, fmt.Errorf("--image %q is no image, want a name such as %s", s.Image, DefaultImage))
	}
	if wrong := validation.IsDNS1123Label(s.Namespace); s.Namespace != "" && len(wrong) > 0 {
		problems = append(problems, fmt.Errorf("--namespace %q: %s", s.Namespace, wrong[0]))
	}
	if wrong := validation.IsDNS1123Subdomain(s.Results); s.Results != "" && len(wrong) > 0 {
		problems = append(problems, fmt.Errorf("--results %q: %s", s.Results, wrong[0]))
	}
	if u, err := url.Parse(s.OTLP); s.OTLP != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		problems = append(problems, fmt.Errorf("--otlp %q is no endpoint, want a URL such as %s", s.OTLP, Collector))
	}
	return errors.Join(problems...)
}

// cannotShard says why a run of several processes cannot be made of a scenario.
func cannotShard(sc *scenarios.Scenario, s Settings) error {
	problems := []error{sc.Shardable(max(s.Shards, 1))}
	for _, arm := range sc.Tracing.Arms() {
		sink := arm.Exporter.Embedded || arm.Exporter == (scenarios.Exporter{}) && s.OTLP == ""
		if arm.Arm == scenarios.ArmExport && sink {
			problems = append(problems, fmt.Errorf("tracing.exporter: the embedded sink is of one process, expected an endpoint, such as --set tracing.exporter=%s", Collector))
		}
	}
	return errors.Join(problems...)
}

// unreachable says why pods cannot connect to a broker.
func unreachable(b scenarios.Broker) error {
	const want = "expected --broker aio, mosquitto (the one in the cluster) or a URL that they can reach"
	switch {
	case b.Kind != scenarios.External:
		return nil
	case b.UnixPath() != "":
		return fmt.Errorf("broker: pods have no socket %s, %s", b.UnixPath(), want)
	}
	host, _, err := net.SplitHostPort(b.Address())
	if ip, parsed := netip.ParseAddr(host); err == nil && (host == "localhost" || parsed == nil && ip.IsLoopback()) {
		return fmt.Errorf("broker: in a pod %s is the pod itself, %s", host, want)
	}
	return nil
}

// view is what the template shows.
type view struct {
	Settings
	Scenario *scenarios.Scenario
	Name     string // of all objects
	Text     string // of the scenario
	Files    files
	AIO      bool
	Need     need
}

func (v view) namespace() string {
	switch {
	case v.Settings.Namespace != "":
		return v.Settings.Namespace
	case v.AIO:
		return aioNamespace
	case v.Broker == string(scenarios.Mosquitto):
		return mosquittoNamespace
	}
	return ""
}

// Args are the harness's: what is $ to Kubernetes is doubled where it is not meant for it.
func (v view) Args() []string {
	args := []string{"run", "/scenario/scenario.yaml", "--shards", fmt.Sprint(v.Shards), "--run-id", "$(RUN_ID)",
		"--shard-wait", fmt.Sprintf("%dm", v.SetupMinutes()), "--out", "/results", "--metrics", ":9464"}
	more := func(flag, value string) {
		if value != "" {
			args = append(args, flag, strings.ReplaceAll(value, "$", "$$"))
		}
	}
	if v.Results != "" {
		more("--collect", string(shard.FromFolder))
	}
	more("--broker", BrokerURL(v.Broker))
	for _, set := range v.Sets {
		more("--set", set)
	}
	more("--duration", v.Duration)
	return args
}

// Protocol is how the collector is spoken to.
func (v view) Protocol() string {
	if u, err := url.Parse(v.OTLP); err == nil && u.Port() == "4318" {
		return "http/protobuf"
	}
	return "grpc"
}

// Deadline is when the Job is given up, in seconds, and Grace how long a pod may take to end.
func (v view) Deadline() int {
	return seconds(v.Scenario.Warmup.Std()+v.Scenario.Duration.Std()+v.Scenario.Drain.Std()) + int(setup.Seconds())
}

// Grace is how long a pod may take to end: it drains and keeps what it measured.
func (v view) Grace() int { return seconds(v.Scenario.Drain.Std()) + 30 }

// SetupMinutes is the part of Deadline that is not the run's.
func (view) SetupMinutes() int { return int(setup.Minutes()) }

// setup is for placing pods, pulling images, connecting, and collecting results.
const setup = 15 * time.Minute

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// longestName leaves room for what a Job adds: pods are NAME-INDEX-xxxxx, and their host names are labels of 63 characters.
const longestName = 50

// objectName makes a name of objects of a scenario's: lower-case letters, digits and hyphens.
func objectName(scenario string) string {
	name := strings.Map(func(r rune) rune {
		if r == '.' || r == '_' {
			return '-'
		}
		return r
	}, "mqttrace-"+strings.ToLower(scenario))
	return strings.TrimRight(name[:min(len(name), longestName)], "-")
}

//go:embed objects.yaml
var objectsText string

var objects = template.Must(template.New("objects").Funcs(template.FuncMap{"q": quoted, "literal": literal}).Parse(objectsText))

// quoted is a YAML scalar of any text, in quotes where it needs them: Go's escapes are among YAML's.
func quoted(s string) string {
	if plain.MatchString(s) && !word.MatchString(s) {
		return s
	}
	return strconv.QuoteToASCII(s)
}

var (
	// plain is what YAML and people read as a string as it is: words, flags, paths, URLs.
	plain = regexp.MustCompile(`^(--)?[a-zA-Z/]([a-zA-Z0-9/._-]|:[a-zA-Z0-9/._-])*$`)
	// word is what they do not.
	word = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|null|y|n)$`)
)

// literal is text as a literal block with its lines indented, or quoted if it has what no block can.
func literal(indent int, text string) string {
	odd := func(r rune) bool {
		return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == '\uFEFF' || r == '\u2028' || r == '\u2029')
	}
	if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") || strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") ||
		strings.ContainsFunc(text, odd) {
		return quoted(text)
	}
	margin := strings.Repeat(" ", indent)
	var out strings.Builder
	out.WriteString("|")
	for line := range strings.Lines(text) {
		out.WriteString("\n")
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			out.WriteString(margin + line)
		}
	}
	return out.String()
}
