package stack

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	tlsOverride   = "resources/mosquitto/compose-tls.yaml"
	azureOverride = "resources/collector/compose-azure.yaml"
)

// compose loads docker-compose.yaml and overrides of it as `docker compose` does, with every profile.
func compose(t *testing.T, env types.Mapping, overrides ...string) (*types.Project, error) {
	t.Helper()
	dir, err := filepath.Abs(root)
	require.NoError(t, err)
	details := types.ConfigDetails{WorkingDir: dir, Environment: env}
	for _, file := range append([]string{"docker-compose.yaml"}, overrides...) {
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: filepath.Join(dir, file)})
	}
	return loader.LoadWithContext(t.Context(), details, loader.WithProfiles([]string{"*"}))
}

func composed(t *testing.T, overrides ...string) *types.Project {
	t.Helper()
	project, err := compose(t, nil, overrides...)
	require.NoError(t, err)
	return project
}

func TestComposeHasTheStack(t *testing.T) {
	project := composed(t)
	assert.Equal(t, "mqttrace", project.Name)
	assert.ElementsMatch(t, project.ServiceNames(),
		[]string{"mosquitto-broker", "sender", "receiver", "otel-collector", "grafana-otel", "bench"})
	assert.Len(t, project.Networks, 1)

	everyday, err := project.WithProfiles(nil)
	require.NoError(t, err)
	assert.NotContains(t, everyday.ServiceNames(), "bench", "a scenario runs only when it is asked for")
	assert.Len(t, everyday.ServiceNames(), 5)
}

// TestComposeDefaults holds the environment of the services against the documented tables.
func TestComposeDefaults(t *testing.T) {
	for service, want := range map[string]map[string]string{
		"sender":   {"AIO_MQTT_CLIENT_ID": "telemetry-sender", "OTEL_SERVICE_NAME": "telemetry.sender"},
		"receiver": {"AIO_MQTT_CLIENT_ID": "telemetry-receiver", "OTEL_SERVICE_NAME": "telemetry.receiver"},
	} {
		t.Run(service, func(t *testing.T) {
			got := composed(t).Services[service].Environment.Resolve(func(string) (string, bool) { return "", false })
			want["AIO_BROKER_HOSTNAME"] = "mosquitto-broker"
			want["AIO_BROKER_TCP_PORT"] = "1883"
			want["AIO_MQTT_USE_TLS"] = "false"
			want["TOPIC"] = "sample/telemetry"
			want["LOG_LEVEL"] = "" // as if it were not set
			want["RUST_LOG"] = "info"
			want["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://otel-collector:4317"
			want["OTEL_METRIC_EXPORT_INTERVAL"] = "5000"
			for name, value := range want {
				if assert.NotNil(t, got[name], name) {
					assert.Equal(t, value, *got[name], name)
				}
			}
		})
	}
}

func TestComposeTakesSettingsFromTheEnvironment(t *testing.T) {
	project, err := compose(t, types.Mapping{"TOPIC": "plant/7/temperature", "LOG_LEVEL": "debug", "SCENARIO": "scenarios/fan-in.yaml"})
	require.NoError(t, err)
	for _, service := range []string{"sender", "receiver"} {
		assert.Equal(t, "plant/7/temperature", *project.Services[service].Environment["TOPIC"])
		assert.Equal(t, "debug", *project.Services[service].Environment["LOG_LEVEL"])
	}
	assert.Contains(t, project.Services["bench"].Command, "scenarios/fan-in.yaml")
}

// TestComposeServices is what holds of every service, with and without overrides.
func TestComposeServices(t *testing.T) {
	azure := types.Mapping{"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=0"}
	for name, overrides := range map[string][]string{
		"plain": nil, "TLS": {tlsOverride}, "Azure": {azureOverride}, "TLS and Azure": {tlsOverride, azureOverride},
	} {
		t.Run(name, func(t *testing.T) {
			project, err := compose(t, azure, overrides...)
			require.NoError(t, err)
			for _, service := range project.Services {
				assertPinned(t, service.Image)
				assertLoopback(t, service)
				assertMountsExist(t, service)
				assertRestarts(t, service)
				assertDependencies(t, project, service)
				assert.Equal(t, []string{"telemetry"}, service.NetworksByPriority(), service.Name)
			}
		})
	}
}

func assertLoopback(t *testing.T, service types.ServiceConfig) {
	t.Helper()
	for _, port := range service.Ports {
		assert.Equal(t, "127.0.0.1", port.HostIP, "%s publishes %s to every network", service.Name, port.Published)
	}
}

// assertMountsExist looks for what is mounted; what certificates.sh makes is there only after somebody ran it.
func assertMountsExist(t *testing.T, service types.ServiceConfig) {
	t.Helper()
	dir, err := filepath.Abs(root)
	require.NoError(t, err)
	for _, mount := range service.Volumes {
		if mount.Type != types.VolumeTypeBind {
			continue
		}
		assert.True(t, mount.ReadOnly, "%s may change %s", service.Name, mount.Source)
		inside, err := filepath.Rel(dir, mount.Source)
		require.NoError(t, err)
		assert.False(t, strings.HasPrefix(inside, ".."), "%s mounts %s", service.Name, mount.Source)
		if strings.HasPrefix(inside, "resources/mosquitto/certs") {
			continue
		}
		assert.FileExists(t, dropFolder(mount.Source), service.Name)
	}
}

// dropFolder is the path itself, or the first file of a folder: a folder without any is a mistake too.
func dropFolder(path string) string {
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) == 0 {
		return path
	}
	return filepath.Join(path, entries[0].Name())
}

func assertRestarts(t *testing.T, service types.ServiceConfig) {
	t.Helper()
	want := types.RestartPolicyUnlessStopped
	if slices.Contains(service.Profiles, "bench") {
		want = types.RestartPolicyNo
	}
	assert.Equal(t, want, service.Restart, service.Name)
}

// assertDependencies says that nobody waits for the health of a service that has no check for it.
func assertDependencies(t *testing.T, project *types.Project, service types.ServiceConfig) {
	t.Helper()
	for name, dependency := range service.DependsOn {
		if dependency.Condition == types.ServiceConditionHealthy {
			assert.NotNil(t, project.Services[name].HealthCheck, "%s waits for the health of %s", service.Name, name)
		}
	}
}

// TestComposeHealthChecks names for each service what its image has to check with.
func TestComposeHealthChecks(t *testing.T) {
	want := map[string]string{
		"mosquitto-broker": "mosquitto_sub", // the image has Mosquitto's clients
		"sender":           "/sender",
		"receiver":         "/receiver",
		"otel-collector":   "", // nothing but the collector in it
		"grafana-otel":     "curl",
		"bench":            "",
	}
	for _, service := range composed(t).Services {
		if want[service.Name] == "" {
			assert.Nil(t, service.HealthCheck, service.Name)
			continue
		}
		if !assert.NotNil(t, service.HealthCheck, service.Name) {
			continue
		}
		test := service.HealthCheck.Test
		require.GreaterOrEqual(t, len(test), 2, service.Name)
		assert.Equal(t, "CMD", test[0], "%s: a shell need not be there", service.Name)
		assert.Equal(t, want[service.Name], test[1], service.Name)
		assert.Less(t, *service.HealthCheck.Timeout, types.Duration(*service.HealthCheck.Interval)+1, service.Name)
	}
}

// TestComposeOwnImages looks at the services that are built here: each from a target that exists, its health check the binary
// that the target has, locked down.
func TestComposeOwnImages(t *testing.T) {
	targets := dockerfile(t)
	for _, service := range composed(t).Services {
		if service.Build == nil {
			continue
		}
		target, ok := targets[service.Build.Target]
		if !assert.True(t, ok, "%s is built from %s", service.Name, service.Build.Target) {
			continue
		}
		if check := service.HealthCheck; check != nil {
			assert.Equal(t, []string{"CMD", target.entrypoint, "healthcheck"}, []string(check.Test), service.Name)
		}
		assert.True(t, service.ReadOnly, service.Name)
		assert.Equal(t, []string{"ALL"}, service.CapDrop, service.Name)
		require.NotNil(t, service.StopGracePeriod, service.Name)
	}
}

// TestComposeCollectorConfiguration follows each --config of the collector's command to a file in this repository.
func TestComposeCollectorConfiguration(t *testing.T) {
	_, err := compose(t, nil, azureOverride)
	require.ErrorContains(t, err, "APPLICATIONINSIGHTS_CONNECTION_STRING", "without a connection string there is nothing to start")

	project, err := compose(t, types.Mapping{"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=0"}, azureOverride)
	require.NoError(t, err)
	service := project.Services["otel-collector"]
	require.Len(t, service.Command, 2)
	for _, arg := range service.Command {
		file := strings.TrimPrefix(arg, "--config=")
		assert.True(t, slices.ContainsFunc(service.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == file }), arg)
	}
}

// TestComposeBenchRunsAScenario looks for the scenario of the bench profile, in the image and in this repository.
func TestComposeBenchRunsAScenario(t *testing.T) {
	command := composed(t).Services["bench"].Command
	scenario := command[len(command)-1]
	assert.FileExists(t, path(scenario))
	assert.True(t, strings.HasPrefix(scenario, "scenarios/"), "the image has no other")
	assert.Contains(t, command, "mqtt://mosquitto-broker:1883")
}

// TestComposeOverTLS looks for each file that a setting names among the mounts.
func TestComposeOverTLS(t *testing.T) {
	project := composed(t, tlsOverride)
	for _, name := range []string{"sender", "receiver"} {
		service := project.Services[name]
		assert.Equal(t, "true", *service.Environment["AIO_MQTT_USE_TLS"], name)
		for variable, value := range service.Environment {
			if !strings.HasPrefix(variable, "AIO_") || !strings.HasSuffix(variable, "_FILE") {
				continue
			}
			mounted := slices.ContainsFunc(service.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == *value })
			assert.True(t, mounted, "%s: %s=%s is not mounted", name, variable, *value)
		}
	}
	for _, port := range project.Services["mosquitto-broker"].Ports {
		assert.Contains(t, []string{"8883", "8884"}, port.Published, "nothing unencrypted is published")
	}
}
