package conform

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/eclipse/paho.golang/packets"
)

// What brokers publish about themselves. MQTT has no field for it.
const (
	sysVersion  = "$SYS/broker/version"        // Mosquitto, and mochi, which gives its bare version
	sysMochi    = "$SYS/broker/system/threads" // mochi alone
	sysVersions = "$SYS/brokers/+/version"     // EMQX
)

// greet makes sure that a plain message crosses the broker, reads what CONNACK grants, and asks the broker what it is.
func (t *trip) greet() (product, version string, err error) {
	p, err := t.connect(receiver, options{})
	if err != nil {
		return "", "", err
	}
	t.limits = p.limits
	for _, filter := range []string{sysVersion, sysMochi, sysVersions} {
		if err := p.subscribe(filter, 0); err != nil && !is[*unsupportedError](err) {
			return "", "", err
		}
	}
	if err := p.subscribe(t.topic, 0); err != nil {
		return "", "", err
	}
	if err := t.send(t.message(0)); err != nil {
		return "", "", err
	}
	about := map[string]string{}
	for {
		m, err := p.receive()
		if err != nil {
			return "", "", fmt.Errorf("a plain message does not come back from %s: %w (may this user publish and subscribe there?)", t.topic, err)
		}
		if m.Topic == t.topic {
			product, version = identify(about)
			return product, version, nil
		}
		about[m.Topic] = string(m.Payload)
	}
}

var (
	namedVersion = regexp.MustCompile(`^(\S+) version (\S+)$`)
	bareVersion  = regexp.MustCompile(`^\d+\.\d+\.\d+\S*$`)
)

// identify reads what a broker says about itself; both are empty if that is nothing known.
func identify(about map[string]string) (product, version string) {
	if found := namedVersion.FindStringSubmatch(about[sysVersion]); found != nil {
		return strings.ToLower(found[1]), found[2]
	}
	if _, ok := about[sysMochi]; ok && bareVersion.MatchString(about[sysVersion]) {
		return "mochi", about[sysVersion]
	}
	for topic, payload := range about {
		if strings.HasPrefix(topic, "$SYS/brokers/") && bareVersion.MatchString(payload) {
			return "emqx", payload
		}
	}
	return "", ""
}

// greeting is the trip that greets.
func greeting(ctx context.Context, target *Target, topic, prefix string) *trip {
	return &trip{ctx: ctx, target: target, topic: topic, prefix: prefix, user: func() []packets.User { return nil }}
}
