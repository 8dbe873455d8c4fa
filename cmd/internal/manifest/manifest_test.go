package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"mqttrace/scenarios"
)

// load is a scenario that shards can run.
const load = `duration: 1m
drain: 1500ms
senders: [{name: s, count: 300, rate: 10/s, topic: "t/{sender}", qos: 1}]
receivers: [{name: r, count: 8, filter: t/+}]
`

// printed are the objects of a manifest.
type printed struct {
	text    string
	config  corev1.ConfigMap
	account corev1.ServiceAccount
	service corev1.Service
	job     batchv1.Job
}

// pod is the Job's.
func (p printed) pod() corev1.PodSpec { return p.job.Spec.Template.Spec }

// container is the pod's only one.
func (p printed) container() corev1.Container { return p.pod().Containers[0] }

// write writes files and prints the manifest of a scenario among them; FOLDER in it is where that is.
func write(t *testing.T, scenario string, files map[string]string, s Settings) (printed, error) {
	t.Helper()
	dir := t.TempDir()
	scenario = strings.ReplaceAll(scenario, "FOLDER", filepath.ToSlash(dir))
	files = merged(files, map[string]string{"load.yaml": scenario})
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	file := filepath.Join(dir, "load.yaml")
	var sets []scenarios.Set
	if s.Broker != "" {
		sets = append(sets, scenarios.Set{Origin: "--broker", Path: "broker", Value: BrokerURL(s.Broker)})
	}
	sc, err := scenarios.Load(file, sets...)
	require.NoError(t, err)
	var out strings.Builder
	if err := Write(&out, sc, file, []byte(scenario), s); err != nil {
		assert.Empty(t, out.String())
		return printed{}, err
	}
	return decoded(t, out.String()), nil
}

func merged(all ...map[string]string) map[string]string {
	into := map[string]string{}
	for _, m := range all {
		for k, v := range m {
			into[k] = v
		}
	}
	return into
}

// decoded reads each object strictly into its type.
func decoded(t *testing.T, text string) printed {
	t.Helper()
	p := printed{text: text}
	documents := strings.Split(text, "\n---\n")
	into := []any{&p.config, &p.account, &p.service, &p.job}
	require.Len(t, documents, len(into))
	for i, document := range documents {
		require.NoError(t, yaml.UnmarshalStrict([]byte(document+"\n"), into[i]), document)
	}
	assert.Equal(t, "ConfigMap ServiceAccount Service Job", strings.Join([]string{p.config.Kind, p.account.Kind, p.service.Kind, p.job.Kind}, " "))
	return p
}

func TestManifest(t *testing.T) {
	for name, test := range map[string]struct {
		settings  Settings
		scenario  string
		namespace string
		args      string // after those of every manifest
		volumes   []string
	}{
		"aio":       {Settings{Broker: "aio"}, load, "azure-iot-operations", "--broker aio", []string{"scenario", "results", "broker-sat", "trust-bundle"}},
		"its own":   {Settings{}, load + "broker: aio", "azure-iot-operations", "", []string{"scenario", "results", "broker-sat", "trust-bundle"}},
		"mosquitto": {Settings{Broker: "mosquitto"}, load, "mqttrace", "--broker " + Mosquitto, []string{"scenario", "results"}},
		"URL":       {Settings{Broker: "mqtt://broker:1883"}, load, "", "--broker mqtt://broker:1883", []string{"scenario", "results"}},
		"namespace": {Settings{Broker: "aio", Namespace: "123"}, load, "123", "--broker aio", []string{"scenario", "results", "broker-sat", "trust-bundle"}},
		"sets": {Settings{Broker: "mosquitto", Sets: []string{`receivers.r.filter=$share/$(x)/t/+`}, Duration: "1m"}, load, "mqttrace",
			"--broker " + Mosquitto + " --set receivers.r.filter=$$share/$$(x)/t/+ --duration 1m", []string{"scenario", "results"}},
		"claim": {Settings{Broker: "mosquitto", Results: "runs"}, load, "mqttrace", "--collect folder --broker " + Mosquitto, []string{"scenario", "results"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.settings.Shards, test.settings.Image = 4, DefaultImage
			test.settings.OTLP = Collector
			p, err := write(t, test.scenario, nil, test.settings)
			require.NoError(t, err)
			for _, namespace := range []string{p.config.Namespace, p.account.Namespace, p.service.Namespace, p.job.Namespace} {
				assert.Equal(t, test.namespace, namespace)
			}
			want := "run /scenario/scenario.yaml --shards 4 --run-id $(RUN_ID) --shard-wait 15m --out /results --metrics :9464 " + test.args
			assert.Equal(t, strings.TrimRight(want, " "), strings.Join(p.container().Args, " "))
			assert.Equal(t, test.scenario, p.config.Data["scenario.yaml"])
			var volumes []string
			for i, v := range p.pod().Volumes {
				volumes = append(volumes, v.Name)
				assert.Equal(t, v.Name, p.container().VolumeMounts[i].Name)
			}
			assert.Equal(t, test.volumes, volumes)
			if claim := p.pod().Volumes[1].PersistentVolumeClaim; assert.Equal(t, test.settings.Results != "", claim != nil) && claim != nil {
				assert.Equal(t, "runs", claim.ClaimName)
			}
			assertShards(t, p, 4)
		})
	}
}

// assertShards says what every Job has in common.
func assertShards(t *testing.T, p printed, shards int32) {
	t.Helper()
	spec := p.job.Spec
	assert.Equal(t, batchv1.IndexedCompletion, *spec.CompletionMode)
	assert.Equal(t, []int32{shards, shards}, []int32{*spec.Completions, *spec.Parallelism}, "shards wait for each other")
	assert.Equal(t, "0", *spec.SuccessPolicy.Rules[0].SucceededIndexes)
	assert.Equal(t, int32(0), *spec.BackoffLimitPerIndex)
	assert.Nil(t, spec.BackoffLimit, "the end of one shard must not end shard 0")
	assert.Nil(t, spec.MaxFailedIndexes, "the end of one shard must not end shard 0")
	assert.Equal(t, corev1.RestartPolicyNever, p.pod().RestartPolicy)
	assert.Equal(t, int64(2+60+2+900), *spec.ActiveDeadlineSeconds)
	assert.Equal(t, int64(32), *p.pod().TerminationGracePeriodSeconds)

	labels := spec.Template.Labels
	index := map[string]string{"batch.kubernetes.io/job-completion-index": "0"}
	for name, value := range p.service.Spec.Selector {
		assert.Equal(t, merged(labels, index)[name], value, name)
	}
	term := p.pod().Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm
	assert.Equal(t, "kubernetes.io/hostname", term.TopologyKey)
	for name, value := range term.LabelSelector.MatchLabels {
		assert.Equal(t, labels[name], value, name)
	}
	assert.Equal(t, p.service.Spec.Ports[0].TargetPort.StrVal, p.container().Ports[0].Name)
	assert.Equal(t, "metadata.labels['batch.kubernetes.io/controller-uid']", p.container().Env[0].ValueFrom.FieldRef.FieldPath)
	assert.Equal(t, p.account.Name, p.pod().ServiceAccountName)
}

func TestFilesOfAScenarioAreMounted(t *testing.T) {
	const scenario = `
broker: {url: "mqtts://broker:8883", username: bench, password_file: secrets/password.txt, tls: {ca: ca.pem}}
duration: 1m
senders:
  - {name: s, rate: 10/s, topic: t, payload: {file: payloads/a.bin}}
  - {name: again, rate: 10/s, topic: t, payload: {file: payloads/a.bin}}
receivers: [{name: r, filter: t}]
`
	ca, err := os.ReadFile("../credentials/testdata/cert.pem")
	require.NoError(t, err)
	p, err := write(t, scenario, map[string]string{"secrets/password.txt": "open-sesame", "ca.pem": string(ca), "payloads/a.bin": "\x00\xff"},
		Settings{Shards: 2, Image: DefaultImage})
	require.NoError(t, err)
	assert.NotContains(t, p.text, "open-sesame")
	assert.Contains(t, p.text, "kubectl create secret generic mqttrace-load --from-file secrets.password.txt=secrets/password.txt\n")
	assert.Equal(t, map[string][]byte{"payloads.a.bin": []byte("\x00\xff"), "ca.pem": ca}, p.config.BinaryData)

	sources := p.pod().Volumes[0].Projected.Sources
	require.Len(t, sources, 2)
	assert.Equal(t, []corev1.KeyToPath{{Key: "scenario.yaml", Path: "scenario.yaml"}, {Key: "payloads.a.bin", Path: "payloads/a.bin"}, {Key: "ca.pem", Path: "ca.pem"}},
		sources[0].ConfigMap.Items)
	assert.Equal(t, p.config.Name, sources[0].ConfigMap.Name)
	assert.Equal(t, "mqttrace-load", sources[1].Secret.Name)
	assert.Equal(t, []corev1.KeyToPath{{Key: "secrets.password.txt", Path: "secrets/password.txt"}}, sources[1].Secret.Items)
	for _, variable := range p.container().Env {
		assert.NotContains(t, variable.Name, "OTEL", "no collector was named")
	}
}

func TestWhatNoPodCouldRun(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "elsewhere.bin")
	require.NoError(t, os.WriteFile(elsewhere, make([]byte, mostPublic+1), 0o600))
	for name, test := range map[string]struct {
		scenario string
		settings Settings
		want     []string
	}{
		"a broker of the run's own": {load, Settings{Shards: 2}, []string{"broker: embedded would be started once by each process"}},
		"a broker of this machine":  {load, Settings{Shards: 2, Broker: "mqtt://127.0.0.1:1883"}, []string{"broker: in a pod 127.0.0.1 is the pod itself", "--broker aio"}},
		"localhost":                 {load, Settings{Shards: 2, Broker: "mqtts://localhost"}, []string{"broker: in a pod localhost is the pod itself"}},
		"a socket":                  {load, Settings{Shards: 2, Broker: "unix:///run/m.sock"}, []string{"broker: pods have no socket /run/m.sock"}},
		"no shards":                 {load, Settings{Broker: "aio"}, []string{"--shards 0: want 1 or more"}},
		"more shards than clients":  {load, Settings{Shards: 309, Broker: "aio"}, []string{"308 clients cannot be shared among 309 processes"}},
		"all at once": {load + "tracing: {arm: export, exporter: embedded}\nrepeat: 2",
			Settings{OTLP: "collector:4317", Image: "my image", Namespace: "Edge_1", Results: "my/claim"},
			[]string{"load: ", "broker: embedded", "tracing.exporter: the embedded sink", "repeat: ", "--shards 0: want 1 or more", `--otlp "collector:4317" is no endpoint`,
				`--image "my image" is no image`, `--namespace "Edge_1": a lowercase RFC 1123 label`, `--results "my/claim": a lowercase RFC 1123 subdomain`}},
		"the sink by default": {load + "tracing: {arm: export}", Settings{Shards: 2, Broker: "aio"}, []string{"tracing.exporter: the embedded sink"}},
		"a file elsewhere": {strings.Replace(load, "qos: 1}", "payload: {file: "+elsewhere+"}}", 1), Settings{Shards: 2, Broker: "aio"},
			[]string{"senders.s.payload.file: no pod has " + elsewhere + "; move it into the scenario's folder"}},
		"an absolute path": {strings.Replace(load, "qos: 1}", "payload: {file: FOLDER/scenario.yaml}}", 1), Settings{Shards: 2, Broker: "aio"},
			[]string{"senders.s.payload.file: no pod has /"}},
		"a large file": {strings.Replace(load, "qos: 1}", "payload: {file: large.bin}}", 1), Settings{Shards: 2, Broker: "aio"},
			[]string{"files: payload files and certificates are 614401 bytes together, want at most 614400"}},
		"keys that are the same": {strings.Replace(load, "qos: 1}", "payload: {file: scenario.yaml}}", 1), Settings{Shards: 2, Broker: "aio"},
			[]string{"files: scenario.yaml and scenario.yaml would both be scenario.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"large.bin": strings.Repeat("x", mostPublic+1), "scenario.yaml": ""}
			_, err := write(t, test.scenario, files, test.settings)
			require.Error(t, err)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestNeed(t *testing.T) {
	decode := func(text string) *scenarios.Scenario {
		sc, err := scenarios.Decode("load.yaml", []byte(text))
		require.NoError(t, err)
		return sc
	}
	// 3,000 messages a second in, and each to eight receivers.
	assert.Equal(t, need{PerSecond: 6750, Clients: 77, KiBPerClient: 20, MilliCPU: 338, MiB: 66, LimitMiB: 256}, needOf(decode(load), 4))
	assert.Equal(t, need{PerSecond: 27, Clients: 1, KiBPerClient: 20, MilliCPU: 100, MiB: 65, LimitMiB: 256}, needOf(decode(load), 1000))
	many := "duration: 1s\nclient: paho\ntracing: {arm: record}\nsenders: [{name: s, count: 10000, rate: max, topic: t}]\n"
	assert.Equal(t, need{Clients: 5000, Unbounded: true, KiBPerClient: 80, MilliCPU: 1000, MiB: 455, LimitMiB: 910}, needOf(decode(many), 2))
}

func TestNamesOfObjects(t *testing.T) {
	for name, want := range map[string]string{
		"fan-in": "mqttrace-fan-in", "Fan_In.2": "mqttrace-fan-in-2", "a.": "mqttrace-a",
		strings.Repeat("x", 64): "mqttrace-" + strings.Repeat("x", 41),
	} {
		assert.Equal(t, want, objectName(name))
	}
}

// Whatever a text has in it, YAML gives it back.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", "true", "0x1f", "1e3", "12:30:00", "~", "- a", "--", "---", "/a/b:c", "a: b", "a #b", "a\n", "a\n\n", "\n", " a\n",
		"a\r\n", "\tb\n", "a\n  b\n\nc\n", "a\x00", "\u0085\u2028\n", "\uFEFFa\n", "$(X)", "null", "é\n", "-1", ".5", "-.inf", "n", "<<"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		var got struct{ A, B string }
		require.NoError(t, yaml.UnmarshalStrict([]byte("a: "+quoted(s)+"\nb: "+literal(2, s)+"\n"), &got), "%q", s)
		assert.Equal(t, s, got.A)
		assert.Equal(t, s, got.B)
	})
}
