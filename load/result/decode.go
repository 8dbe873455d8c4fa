package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Decode reads the one result that r holds. It refuses, saying why, what is empty, cut off, followed by anything else, or of
// another schema than Schema. Fields it does not know are left out: a schema may gain some without becoming another.
func Decode(r io.Reader) (*Result, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("not a result: it is empty")
	}
	if err := checkWhole(data); err != nil {
		return nil, err
	}
	if err := checkSchema(data); err != nil {
		return nil, err
	}
	var res Result
	if err := json.Unmarshal(data, &res); err != nil {
		return nil, fmt.Errorf("not a result: %w", err)
	}
	if !slices.Contains(verdicts, res.Verdict) {
		return nil, fmt.Errorf("not a result: verdict is %q, want one of %q", res.Verdict, verdicts)
	}
	return &res, nil
}

var verdicts = []Verdict{Pass, Fail, Invalid, Interrupted}

// Read decodes the result in the file at path; "-" is not special here.
func Read(path string) (*Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	defer f.Close()
	res, err := Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return res, nil
}

// checkWhole tells a file that was cut off, or that something was appended to, from one that was never a result.
func checkWhole(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	var first json.RawMessage
	switch err := dec.Decode(&first); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("not a whole result: it is cut off after %d bytes", len(data))
	case err != nil:
		return fmt.Errorf("not a result: %w", err)
	}
	end := dec.InputOffset()
	if len(bytes.TrimSpace(data[end:])) != 0 {
		return fmt.Errorf("not one result: something follows the first %d bytes, which are whole", end)
	}
	return nil
}

func checkSchema(data []byte) error {
	var head struct {
		Schema *string `json:"schema"`
	}
	kind := (*json.UnmarshalTypeError)(nil)
	switch err := json.Unmarshal(data, &head); {
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("not a result: it is a JSON %s, want an object", kind.Value)
	case err != nil:
		return fmt.Errorf("not a result: %w", err)
	case head.Schema == nil:
		return fmt.Errorf(`not a result: it has no "schema"; want %q`, Schema)
	case *head.Schema != Schema:
		return &SchemaError{*head.Schema}
	}
	return nil
}

// SchemaError says that a file is of another schema than Schema.
type SchemaError struct{ Schema string }

func (e *SchemaError) Error() string {
	if e.IsResult() {
		return fmt.Sprintf("result of schema %q: this version reads %q alone", e.Schema, Schema)
	}
	return fmt.Sprintf("not a result: it is of schema %q; want %q", e.Schema, Schema)
}

// IsResult says that the file is a result all the same, of another version.
func (e *SchemaError) IsResult() bool { return strings.HasPrefix(e.Schema, "mqttrace/result/") }

// IsOurs says that this program wrote the file: a result, or what it makes of results.
func (e *SchemaError) IsOurs() bool { return strings.HasPrefix(e.Schema, "mqttrace/") }
