package scenarios

// Fault is something that goes wrong on purpose for a while. Exporter says what.
type Fault struct {
	// At is when it begins, from the start of the measured phase. Required.
	At Duration `json:"at" jsonschema:"required"`
	// For is how long it lasts; when it is over all is as before. Default: to the end of the measured phase.
	For Duration `json:"for,omitempty"`
	// Exporter is what the embedded sink does to the exporters that send to it. Required.
	Exporter ExporterFault `json:"exporter,omitempty" jsonschema:"required"`
	// Delay is how long a slow sink waits before each answer. Required with exporter slow, and for it alone.
	Delay Duration `json:"delay,omitempty"`
}

// ExporterFault is a way in which the embedded sink fails.
type ExporterFault string

const (
	// ExporterSlow answers each export after Fault.Delay.
	ExporterSlow ExporterFault = "slow"
	// ExporterStall takes exports and does not answer.
	ExporterStall ExporterFault = "stall"
	// ExporterRefuse answers each export with an error.
	ExporterRefuse ExporterFault = "refuse"
	// ExporterKill ends the sink's process; it is started anew when the fault is over.
	ExporterKill ExporterFault = "kill"
)
