package reports_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// everyString is a copy of a result in which each string is text: the names and words that a scenario, a broker or whoever
// wrote the file could have chosen. What Decode insists on stays.
func everyString(t *testing.T, r *result.Result, text string) *result.Result {
	t.Helper()
	data, err := json.Marshal(r)
	require.NoError(t, err)
	var evil result.Result
	require.NoError(t, json.Unmarshal(data, &evil))
	fillStrings(reflect.ValueOf(&evil).Elem(), text)
	evil.Scenario, err = json.Marshal(map[string]any{
		"name": text, "description": text, "duration": text, text: text, "tracing": map[string]any{"compare": []any{map[string]any{"name": text}}},
	})
	require.NoError(t, err)
	evil.Schema, evil.Verdict = r.Schema, r.Verdict
	if evil.Sweep != nil {
		for i := range evil.Sweep.Steps {
			evil.Sweep.Steps[i].Verdict = r.Sweep.Steps[i].Verdict
		}
	}
	data, err = json.Marshal(evil)
	require.NoError(t, err)
	var read result.Result // as from a file, which has no invalid UTF-8
	require.NoError(t, json.Unmarshal(data, &read))
	return &read
}

func fillStrings(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if !v.IsNil() {
			fillStrings(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fillStrings(v.Index(i), text)
		}
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[result.Result]().PkgPath() {
			return // time.Time
		}
		for i := range v.NumField() {
			fillStrings(v.Field(i), text)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			elem := reflect.New(v.Type().Elem()).Elem()
			elem.Set(v.MapIndex(key))
			fillStrings(elem, text)
			v.SetMapIndex(key, elem)
			v.SetMapIndex(reflect.ValueOf(text), elem)
		}
	}
}

// everything has each kind of result that there is, by name.
func everything() map[string]*result.Result {
	return map[string]*result.Result{
		"pass": passed(), "fail": failed(), "lossy": lossy(), "invalid": invalid(), "interrupted": interrupted(), "no messages": noMessages(),
		"nothing": nothing(), "arms": arms("off", "context", "record", "export"), "noise": noise(true), "few turns": fewTurns(),
		"faults": stressed(), "backlog": heldBack(), "stages": staged(), "flood": flooded(), "sweep of arms": sweep(), "steps": stepped(), "combinations": combined("record"), "search": searched(), "search of arms": searchedArms(),
		"shards": merged(), "broken shards": brokenShards(), "a shard": ofAShard(),
		"observed": observed(), "observed, broken": observedBroken(), "observed, nothing": observedNothing(),
	}
}

// hostile are texts that somebody could have put into a name.
var hostile = map[string]string{
	"markup":          `<script>alert(1)</script>"><img src=x onerror=alert(1)></table></details>`,
	"markdown":        "a|b`c`*d*_e_[f](http://evil.example)![g](http://evil.example/h.png)~~i~~<!-- j -->\\|\\`",
	"mentions":        "@octocat #1 GH-2 octo/cat#3 http://evil.example www.evil.example evil@mail.example",
	"lines":           "a\nb\r\nc\u2028d\u2029e\u0085f\tg\n\n# h\n- i\n| j | k |\n```\nl",
	"terminal":        "\x1b[2J\x1b]0;title\x07\x9b31m\u202eright to left\u202c\u200b\x00",
	"formula":         "=cmd|' /C calc'!A0",
	"other formulas":  "@SUM(1+1)*cmd|' /C calc'!A0",
	"no characters":   "",
	"nothing but air": " \n\t ",
	"invalid UTF-8":   "a\xffb\xc3",
	"not in XML":      "\x00\x01\x0b\ufffe\uffff]]>&amp;",
	"long":            strings.Repeat("a long näme 長い名前 e\u0301 👩‍👩‍👧 ", 40) + strings.Repeat("x", 500) + strings.Repeat("長", 300),
}

// widest is how wide a line of text may be however long names are.
const widest = 100

func TestTextHoldsItsShapeWhateverNamesAre(t *testing.T) {
	t.Parallel()
	for name, text := range hostile {
		for kind, r := range everything() {
			t.Run(name+"/"+kind, func(t *testing.T) {
				var got bytes.Buffer
				require.NoError(t, reports.Text(&got, []reports.Saved{unsaved(everyString(t, r, text))}, reports.TextOptions{}))
				var plain bytes.Buffer
				require.NoError(t, reports.Text(&plain, []reports.Saved{unsaved(r)}, reports.TextOptions{}))
				for l := range strings.Lines(got.String()) {
					l = strings.TrimSuffix(l, "\n")
					assert.LessOrEqual(t, (&runewidth.Condition{}).StringWidth(l), widest, l)
					assert.False(t, strings.ContainsFunc(l, steersTerminals), "%q", l)
				}
				assert.Equal(t, strings.Fields(plain.String())[0], strings.Fields(got.String())[0], "the verdict")
			})
		}
	}
}

func steersTerminals(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
