package payload

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const reading = `{device: "{group}-{sender}", n: {$counter: {}}, at: {$time: unix_ms},
  temperature: {$walk: {start: 21, step: 0.1, min: -40, max: 85}}, unit: celsius}`

// BenchmarkReading fills the reading of a sensor: from a template, and for comparison from a struct by encoding/json.
func BenchmarkReading(b *testing.B) {
	b.Run("by=template", func(b *testing.B) {
		source, err := New(jsonPayload(b, reading), "sensors", 0, 1)
		require.NoError(b, err)
		buffer := make([]byte, 0, 256)
		var seq uint64
		b.ReportAllocs()
		for b.Loop() {
			buffer = source.Append(buffer[:0], seq, time.Now())
			seq++
		}
	})
	b.Run("by=encoding-json", func(b *testing.B) {
		type message struct {
			Device      string  `json:"device"`
			N           uint64  `json:"n"`
			At          int64   `json:"at"`
			Temperature float64 `json:"temperature"`
			Unit        string  `json:"unit"`
		}
		m := message{Temperature: 21, Unit: "celsius"}
		b.ReportAllocs()
		for b.Loop() {
			m.Device = "sensors-" + strconv.Itoa(0)
			m.N++
			m.At = time.Now().UnixMilli()
			m.Temperature += (2*rand.Float64() - 1) * 0.1
			_, err := json.Marshal(m)
			require.NoError(b, err)
		}
	})
}
