package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/cmd/internal/manifest"
	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/otlp"
	"mqttrace/load/result"
)

// job is the part of a manifest that a kubelet runs, with what stands for the cluster here.
type job struct {
	config    corev1.ConfigMap
	container corev1.Container
	shards    int
	dir       string            // of the volumes
	here      map[string]string // what is here, by what it is in the cluster
}

// printedJob prints the manifest of a scenario and reads it.
func printedJob(t *testing.T, scenario string, args ...string) job {
	t.Helper()
	s := newShell(t, nil)
	s.args = append([]string{"k8s", "manifest", s.file(t, "load.yaml", scenario)}, args...)
	require.Zero(t, run(s.world), s.stderr.String())
	var j job
	var object batchv1.Job
	for document := range strings.SplitSeq(s.stdout.String(), "\n---\n") {
		switch {
		case strings.Contains(document, "\nkind: ConfigMap\n"):
			require.NoError(t, yaml.UnmarshalStrict([]byte(document+"\n"), &j.config))
		case strings.Contains(document, "\nkind: Job\n"):
			require.NoError(t, yaml.UnmarshalStrict([]byte(document+"\n"), &object))
		}
	}
	require.Len(t, object.Spec.Template.Spec.Containers, 1)
	j.container, j.shards, j.dir = object.Spec.Template.Spec.Containers[0], int(*object.Spec.Completions), t.TempDir()
	j.here = map[string]string{}
	for _, mount := range j.container.VolumeMounts {
		j.here[mount.MountPath] = filepath.Join(j.dir, mount.Name)
		require.NoError(t, os.Mkdir(j.here[mount.MountPath], 0o700))
	}
	for name, text := range j.config.Data {
		require.NoError(t, os.WriteFile(filepath.Join(j.here["/scenario"], name), []byte(text), 0o600))
	}
	return j
}

// localized is a value of the manifest, a path or a URL, as it is here.
func (j job) localized(value string) string {
	for there, here := range j.here {
		if rest, ok := strings.CutPrefix(value, there); ok && (rest == "" || rest[0] == '/') {
			return here + rest
		}
	}
	return value
}

// environment is what the container of a pod gets, by name.
func (j job) environment(index int) map[string]string {
	env := map[string]string{"JOB_COMPLETION_INDEX": fmt.Sprint(index)} // as the Job controller sets it
	fields := map[string]string{
		"metadata.labels['batch.kubernetes.io/controller-uid']": "5d8c2f6e-6f0a-4c1b-9a53-1c6a4c9d2b10",
		"metadata.name": fmt.Sprintf("%s-%d-x7f2k", j.config.Name, index),
	}
	for _, v := range j.container.Env {
		if v.ValueFrom != nil {
			env[v.Name] = fields[v.ValueFrom.FieldRef.FieldPath]
			continue
		}
		env[v.Name] = j.localized(expand(v.Value, env))
	}
	return env
}

// expand replaces $(NAME) by what the environment has, and $$ by $, as the kubelet does.
func expand(value string, env map[string]string) string {
	const dollar = "\x00"
	value = strings.ReplaceAll(value, "$$", dollar)
	for name, is := range env {
		value = strings.ReplaceAll(value, "$("+name+")", is)
	}
	return strings.ReplaceAll(value, dollar, "$")
}

// pod is a process that stands for one.
type pod struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// start starts the container of each pod as a process.
func (j job) start(ctx context.Context, t *testing.T, metrics []string) []*pod {
	t.Helper()
	pods := make([]*pod, j.shards)
	for i := range pods {
		env := j.environment(i)
		var args []string
		for _, arg := range j.container.Args {
			if arg == ":9464" {
				arg = metrics[i] // pods have that port each to itself
			}
			args = append(args, j.localized(expand(arg, env)))
		}
		p := &pod{cmd: exec.CommandContext(ctx, "mqttrace", args...)}
		p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
		p.cmd.Env = append(os.Environ(), "GORACE="+raceOptions)
		for name, value := range env {
			p.cmd.Env = append(p.cmd.Env, name+"="+value)
		}
		require.NoError(t, p.cmd.Start())
		pods[i] = p
	}
	return pods
}

// The command of the manifest's container, run as often as there are pods: they share the load, shard 0 says what it came to, and
// its exit code is that of the run.
func TestTheContainersOfAManifestRunTheLoad(t *testing.T) {
	t.Run("collected over the broker", func(t *testing.T) { testContainers(t) })
	t.Run("collected from a claim", func(t *testing.T) { testContainers(t, "--results", "runs") })
}

func testContainers(t *testing.T, args ...string) {
	t.Helper()
	mosquitto, err := broker.StartMosquitto(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, mosquitto.Stop(context.Background())) })
	var mu sync.Mutex
	exported := map[string]bool{} // by shard
	collector, err := otlp.Listen(otlp.Config{GRPC: "127.0.0.1:0", Handler: otlp.Handler{
		Metrics: func(_ context.Context, q *metricspb.ExportMetricsServiceRequest) error {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range q.ResourceMetrics {
				for _, attribute := range m.Resource.Attributes {
					if attribute.Key == "k8s.pod.name" {
						exported[attribute.Value.GetStringValue()] = true
					}
				}
			}
			return nil
		},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, collector.Close()) })

	j := printedJob(t, `
name: fleet
broker: embedded
warmup: 500ms
duration: 3s
senders: [{name: s, count: 10, rate: 20/s, topic: "fleet/{sender}", qos: 1}]
receivers: [{name: r, count: 3, filter: fleet/+, qos: 1}]
thresholds: [delivery.lost == 0]
`, append(args, "--shards", "4", "--broker", "mosquitto", "--set", "senders.s.rate=25/s")...)
	j.here[manifest.Mosquitto] = "mqtt://" + mosquitto.Addr()
	j.here[manifest.Collector] = "http://" + collector.GRPCAddr()
	metrics := []string{brokertest.FreeAddress(t), "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	pods := j.start(ctx, t, metrics)
	served := make(chan string, 1)
	scraping, scraped := context.WithCancel(ctx)
	go func() { served <- scrape(scraping, "http://"+metrics[0]+"/metrics") }()
	for i, p := range pods {
		_ = p.cmd.Wait()
		// A machine that is busy with other tests may make a share late, which is invalid and no failure of the command.
		assert.Contains(t, []int{exitcode.Pass, exitcode.Invalid}, p.cmd.ProcessState.ExitCode(), "shard %d: %s%s", i, &p.stdout, &p.stderr)
	}
	scraped()
	assert.Contains(t, <-served, "mqttrace_messages_sent_total", "of shard 0")
	assert.Len(t, exported, 4, "every shard exports its metrics")

	files, err := filepath.Glob(filepath.Join(j.here["/results"], "fleet-2*Z.json"))
	require.NoError(t, err)
	require.Len(t, files, 1, "the result of all")
	text, err := os.Open(files[0])
	require.NoError(t, err)
	whole, err := result.Decode(text)
	require.NoError(t, err)
	require.NoError(t, text.Close())
	assert.Equal(t, exitcode.OfVerdict(whole.Verdict), pods[0].cmd.ProcessState.ExitCode())
	assert.Regexp(t, "^$|did not keep up", whole.Reason)
	assert.Contains(t, pods[0].stdout.String(), strings.ToUpper(string(whole.Verdict))+"  ")
	require.Len(t, whole.Shards, 4)
	const messages = 10 * 25 * 3
	assert.Equal(t, uint64(messages), whole.Arms[0].Sent)
	assert.Equal(t, uint64(3*messages), whole.Arms[0].Received)
	assert.Zero(t, whole.Arms[0].Delivery.Lost)
	for i, s := range whole.Shards {
		assert.Equal(t, i, s.Index)
		assert.Equal(t, "5d8c2f6e-6f0a-4c1b-9a53-1c6a4c9d2b10", s.Run)
	}
}

// scrape asks until there are metrics, or ctx ends.
func scrape(ctx context.Context, url string) string {
	defer http.DefaultClient.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			return ""
		case <-time.After(100 * time.Millisecond):
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err.Error()
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // the process is not there yet
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if strings.Contains(string(text), "mqttrace_messages_sent_total") {
			return string(text)
		}
	}
}
