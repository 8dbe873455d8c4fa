package load

import (
	"context"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
)

// retains reports whether the run leaves retained messages behind.
func (r *run) retains() bool {
	for _, s := range r.scenario.Senders {
		if s.Retain || s.Will != nil && s.Will.Retain {
			return r.start() != 0
		}
	}
	return false
}

// clearRetained publishes an empty retained message to every topic that may have one of this run's, and waits until the broker has
// taken them.
func (r *run) clearRetained(ctx context.Context) {
	var failed error
	left := 0
	for _, s := range r.mine.senders {
		for _, topic := range s.retainedTopics() {
			outcome, err := s.client.Send(ctx, min(s.group.QoS, 1), clearing(topic, min(s.group.QoS, 1)), nil)
			if err == nil {
				err = outcome.Err
			}
			if err != nil {
				failed = err
				left++
			}
			if ctx.Err() != nil {
				r.warn("run", "the retained messages of this run could not all be cleared in %v", stopTimeout)
				return
			}
		}
	}
	if failed != nil {
		r.warn("run", "%d retained messages of this run could not be cleared: %v", left, failed)
	}
}

// retainedTopics are the topics that the sender has to clear. Of topics that a whole group shares the first client takes care.
func (s *sender) retainedTopics() (topics []string) {
	if s.client == nil {
		return nil
	}
	if s.group.Retain && (s.inGroup == 0 || s.group.Topic.PerClient()) {
		topics = append(topics, s.topics.names...)
	}
	if w := s.group.Will; w != nil && w.Retain {
		topics = append(topics, s.willTopic())
	}
	return topics
}

func clearing(topic string, qos byte) func(clock.Instant) *paho.Publish {
	return func(clock.Instant) *paho.Publish {
		return &paho.Publish{Topic: topic, QoS: qos, Retain: true, Properties: &paho.PublishProperties{}}
	}
}
