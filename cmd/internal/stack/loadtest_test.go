package stack

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"mqttrace/cmd/internal/manifest"
	"mqttrace/scenarios"
)

const loadTest = "resources/kubernetes/load-test/"

// loadTestObjects are those of a load test, whether kustomize built them or the verb printed them.
type loadTestObjects struct {
	Config  corev1.ConfigMap
	Account corev1.ServiceAccount
	Service corev1.Service
	Job     batchv1.Job
}

// take decodes one object strictly into its type.
func (o *loadTestObjects) take(t *testing.T, text []byte) {
	t.Helper()
	var kind struct{ Kind string }
	require.NoError(t, yaml.Unmarshal(text, &kind))
	into := map[string]any{"ConfigMap": &o.Config, "ServiceAccount": &o.Account, "Service": &o.Service, "Job": &o.Job}[kind.Kind]
	require.NotNil(t, into, kind.Kind)
	require.NoError(t, yaml.UnmarshalStrict(text, into), string(text))
}

// builtLoadTest builds a kustomization of the load test.
func builtLoadTest(t *testing.T, dir string) loadTestObjects {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), path(loadTest, dir))
	require.NoError(t, err)
	require.Len(t, built.Resources(), 4)
	var o loadTestObjects
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		require.NoError(t, err)
		o.take(t, text)
	}
	return o
}

// printedLoadTest is what the verb prints of the same scenario for a broker, with the label that the kustomization adds.
func printedLoadTest(t *testing.T, broker string) loadTestObjects {
	t.Helper()
	file := path(loadTest, "base", "scenario.yaml")
	var sets []scenarios.Set
	if broker != "" {
		sets = append(sets, scenarios.Set{Origin: "--broker", Path: "broker", Value: manifest.BrokerURL(broker)})
	}
	sc, err := scenarios.Load(file, sets...)
	require.NoError(t, err)
	var out bytes.Buffer
	settings := manifest.Settings{Shards: 4, Image: manifest.DefaultImage, Broker: broker, OTLP: manifest.Collector}
	require.NoError(t, manifest.Write(&out, sc, file, read(t, loadTest, "base", "scenario.yaml"), settings))
	var o loadTestObjects
	for document := range strings.SplitSeq(out.String(), "\n---\n") {
		o.take(t, []byte(document+"\n"))
	}
	for _, labels := range []*map[string]string{&o.Config.Labels, &o.Account.Labels, &o.Service.Labels, &o.Job.Labels} {
		if *labels == nil {
			*labels = map[string]string{}
		}
		(*labels)["app.kubernetes.io/part-of"] = "mqttrace"
	}
	return o
}

// The overlays are what the verb prints for their broker: whoever has the binary alone lacks nothing.
func TestLoadTestOverlaysAreWhatTheVerbPrints(t *testing.T) {
	for dir, broker := range map[string]string{"base": "", "overlays/aio": "", "overlays/mosquitto": "mosquitto"} {
		t.Run(dir, func(t *testing.T) {
			printed, err := yaml.Marshal(printedLoadTest(t, broker))
			require.NoError(t, err)
			built, err := yaml.Marshal(builtLoadTest(t, dir))
			require.NoError(t, err)
			assert.Equal(t, string(printed), string(built))
		})
	}
}

// What a load test does not bring along is what the services' stack has, in the same namespace.
func TestLoadTestFitsItsStack(t *testing.T) {
	for _, test := range []struct{ dir, stack string }{{"overlays/aio", aioOverlay}, {"overlays/mosquitto", mosquittoOverlay}} {
		t.Run(test.dir, func(t *testing.T) {
			o, all := builtLoadTest(t, test.dir), kustomized(t, test.stack)
			for _, namespace := range []string{o.Config.Namespace, o.Account.Namespace, o.Service.Namespace, o.Job.Namespace} {
				assert.Equal(t, all.namespace, namespace)
			}
			pod := o.Job.Spec.Template.Spec
			assertPodHardened(t, o.Job.Name, pod)
			container := pod.Containers[0]
			assertPinned(t, container.Image)
			assert.Equal(t, o.Account.Name, pod.ServiceAccountName)
			assert.Equal(t, string(read(t, loadTest, "base", "scenario.yaml")), o.Config.Data["scenario.yaml"])
			assert.Equal(t, o.Config.Name, pod.Volumes[0].Projected.Sources[0].ConfigMap.Name)

			theirs, ours := all.environment(t, "telemetry-sender"), map[string]string{}
			for _, variable := range container.Env {
				ours[variable.Name] = variable.Value
			}
			assert.Equal(t, theirs["OTEL_EXPORTER_OTLP_ENDPOINT"], ours["OTEL_EXPORTER_OTLP_ENDPOINT"])
			assert.Equal(t, theirs["OTEL_EXPORTER_OTLP_PROTOCOL"], ours["OTEL_EXPORTER_OTLP_PROTOCOL"])
			if test.stack == aioOverlay {
				assertReachesAIO(t, all, theirs, ours, pod)
				return
			}
			i := slices.Index(container.Args, "--broker")
			require.Positive(t, i)
			assert.Equal(t, "mqtt://"+theirs["AIO_BROKER_HOSTNAME"]+":"+theirs["AIO_BROKER_TCP_PORT"], container.Args[i+1])
		})
	}
}

// assertReachesAIO says that the load reaches AIO's broker as the services do: by the same variables, with a token for the same
// audience and the same trust bundle in the same place.
func assertReachesAIO(t *testing.T, all objects, theirs, ours map[string]string, pod corev1.PodSpec) {
	t.Helper()
	for _, name := range []string{"AIO_BROKER_HOSTNAME", "AIO_BROKER_TCP_PORT", "AIO_MQTT_USE_TLS", "AIO_TLS_CA_FILE", "AIO_SAT_FILE"} {
		assert.NotEmpty(t, ours[name], name)
		assert.Equal(t, theirs[name], ours[name], name)
	}
	services := all.deployments["telemetry-sender"].Spec.Template.Spec
	assert.Equal(t, services.Volumes, pod.Volumes[2:])
	assert.Equal(t, services.Containers[0].VolumeMounts, pod.Containers[0].VolumeMounts[2:])
}
