package conform

// deviation is a difference that a broker is known for. It is shown, with its reason, and fails nothing.
type deviation struct {
	broker  string // as identify names it; "" is any
	row     string
	outcome Outcome
	reason  string
}

const mayRefuse = "MQTT 5 §1.5.4 lets a receiver close the connection over control characters; mqttrace itself sends none"

// deviations is all that is known. A row that is not here, or comes to another outcome than here, fails.
var deviations = []deviation{
	{"", "tab", Refused, mayRefuse},
	{"", "control-character", Refused, mayRefuse},
}

// known finds the reason of an outcome that a broker is known for.
func known(broker, row string, outcome Outcome) (reason string, ok bool) {
	for _, d := range deviations {
		if (d.broker == "" || d.broker == broker) && d.row == row && d.outcome == outcome {
			return d.reason, true
		}
	}
	return "", false
}
