package compare

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes c to w for programs, in the schema that its types describe.
func JSON(w io.Writer, c *Comparison) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return fmt.Errorf("encoding the comparison: %w", err)
	}
	return nil
}
