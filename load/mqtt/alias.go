package mqtt

import (
	"fmt"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// aliases are the topic aliases of one connection in one direction (MQTT 5 section 3.3.2.3.4). A message that is kept in the
// session keeps its topic: on the next connection no alias means anything.
type aliases struct {
	limit  uint16
	given  map[string]uint16 // by this side
	topics map[uint16]string // given by the broker
}

// aliasesTo are those that this side may use; nil for none.
func (s Settings) aliasesTo(broker Limits) *aliases {
	if !s.TopicAlias || broker.TopicAliasMaximum == 0 {
		return nil
	}
	return &aliases{limit: broker.TopicAliasMaximum, given: make(map[string]uint16)}
}

// of returns the alias of a topic and whether the broker knows it by now; 0 if the topic has to stand for itself.
func (a *aliases) of(topic string) (alias uint16, known bool) {
	alias, known = a.given[topic]
	if !known && len(a.given) < int(a.limit) {
		alias = uint16(len(a.given) + 1)
		a.given[topic] = alias
	}
	return alias, known
}

// shorten puts an alias on a packet that is about to be written, and takes the topic off it if it can.
func (a *aliases) shorten(p *packets.Publish) {
	if a == nil {
		return
	}
	alias, known := a.of(p.Topic)
	if alias == 0 {
		return
	}
	p.Properties.TopicAlias = &alias
	if known {
		p.Topic = ""
	}
}

// shortened does the same to a packet of its caller's, and returns what undoes it.
func (a *aliases) shortened(p *paho.Publish) (undo func()) {
	if a == nil {
		return func() {}
	}
	alias, known := a.of(p.Topic)
	if alias == 0 {
		return func() {}
	}
	if p.Properties == nil {
		p.Properties = &paho.PublishProperties{}
	}
	topic := p.Topic
	p.Properties.TopicAlias = &alias
	if known {
		p.Topic = ""
	}
	return func() { p.Topic, p.Properties.TopicAlias = topic, nil }
}

// resolve gives a message that arrived its topic back.
func (a *aliases) resolve(p *paho.Publish) error {
	if p.Properties == nil || p.Properties.TopicAlias == nil {
		return nil
	}
	alias := *p.Properties.TopicAlias
	if alias == 0 || alias > a.limit {
		return fmt.Errorf("the broker used topic alias %d, more than the %d it may", alias, a.limit)
	}
	if p.Topic != "" {
		if a.topics == nil {
			a.topics = make(map[uint16]string)
		}
		a.topics[alias] = p.Topic
		return nil
	}
	topic, known := a.topics[alias]
	if !known {
		return fmt.Errorf("the broker used topic alias %d, which stands for nothing", alias)
	}
	p.Topic = topic
	return nil
}
