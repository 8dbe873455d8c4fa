package stack

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const (
	aioOverlay       = "resources/kubernetes/base"
	mosquittoOverlay = "resources/kubernetes/overlays/mosquitto"

	// trustBundle is what an AIO cluster has beside the broker, and these manifests have not.
	trustBundle = "azure-iot-operations-aio-ca-trust-bundle"
)

// objects are the manifests of a kustomization, by their names.
type objects struct {
	deployments map[string]*appsv1.Deployment
	services    map[string]*corev1.Service
	accounts    map[string]*corev1.ServiceAccount
	configs     map[string]*corev1.ConfigMap
	namespaces  map[string]*corev1.Namespace
	// namespace is the one that every object but a Namespace is in.
	namespace string
}

// kustomized builds a kustomization as `kubectl apply -k` does and decodes each object strictly into its type.
func kustomized(t *testing.T, dir string) objects {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), path(dir))
	require.NoError(t, err)
	all := objects{map[string]*appsv1.Deployment{}, map[string]*corev1.Service{}, map[string]*corev1.ServiceAccount{},
		map[string]*corev1.ConfigMap{}, map[string]*corev1.Namespace{}, ""}
	for _, resource := range built.Resources() {
		text, err := resource.AsYAML()
		require.NoError(t, err)
		name := resource.GetName()
		switch kind := resource.GetGvk().String(); kind {
		case "Deployment.v1.apps":
			all.deployments[name] = strict[appsv1.Deployment](t, text)
		case "Service.v1.[noGrp]":
			all.services[name] = strict[corev1.Service](t, text)
		case "ServiceAccount.v1.[noGrp]":
			all.accounts[name] = strict[corev1.ServiceAccount](t, text)
		case "ConfigMap.v1.[noGrp]":
			all.configs[name] = strict[corev1.ConfigMap](t, text)
		case "Namespace.v1.[noGrp]":
			all.namespaces[name] = strict[corev1.Namespace](t, text)
			continue
		default:
			require.Fail(t, "no type for it", "%s %s", kind, name)
		}
		if all.namespace == "" {
			all.namespace = resource.GetNamespace()
		}
		assert.Equal(t, all.namespace, resource.GetNamespace(), name)
	}
	return all
}

// strict decodes one object and refuses keys that its type does not have.
func strict[T any](t *testing.T, text []byte) *T {
	t.Helper()
	var object T
	require.NoError(t, yaml.UnmarshalStrict(text, &object), string(text))
	return &object
}

func TestStrictDecodingRefusesMisspelledKeys(t *testing.T) {
	text := "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {serviceAcountName: x}}}\n"
	require.ErrorContains(t, yaml.UnmarshalStrict([]byte(text), &appsv1.Deployment{}), "serviceAcountName")
}

func TestKubernetesObjects(t *testing.T) {
	for _, test := range []struct {
		dir, namespace string
		deployments    []string
		namespaces     int
	}{
		// Deleting the base must not delete the namespace of AIO, so that is not among the objects.
		{aioOverlay, "azure-iot-operations", []string{"telemetry-sender", "telemetry-receiver", "telemetry-collector", "telemetry-grafana"}, 0},
		{mosquittoOverlay, "mqttrace", []string{"telemetry-sender", "telemetry-receiver", "telemetry-collector", "telemetry-grafana", "mosquitto-broker"}, 1},
	} {
		t.Run(test.namespace, func(t *testing.T) {
			all := kustomized(t, test.dir)
			assert.Equal(t, test.namespace, all.namespace)
			assert.Len(t, all.namespaces, test.namespaces)
			assert.Len(t, all.deployments, len(test.deployments))
			for _, name := range test.deployments {
				deployment := all.deployments[name]
				require.NotNil(t, deployment, name)
				all.assertReferences(t, deployment)
				assertPodHardened(t, name, deployment.Spec.Template.Spec)
				assertProbed(t, deployment)
			}
			all.assertServices(t)
		})
	}
}

// assertReferences looks for everything that a pod names and somebody else defines.
func (all objects) assertReferences(t *testing.T, d *appsv1.Deployment) {
	t.Helper()
	pod := d.Spec.Template.Spec
	assert.Contains(t, all.accounts, pod.ServiceAccountName, d.Name)
	for name, value := range d.Spec.Selector.MatchLabels {
		assert.Equal(t, value, d.Spec.Template.Labels[name], d.Name)
	}
	var volumes []string
	for _, volume := range pod.Volumes {
		volumes = append(volumes, volume.Name)
		if source := volume.ConfigMap; source != nil && source.Name != trustBundle {
			assert.Contains(t, all.configs, source.Name, d.Name)
		}
	}
	for _, container := range pod.Containers {
		assertPinned(t, container.Image)
		for _, mount := range container.VolumeMounts {
			assert.Contains(t, volumes, mount.Name, d.Name)
			all.assertSubPath(t, pod, mount)
		}
		for _, from := range container.EnvFrom {
			if from.ConfigMapRef != nil {
				assert.Contains(t, all.configs, from.ConfigMapRef.Name, d.Name)
			}
			if from.SecretRef != nil {
				assert.True(t, *from.SecretRef.Optional, "%s: no secret comes with these manifests", d.Name)
			}
		}
	}
}

// assertSubPath looks for a file that is mounted by itself in its ConfigMap.
func (all objects) assertSubPath(t *testing.T, pod corev1.PodSpec, mount corev1.VolumeMount) {
	t.Helper()
	if mount.SubPath == "" {
		return
	}
	i := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
	require.GreaterOrEqual(t, i, 0)
	require.NotNil(t, pod.Volumes[i].ConfigMap, "%s would not be renewed in the pod", mount.Name)
	assert.Contains(t, all.configs[pod.Volumes[i].ConfigMap.Name].Data, mount.SubPath)
}

// assertPodHardened is what the restricted pod security standard asks of the pods of a deployment or a job. Grafana's image is not
// ours, and runs as root.
func assertPodHardened(t *testing.T, name string, pod corev1.PodSpec) {
	t.Helper()
	assert.False(t, *pod.AutomountServiceAccountToken, "%s has no use for the API", name)
	assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, name)
	for _, container := range pod.Containers {
		assert.False(t, *container.SecurityContext.AllowPrivilegeEscalation, name)
		assert.NotEmpty(t, container.Resources.Requests, name)
		assert.NotEmpty(t, container.Resources.Limits, name)
		if name == "telemetry-grafana" {
			continue
		}
		assert.True(t, *pod.SecurityContext.RunAsNonRoot, name)
		assert.NotZero(t, *pod.SecurityContext.RunAsUser, name)
		assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem, name)
		assert.Equal(t, []corev1.Capability{"ALL"}, container.SecurityContext.Capabilities.Drop, name)
	}
}

// assertProbed says that every container has both probes, and that what they ask for is there: a port by its name.
func assertProbed(t *testing.T, d *appsv1.Deployment) {
	t.Helper()
	for _, container := range d.Spec.Template.Spec.Containers {
		for which, probe := range map[string]*corev1.Probe{"liveness": container.LivenessProbe, "readiness": container.ReadinessProbe} {
			if !assert.NotNil(t, probe, "%s: %s", d.Name, which) {
				continue
			}
			if probe.HTTPGet != nil {
				assert.True(t, hasPort(container, probe.HTTPGet.Port.StrVal), "%s: %s", d.Name, which)
			}
			if probe.TCPSocket != nil {
				assert.True(t, hasPort(container, probe.TCPSocket.Port.StrVal), "%s: %s", d.Name, which)
			}
		}
	}
}

func hasPort(container corev1.Container, name string) bool {
	return slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.Name == name })
}

// assertServices says that each service selects one deployment, which has the ports.
func (all objects) assertServices(t *testing.T) {
	t.Helper()
	for name, service := range all.services {
		deployment := all.deployments[service.Spec.Selector["app.kubernetes.io/name"]]
		if !assert.NotNil(t, deployment, name) {
			continue
		}
		for _, port := range service.Spec.Ports {
			assert.True(t, hasPort(deployment.Spec.Template.Spec.Containers[0], port.TargetPort.StrVal), "%s: %s", name, port.Name)
		}
	}
}

// environment is what a deployment's first container gets, ConfigMaps and then its own, as the kubelet lays them.
func (all objects) environment(t *testing.T, deployment string) map[string]string {
	t.Helper()
	env := map[string]string{}
	container := all.deployments[deployment].Spec.Template.Spec.Containers[0]
	for _, from := range container.EnvFrom {
		if from.ConfigMapRef != nil {
			for name, value := range all.configs[from.ConfigMapRef.Name].Data {
				env[name] = value
			}
		}
	}
	for _, variable := range container.Env {
		env[variable.Name] = variable.Value
	}
	return env
}

func TestKubernetesOnAIO(t *testing.T) {
	all := kustomized(t, aioOverlay)
	for _, name := range []string{"sender", "receiver"} {
		t.Run(name, func(t *testing.T) {
			deployment := all.deployments["telemetry-"+name]
			pod := deployment.Spec.Template.Spec
			require.Len(t, pod.Volumes, 2)
			token := pod.Volumes[0].Projected.Sources[0].ServiceAccountToken
			require.NotNil(t, token)
			assert.Equal(t, "aio-internal", token.Audience)
			assert.GreaterOrEqual(t, *token.ExpirationSeconds, int64(600), "Kubernetes takes no less")
			assert.Equal(t, trustBundle, pod.Volumes[1].ConfigMap.Name)

			tokens, certs := pod.Containers[0].VolumeMounts[0], pod.Containers[0].VolumeMounts[1]
			for _, mount := range []corev1.VolumeMount{tokens, certs} {
				assert.Empty(t, mount.SubPath, "a single file is not renewed")
				assert.True(t, mount.ReadOnly)
			}
			env := all.environment(t, "telemetry-"+name)
			assert.Equal(t, "aio-broker", env["AIO_BROKER_HOSTNAME"])
			assert.Equal(t, "18883", env["AIO_BROKER_TCP_PORT"])
			assert.Equal(t, "true", env["AIO_MQTT_USE_TLS"])
			assert.Equal(t, tokens.MountPath+"/"+token.Path, env["AIO_SAT_FILE"])
			assert.Equal(t, certs.MountPath+"/ca.crt", env["AIO_TLS_CA_FILE"])
			assertService(t, all, name)
		})
	}
}

func TestKubernetesOnMosquitto(t *testing.T) {
	all := kustomized(t, mosquittoOverlay)
	for _, name := range []string{"sender", "receiver"} {
		t.Run(name, func(t *testing.T) {
			pod := all.deployments["telemetry-"+name].Spec.Template.Spec
			assert.Empty(t, pod.Volumes)
			assert.Empty(t, pod.Containers[0].VolumeMounts)
			env := all.environment(t, "telemetry-"+name)
			assert.Contains(t, all.services, env["AIO_BROKER_HOSTNAME"])
			assert.Equal(t, "1883", env["AIO_BROKER_TCP_PORT"])
			assert.Equal(t, "false", env["AIO_MQTT_USE_TLS"])
			assert.NotContains(t, env, "AIO_SAT_FILE")
			assert.NotContains(t, env, "AIO_TLS_CA_FILE")
			assertService(t, all, name)
		})
	}
}

// assertService is what sender and receiver have alike wherever they run.
func assertService(t *testing.T, all objects, name string) {
	t.Helper()
	deployment := all.deployments["telemetry-"+name]
	env := all.environment(t, deployment.Name)
	assert.Equal(t, "telemetry-"+name, env["AIO_MQTT_CLIENT_ID"])
	assert.Equal(t, "telemetry."+name, env["OTEL_SERVICE_NAME"])
	assert.Equal(t, "sample/telemetry", env["TOPIC"])
	assert.Equal(t, "http://telemetry-collector:4317", env["OTEL_EXPORTER_OTLP_ENDPOINT"])
	assert.Contains(t, all.services, "telemetry-collector")

	assert.Equal(t, int32(1), *deployment.Spec.Replicas)
	assert.Equal(t, appsv1.RecreateDeploymentStrategyType, deployment.Spec.Strategy.Type, "two pods would take each other's session")
	container := deployment.Spec.Template.Spec.Containers[0]
	assert.Equal(t, "/livez", container.LivenessProbe.HTTPGet.Path)
	assert.Equal(t, "/readyz", container.ReadinessProbe.HTTPGet.Path)
	assert.Equal(t, fmt.Sprintf("0.0.0.0:%d", container.Ports[0].ContainerPort), env["HEALTH_ADDR"])
}

// TestKubernetesMountsTheSameFiles: the cluster has the configuration that compose has, and not a copy of it.
func TestKubernetesMountsTheSameFiles(t *testing.T) {
	all := kustomized(t, mosquittoOverlay)
	files := map[string]string{}
	for _, config := range all.configs {
		for name, text := range config.Data {
			files[name] = text
		}
	}
	for name, file := range map[string]string{
		"otel-collector-config.yaml": "resources/collector/otel-collector-config.yaml",
		"azure-monitor.yaml":         "resources/collector/azure-monitor.yaml",
		"mosquitto.conf":             "resources/mosquitto/mosquitto.conf",
		"mqtt-tracing.json":          "resources/grafana/dashboards/mqtt-tracing.json",
		"load-test.json":             "resources/grafana/dashboards/load-test.json",
	} {
		assert.Equal(t, string(read(t, file)), files[name], name)
	}
	upstream := all.environment(t, "telemetry-collector")["UPSTREAM_OTLP_ENDPOINT"]
	assert.Equal(t, "http://telemetry-grafana:4317", upstream)
}
