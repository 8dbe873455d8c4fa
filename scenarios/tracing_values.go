package scenarios

import (
	"fmt"
	"regexp"
	"strings"
)

// Bounds of what an arm carries and records.
const (
	maxAttributes = 128  // the SDK keeps no more unless told so
	maxTracestate = 32   // members, by W3C Trace Context
	minBaggage    = 3    // bytes of the shortest member: k=v
	maxBaggage    = 8192 // bytes, by W3C Baggage
	maxSpans      = 1_000_000
)

var validArmName = regexp.MustCompile(armNamePattern)

// armNamePattern takes what people write and the names that arms get by default: export@0.1#2, record attributes=10.
const armNamePattern = `^[A-Za-z0-9]([A-Za-z0-9 ._@#=+-]{0,62}[A-Za-z0-9._@#=+-])?$`

func (d *decoder) armName(to *string) func(*node) {
	return func(n *node) {
		switch {
		case n.kind != text:
			d.notText(n, "a name")
		case !validArmName.MatchString(n.text):
			d.report(n, quote(n.text)+" is not an arm's name", fmt.Sprintf("1 to %d letters, digits, blanks and any of ._@#=+-", maxName))
		default:
			*to = n.text
		}
	}
}

func (d *decoder) arm(to *Arm) func(*node) {
	return oneOf(d, to, armOrder...)
}

// sampler reads a name, or a mapping of a name to its ratio.
func (d *decoder) sampler(to *Sampler) func(*node) {
	return func(n *node) {
		*to = Sampler{}
		if n.kind == mapping {
			d.mapping(n,
				optional(TraceIDRatio, d.ratio(to, TraceIDRatio)),
				optional(ParentBasedTraceIDRatio, d.ratio(to, ParentBasedTraceIDRatio)),
			)
			if len(n.members) != 1 {
				d.report(n, "not one sampler", "a name, or one of them with its ratio, such as {traceidratio: 0.1}")
			}
			return
		}
		oneOf(d, &to.Name, samplers...)(n)
		if to.hasRatio() {
			d.report(n, to.Name+" has no ratio", "{"+to.Name+": 0.1}")
		}
	}
}

func (d *decoder) ratio(to *Sampler, name string) func(*node) {
	return func(n *node) {
		to.Name = name
		d.float(&to.Ratio, 0, 1)(n)
	}
}

func (d *decoder) batch(to *Batch) func(*node) {
	return func(n *node) {
		d.mapping(n,
			optional("queue", d.whole(&to.QueueSize, 1, maxSpans)),
			optional("size", d.whole(&to.BatchSize, 1, maxSpans)),
			optional("delay", d.duration(&to.Delay, aboveZero)),
			optional("timeout", d.duration(&to.Timeout, aboveZero)),
		)
		d.fullBatch(n, *to)
	}
}

// fullBatch reports, at the place that made it so, a batch that the queue can never fill.
func (d *decoder) fullBatch(n *node, b Batch) {
	const defaultQueue = 2048
	switch {
	case !n.sound():
	case b.QueueSize == 0 && b.BatchSize > defaultQueue:
		d.report(n, fmt.Sprintf("a batch of %d is larger than the SDK's queue of %d", b.BatchSize, defaultQueue), "a larger queue beside it")
	case b.QueueSize > 0 && b.BatchSize > b.QueueSize:
		d.report(n, fmt.Sprintf("a batch of %d is larger than the queue of %d", b.BatchSize, b.QueueSize), "at most the queue's size")
	}
}

func (d *decoder) limits(to *SpanLimits) func(*node) {
	return func(n *node) {
		d.mapping(n,
			optional("attributes", d.whole(&to.Attributes, 1, maxSpans)),
			optional("events", d.whole(&to.Events, 1, maxSpans)),
			optional("links", d.whole(&to.Links, 1, maxSpans)),
			optional("attribute_length", d.whole(&to.AttributeLength, 1, maxSpans)),
		)
	}
}

func (d *decoder) attributes(to *TracingArm) func(*node) {
	return d.whole(&to.Attributes, 0, maxAttributes)
}

func (d *decoder) relation(to *TracingArm) func(*node) {
	return oneOf(d, &to.Relation, ChildAndLink, ChildOnly, LinkOnly)
}

func (d *decoder) tracestate(to *TracingArm) func(*node) {
	return d.whole(&to.Tracestate, 0, maxTracestate)
}

func (d *decoder) baggage(to *TracingArm) func(*node) {
	return func(n *node) {
		d.whole(&to.Baggage, 0, maxBaggage)(n)
		if !n.bad && to.Baggage > 0 && to.Baggage < minBaggage {
			d.report(n, "the shortest baggage, k=v, is longer", fmt.Sprintf("0, or %d to %d bytes", minBaggage, maxBaggage))
		}
	}
}

func (d *decoder) payloadSize(to *TracingArm) func(*node) {
	return func(n *node) {
		var size int
		if d.size(&size, MaxPayload)(n); !n.bad {
			to.PayloadSize = &size
		}
	}
}

// batchSize and samplerRatio read one value of a key that holds several.
func (d *decoder) batchSize(to *TracingArm) func(*node) {
	return func(n *node) {
		d.whole(&to.Batch.BatchSize, 1, maxSpans)(n)
		d.fullBatch(n, to.Batch)
	}
}

func (d *decoder) samplerRatio(to *TracingArm) func(*node) {
	name := TraceIDRatio
	if to.Sampler.hasRatio() {
		name = to.Sampler.Name
	}
	return d.ratio(&to.Sampler, name)
}

// compact is a scalar as it may stand in a name.
func compact(n *node) string { return strings.Join(strings.Fields(n.text), "") }
