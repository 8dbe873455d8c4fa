package child

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLineWriter(t *testing.T) {
	long := strings.Repeat("x", lineLimit)
	cases := map[string]struct {
		writes, want []string
	}{
		"whole lines":      {[]string{"a\nb\n"}, []string{"a", "b"}},
		"lines in pieces":  {[]string{"a", "b\nc", "\n"}, []string{"ab", "c"}},
		"no end":           {[]string{"a\nb"}, []string{"a", "b"}},
		"Windows line end": {[]string{"a\r\nb\r\n"}, []string{"a", "b"}},
		"empty line":       {[]string{"\n"}, []string{""}},
		"line too long":    {[]string{long, "y\n"}, []string{long, "y"}},
		"nothing":          {nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			w := &LineWriter{Each: func(line string) { got = append(got, line) }}
			for _, text := range c.writes {
				n, err := io.WriteString(w, text)
				require.NoError(t, err)
				require.Len(t, text, n)
			}
			w.Flush()
			assert.Equal(t, c.want, got)
		})
	}
}

func TestLineWriterWithALimit(t *testing.T) {
	var got []string
	w := &LineWriter{Each: func(line string) { got = append(got, line) }, Limit: 2 * lineLimit}
	long := strings.Repeat("x", lineLimit)
	_, _ = io.WriteString(w, long)
	_, _ = io.WriteString(w, "y\n")
	assert.Equal(t, []string{long + "y"}, got)
}

func TestLogKeepsTheEnd(t *testing.T) {
	var log Log
	assert.Equal(t, "; it logged nothing", log.Quote())
	for i := range logLines + 5 {
		log.Add(fmt.Sprint("line ", i))
	}
	assert.Len(t, log.Last(logLines), logLines)
	assert.Equal(t, []string{"line 203", "line 204"}, log.Last(2))
	assert.True(t, strings.HasSuffix(log.Quote(), "\tline 203\n\tline 204"))
	assert.Equal(t, errorLines, strings.Count(log.Quote(), "\n"))
}
