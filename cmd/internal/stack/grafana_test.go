package stack

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type provisionedSource struct {
	Name     string         `json:"name"`
	Type     string         `json:"type"`
	UID      string         `json:"uid"`
	URL      string         `json:"url"`
	JSONData map[string]any `json:"jsonData"`
}

func sources(t *testing.T) map[string]provisionedSource {
	t.Helper()
	file := decodeLoosely[struct {
		Datasources []provisionedSource `json:"datasources"`
	}](t, "resources/grafana/datasources.yaml")
	all := map[string]provisionedSource{}
	for _, source := range file.Datasources {
		all[source.UID] = source
	}
	return all
}

func TestDataSources(t *testing.T) {
	all := sources(t)
	for uid, url := range map[string]string{"prometheus": "http://127.0.0.1:9090", "tempo": "http://127.0.0.1:3200", "loki": "http://127.0.0.1:3100"} {
		require.Contains(t, all, uid)
		assert.Equal(t, uid, all[uid].Type)
		assert.Equal(t, url, all[uid].URL)
	}
	// Every link from one data source into another leads to one that is there.
	var follow func(value any)
	follow = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, v := range value {
				if key == "datasourceUid" {
					assert.Contains(t, all, v)
				}
				follow(v)
			}
		case []any:
			for _, v := range value {
				follow(v)
			}
		}
	}
	for _, source := range all {
		follow(source.JSONData)
	}
}

// TestShortRunsAreShown: rates look back four times the data source's interval, which must hold several exports.
func TestShortRunsAreShown(t *testing.T) {
	interval, err := time.ParseDuration(sources(t)["prometheus"].JSONData["timeInterval"].(string))
	require.NoError(t, err)
	assert.LessOrEqual(t, 4*interval, 30*time.Second, "a run of two minutes")
	for _, service := range composed(t).Services {
		if export := service.Environment["OTEL_METRIC_EXPORT_INTERVAL"]; export != nil {
			every, err := time.ParseDuration(*export + "ms")
			require.NoError(t, err)
			assert.LessOrEqual(t, every, interval, service.Name)
		}
	}
}

// TestExemplarsOpenTraces: whichever label a trace id comes under, it leads to Tempo; and Tempo, asked to make metrics, uses
// the one that OTLP has.
func TestExemplarsOpenTraces(t *testing.T) {
	var labels []string
	for _, destination := range sources(t)["prometheus"].JSONData["exemplarTraceIdDestinations"].([]any) {
		d := destination.(map[string]any)
		assert.Equal(t, "tempo", d["datasourceUid"])
		labels = append(labels, d["name"].(string))
	}
	assert.Contains(t, labels, "trace_id")

	tempo := decodeLoosely[struct {
		Overrides struct {
			Defaults struct {
				Generator struct {
					Processors []string `json:"processors"`
					Label      string   `json:"trace_id_label_name"`
				} `json:"metrics_generator"`
			} `json:"defaults"`
		} `json:"overrides"`
	}](t, "resources/grafana/tempo-config.yaml").Overrides.Defaults.Generator
	assert.Equal(t, "trace_id", tempo.Label)
	assert.Empty(t, tempo.Processors, "the collector makes these metrics already")
}

// TestTraceToMetrics: the queries behind a span's links use what is emitted, too.
func TestTraceToMetrics(t *testing.T) {
	known := exposed(t)
	queries := sources(t)["tempo"].JSONData["tracesToMetrics"].(map[string]any)["queries"].([]any)
	require.NotEmpty(t, queries)
	for _, q := range queries {
		// Provisioning has $$ for $; $__tags is the span's attributes as the data source maps them.
		query := strings.NewReplacer("$$", "$", "$$__tags", `service_name="x"`).Replace(q.(map[string]any)["query"].(string))
		known.checkPromQL(t, strings.ReplaceAll(query, "$__tags", `service_name="x"`), "")
	}
}

// TestDashboardsAreProvisioned follows the provider's path to where compose mounts the dashboards, the home page included.
func TestDashboardsAreProvisioned(t *testing.T) {
	provider := decodeLoosely[struct {
		Providers []struct {
			Options struct {
				Path string `json:"path"`
			} `json:"options"`
		} `json:"providers"`
	}](t, "resources/grafana/dashboards.yaml").Providers[0].Options.Path
	grafana := composed(t).Services["grafana-otel"]
	var mounted string
	for _, volume := range grafana.Volumes {
		if volume.Target == provider {
			mounted = volume.Source
		}
	}
	require.NotEmpty(t, mounted, "the provider reads %s, and nothing is mounted there", provider)
	home := *grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
	assert.FileExists(t, strings.Replace(home, provider, mounted, 1))
}
