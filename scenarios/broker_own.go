package scenarios

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// ownBroker reads the long form of a broker that the harness starts.
func (d *decoder) ownBroker(n *node, to *Broker) {
	d.mapping(n,
		required("name", "embedded or mosquitto", oneOf(d, &to.Kind, Embedded, Mosquitto)),
		optional("persistence", d.boolean(&to.Persistence)),
	)
	if to.Persistence && to.Kind == Embedded {
		d.report(n.get("persistence"), "the embedded broker keeps everything in memory", "persistence with name: mosquitto")
	}
}

// ownJSON is a broker that the harness starts as a scenario file has it: a word, or a mapping when there is more to say.
func (b Broker) ownJSON() ([]byte, error) {
	if !b.Persistence {
		return json.Marshal(string(b.Kind))
	}
	return json.Marshal(struct {
		Name        BrokerKind `json:"name"`
		Persistence bool       `json:"persistence"`
	}{b.Kind, b.Persistence})
}

func ownBrokerSchema() *jsonschema.Schema {
	own := object(
		property{"name", about(words(Embedded, Mosquitto), "Broker that is started for the run, in place of a URL.")},
		property{"persistence", &jsonschema.Schema{Type: "boolean", Description: "Keeps sessions and their messages on disk, in a folder that is " +
			"gone after the run, so that they survive faults of the broker. Mosquitto only. Default: false."}},
	)
	own.Required = []string{"name"}
	return own
}
