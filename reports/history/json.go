package history

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes h for other programs, indented, in the schema that it names.
func JSON(w io.Writer, h *History) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(h); err != nil {
		return fmt.Errorf("encoding the history: %w", err)
	}
	return nil
}
