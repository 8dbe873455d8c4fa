package scenarios

import (
	"fmt"
	"slices"
)

// tracing reads the keys of the one arm, or those that the arms of compare have in common.
func (d *decoder) tracing(to *Tracing) func(*node) {
	return func(n *node) {
		var common TracingArm
		var compare *node
		d.mapping(n, append(d.armFields(&common, optional("arm", d.arm(&common.Arm))),
			optional("compare", func(n *node) { compare = n }),
			optional("slice", d.duration(&to.Slice, aboveZero)),
		)...)
		switch {
		case n.kind != mapping:
		case compare != nil:
			to.TracingArm = TracingArm{}
			to.Compare = d.compare(compare, common)
			d.besideCompare(n, to.Compare)
		default:
			to.TracingArm = d.oneArm(n, common)
		}
	}
}

// armFields are the keys that describe an arm; the caller says whether the arm itself may be missing.
func (d *decoder) armFields(to *TracingArm, arm field) []field {
	return []field{
		optional("name", d.armName(&to.Name)),
		arm,
		optional("sampler", d.sampler(&to.Sampler)),
		optional("exporter", d.exporter(&to.Exporter)),
		optional("batch", d.batch(&to.Batch)),
		optional("limits", d.limits(&to.Limits)),
		optional("attributes", d.attributes(to)),
		optional("relation", d.relation(to)),
		optional("tracestate", d.tracestate(to)),
		optional("baggage", d.baggage(to)),
		optional("payload", d.payloadSize(to)),
	}
}

// oneArm completes the arm of a run that has one.
func (d *decoder) oneArm(n *node, arm TracingArm) TracingArm {
	if n.lacks("arm") {
		arm.Arm = ArmOff
	}
	if arm.Arm != "" {
		d.misplaced(n, n.get("arm"), "arm "+string(arm.Arm), arm.Arm)
	}
	if slice := n.get("slice"); slice != nil {
		d.report(slice, "there is no compare whose arms could take turns", "slice with compare only")
	}
	if arm.Name == "" {
		arm.Name = arm.defaultName()
	}
	return arm.settled()
}

// besideCompare checks the keys beside compare, each of which has to be for one of its arms.
func (d *decoder) besideCompare(n *node, arms []TracingArm) {
	if arm := n.get("arm"); arm != nil {
		d.report(arm, "both arm and compare are given", "arm, for a run with one, or compare")
	}
	if name := n.get("name"); name != nil {
		d.report(name, "the arms of compare have names of their own", "name in the entries of compare")
	}
	if !n.get("compare").sound() {
		return
	}
	var kinds []Arm
	for _, arm := range arms {
		kinds = append(kinds, arm.Arm)
	}
	d.misplaced(n, n.get("compare"), "any arm of compare", kinds...)
}

// use is a key and the first arm that has a use for it.
type use struct {
	key  string
	from Arm
}

// uses lists the keys that are not for every arm.
var uses = []use{
	{"sampler", ArmContext}, {"tracestate", ArmContext}, {"baggage", ArmContext},
	{"limits", ArmRecord}, {"attributes", ArmRecord}, {"relation", ArmRecord},
	{"exporter", ArmExport}, {"batch", ArmExport},
}

// want says which arms have a use for the key.
func (u use) want() string {
	var words []string
	for _, a := range armOrder[slices.Index(armOrder, u.from):] {
		words = append(words, string(a))
	}
	return u.key + " with arm " + listing(words) + " only"
}

// misplaced finds keys that none of these arms has a use for. Chosen is where the arms stand; nil for a default. Where they
// come from outside the file, what the file says for others is no mistake.
func (d *decoder) misplaced(n, chosen *node, whom string, given ...Arm) {
	outside := chosen != nil && chosen.set != nil
	for _, u := range uses {
		useful := slices.ContainsFunc(given, func(a Arm) bool { return a.doesAll(u.from) })
		if value := n.get(u.key); value.sound() && !useful && !(outside && value.set == nil) {
			d.report(value, u.key+" is of no use to "+whom, u.want())
		}
	}
}

// settled is a without what its arm has no use for, and with the defaults of the rest.
func (a TracingArm) settled() TracingArm {
	if !a.Arm.doesAll(ArmContext) {
		return TracingArm{Name: a.Name, Arm: a.Arm, PayloadSize: a.PayloadSize}
	}
	if a.Sampler.Name == "" {
		a.Sampler = Sampler{Name: AlwaysOn}
	}
	switch {
	case !a.Arm.Spans():
		a.Limits, a.Attributes, a.Relation = SpanLimits{}, 0, ""
	case a.Relation == "":
		a.Relation = ChildAndLink
	}
	if a.Arm != ArmExport {
		a.Exporter, a.Batch = Exporter{}, Batch{}
	}
	return a
}

// defaultName is the arm, with the ratio of its sampler.
func (a TracingArm) defaultName() string {
	if a.Sampler.Name == TraceIDRatio {
		return fmt.Sprintf("%s@%g", a.Arm, a.Sampler.Ratio)
	}
	return string(a.Arm)
}
