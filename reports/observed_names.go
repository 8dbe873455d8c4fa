package reports

import "mqttrace/load/result"

// PairName says in a few words who sends to whom, and on which topic if that is known. Names come over the network: whatever
// could steer a terminal is taken out.
func PairName(producer, consumer, topic string) string {
	name := producer + " → " + consumer
	if topic != "" {
		name += "  " + topic
	}
	return clean(name)
}

// BrokenName says in a few words how a trace is broken.
func BrokenName(what string) string {
	switch what {
	case result.ProducerAlone:
		return "without consumer"
	case result.ConsumerAlone:
		return "without producer"
	case result.NoParent:
		return "without parent"
	case result.WrongParent:
		return "wrong parent"
	}
	return what
}
