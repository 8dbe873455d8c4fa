package reports_test

import (
	"bytes"
	"encoding/csv"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

func readCSV(t *testing.T, format string, all ...reports.Saved) [][]string {
	t.Helper()
	text := renderAs(t, format, all...)
	assert.Equal(t, bytes.Count(text, []byte("\n")), bytes.Count(text, []byte("\r\n")), "lines end with CRLF")
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll() // which insists on as many cells in each row
	require.NoError(t, err)
	return rows
}

func TestCSVHasARowForEachFigure(t *testing.T) {
	rows := readCSV(t, "csv", fixtures()["several"]...)
	seen := map[string]string{}
	for _, r := range rows[1:] {
		key := strings.Join([]string{r[0], r[3], r[4]}, " ")
		assert.NotContains(t, seen, key)
		seen[key] = r[6]
		_, err := strconv.ParseFloat(r[6], 64)
		assert.NoError(t, err)
	}
	assert.Equal(t, "1203456", seen["a.json record response.p99"])
	assert.Equal(t, "153", seen["b.json record delivery.lost"])
	assert.Contains(t, seen, "c.json export cost.cpu_per_message")
}

func TestCSVHasTheStepsOfASweep(t *testing.T) {
	steps := map[string]bool{}
	for _, r := range readCSV(t, "csv", unsaved(stepped()))[1:] {
		steps[r[7]] = true
	}
	assert.Equal(t, map[string]bool{"": true, "100/s sweep": true, "1000/s sweep": true, "10000/s sweep": true}, steps)
}

func TestCSVSeriesHasARowForEachSecond(t *testing.T) {
	assert.Len(t, readCSV(t, "csv-series", unsaved(huge())), 10_001)
	assert.Len(t, readCSV(t, "csv-series", unsaved(arms("off", "export"))), 41, "slices of two arms")
	assert.Len(t, readCSV(t, "csv-series", unsaved(nothing())), 1)
}

func TestCSVSeriesHasAllThatAPointHas(t *testing.T) {
	headings := readCSV(t, "csv-series")[0]
	for i := range reflect.TypeFor[result.Point]().NumField() {
		f := reflect.TypeFor[result.Point]().Field(i)
		if f.Type.Kind() == reflect.Pointer {
			continue // the bins of a heat map are no number
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		assert.Contains(t, headings, name)
	}
}

func TestCSVSeriesPutsEachFieldUnderItsHeading(t *testing.T) {
	r := passed()
	var p result.Point
	v := reflect.ValueOf(&p).Elem()
	want := map[string]string{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		switch f := v.Field(i); f.Kind() {
		case reflect.Int64:
			f.SetInt(int64(100 + i))
		case reflect.Uint64:
			f.SetUint(uint64(100 + i))
		case reflect.Float64:
			f.SetFloat(float64(100 + i))
		default:
			continue
		}
		want[name] = strconv.Itoa(100 + i)
	}
	r.Arms[0].Series = []result.Point{p}
	rows := readCSV(t, "csv-series", unsaved(r))
	for i, heading := range rows[0][4 : len(rows[0])-1] {
		assert.Equal(t, want[heading], rows[1][4+i], heading)
	}
}

func TestCSVRunsNoFormula(t *testing.T) {
	for name, text := range hostile {
		for _, format := range []string{"csv", "csv-series"} {
			r := everyString(t, stressed(), text)
			for _, row := range readCSV(t, format, reports.Saved{Result: r, Path: text}) {
				for _, cell := range row {
					_, err := strconv.ParseFloat(cell, 64)
					isFormula := strings.ContainsAny(strings.TrimSpace(cell + " ")[:min(1, len(strings.TrimSpace(cell)))], "=+-@")
					assert.False(t, err != nil && isFormula, "%s: %q", name, cell)
				}
			}
		}
	}
	r := passed()
	latency := r.Arms[0].Latency[result.Transit]
	latency.MinNS = -3_120
	r.Arms[0].Latency[result.Transit] = latency
	r.Arms[0].Name = "-5+2"
	text := string(renderAs(t, "csv", unsaved(r)))
	assert.Contains(t, text, ",'-5+2,transit.min,ns,-3120,,pass\r\n", "numbers stay as they are")
}
