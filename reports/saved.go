package reports

import "mqttrace/load/result"

// Saved is a result and the file it came from.
type Saved struct {
	*result.Result
	// Path is the file's, or what stands for it, such as "stdin"; empty if the result is in no file.
	Path string
	// Reports are files that show it, if there are any.
	Reports []string
}
