package payload

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/scenarios"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 1_000_000, time.FixedZone("CET", 3600))

// jsonPayload decodes a template the way a scenario file holds it.
func jsonPayload(t testing.TB, template string) scenarios.Payload {
	t.Helper()
	sc, err := scenarios.Decode("test.yaml", []byte(`
duration: 1s
senders:
  - {name: s, rate: 10/s, topic: t, payload: {json: `+template+`}}
`))
	require.NoError(t, err)
	return sc.Senders[0].Payload
}

// messages renders the first n messages of sender 3 of group "sensors".
func messages(t testing.TB, p scenarios.Payload, n int) []string {
	t.Helper()
	source, err := New(p, "sensors", 3, 1)
	require.NoError(t, err)
	out := make([]string, n)
	for i := range out {
		out[i] = string(source.Append(nil, uint64(i), noon))
	}
	return out
}

func TestTemplates(t *testing.T) {
	cases := []struct {
		name, template string
		want           []string
	}{
		{"constants keep their order", `{z: 1, a: [true, null, 1.50], m: {}, e: []}`, []string{`{"z":1,"a":[true,null,1.50],"m":{},"e":[]}`}},
		{"a lone constant", `"x"`, []string{`"x"`}},
		{"strings are escaped, and not for HTML", `{"a<b": "\"\n<&>ü"}`, []string{`{"a<b":"\"\n<&>ü"}`}},
		{"names", `["{group}-{sender}", "{other}"]`, []string{`["sensors-3","{other}"]`}},
		{"a counter", `{$counter: {start: 5, step: -2}}`, []string{"5", "3", "1"}},
		{"a counter as it is", `{$counter: {}}`, []string{"0", "1"}},
		{"seconds in RFC 3339", `{$time: rfc3339}`, []string{`"2026-03-01T11:00:00Z"`}},
		{"nanoseconds in RFC 3339", `{$time: rfc3339nano}`, []string{`"2026-03-01T11:00:00.001000000Z"`}},
		{"seconds", `{$time: unix}`, []string{"1772362800"}},
		{"milliseconds", `{$time: unix_ms}`, []string{"1772362800001"}},
		{"nanoseconds", `{$time: unix_ns}`, []string{"1772362800001000000"}},
		{"a walk begins at its start", `{$walk: {start: 21, step: 0, min: 0, max: 50, decimals: 1}}`, []string{"21.0", "21.0"}},
		{"a distribution without spread", `{$normal: {mean: -0.001, stddev: 0, decimals: 2}}`, []string{"0.00"}},
		{"generators among constants", `{n: {$counter: {}}, s: x}`, []string{`{"n":0,"s":"x"}`, `{"n":1,"s":"x"}`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, messages(t, jsonPayload(t, c.template), len(c.want)))
		})
	}
}

func TestWalkStaysInside(t *testing.T) {
	var before float64
	for i, m := range messages(t, jsonPayload(t, `{$walk: {start: 1, step: 0.5, min: 0, max: 2, decimals: 3}}`), 1000) {
		var v float64
		require.NoError(t, json.Unmarshal([]byte(m), &v))
		assert.True(t, v >= 0 && v <= 2, "%v", v)
		if i > 0 {
			assert.InDelta(t, before, v, 0.5011)
		}
		before = v
	}
}

func TestNormalHasItsMeanAndSpread(t *testing.T) {
	const n = 10_000
	var sum, squares float64
	for _, m := range messages(t, jsonPayload(t, `{$normal: {mean: 50, stddev: 5, decimals: 3}}`), n) {
		var v float64
		require.NoError(t, json.Unmarshal([]byte(m), &v))
		sum += v
		squares += (v - 50) * (v - 50)
	}
	assert.InDelta(t, 50, sum/n, 0.3)
	assert.InDelta(t, 25, squares/n, 2)
}

func TestUUID(t *testing.T) {
	four := messages(t, jsonPayload(t, `{$uuid: v4}`), 2)
	assert.Regexp(t, `^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$`, four[0])
	assert.NotEqual(t, four[0], four[1])

	seven := messages(t, jsonPayload(t, `{$uuid: v7}`), 2)
	assert.Regexp(t, `^"019ca90e-1b81-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$`, seven[0])
	assert.NotEqual(t, seven[0], seven[1])
}

func TestSameSeedSamePayloads(t *testing.T) {
	for name, p := range map[string]scenarios.Payload{
		"size": {Size: 100},
		"json": jsonPayload(t, `[{$uuid: v4}, {$walk: {start: 1, step: 1, min: 0, max: 9}}, {$normal: {mean: 0, stddev: 1}}]`),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, messages(t, p, 5), messages(t, p, 5))
			other, err := New(p, "sensors", 3, 2)
			require.NoError(t, err)
			assert.NotEqual(t, messages(t, p, 1)[0], string(other.Append(nil, 0, noon)))
		})
	}
}

func TestSendersDiffer(t *testing.T) {
	g, err := Prepare(jsonPayload(t, `{$uuid: v4}`), "sensors", 1)
	require.NoError(t, err)
	assert.NotEqual(t, g.Source(0).Append(nil, 0, noon), g.Source(1).Append(nil, 0, noon))
}

func TestSize(t *testing.T) {
	for _, size := range []int{0, 1, 7, 8, 9, 4096} {
		assert.Len(t, messages(t, scenarios.Payload{Size: size}, 1)[0], size)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write([]byte(messages(t, scenarios.Payload{Size: 4096}, 1)[0]))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	assert.Greater(t, packed.Len(), 4000, "random bytes cannot be compressed")
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "message.bin")
	require.NoError(t, os.WriteFile(path, []byte("as it is\x00\n"), 0o600))
	assert.Equal(t, []string{"as it is\x00\n", "as it is\x00\n"}, messages(t, scenarios.Payload{File: path}, 2))

	_, err := New(scenarios.Payload{File: path + ".gone"}, "sensors", 0, 1)
	assert.ErrorContains(t, err, "payload of sensors: open ")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestAppendAddsToWhatIsThere(t *testing.T) {
	source, err := New(jsonPayload(t, `{$counter: {}}`), "sensors", 0, 1)
	require.NoError(t, err)
	assert.Equal(t, "before 4", string(source.Append([]byte("before "), 4, noon)))
}

// everything uses each generator once.
const everything = `{device: "{group}-{sender}", n: {$counter: {}}, at: {$time: rfc3339nano}, ms: {$time: unix_ms},
  temperature: {$walk: {start: 21, step: 0.1, min: -40, max: 85}}, humidity: {$normal: {mean: 50, stddev: 5, decimals: 1}},
  id: {$uuid: v4}, trace: {$uuid: v7}}`

func TestEveryMessageIsJSON(t *testing.T) {
	for _, m := range messages(t, jsonPayload(t, everything), 100) {
		assert.True(t, json.Valid([]byte(m)), m)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	source, err := New(jsonPayload(t, everything), "sensors", 0, 1)
	require.NoError(t, err)
	buffer := make([]byte, 0, 1024)
	var seq uint64
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		buffer = source.Append(buffer[:0], seq, noon)
		seq++
	}))
}
