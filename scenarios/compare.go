package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxArms bounds how many arms take turns: more of them, and there is no order in which each follows each often enough.
const maxArms = 15

const wantArms = "a list of arms such as [off, record, export@0.1]"

// candidate is an arm on its way into compare.
type candidate struct {
	TracingArm
	at    *node // where to complain about its name
	named bool  // by the file; other names give way
}

// compare reads the arms, each on top of what all have in common.
func (d *decoder) compare(n *node, common TracingArm) []TracingArm {
	if n.kind != list {
		d.wrongType(n, wantArms)
		return nil
	}
	var all []candidate
	for _, item := range n.items {
		all = append(all, d.candidates(item, common)...)
	}
	switch {
	case len(all) > maxArms:
		d.report(n, fmt.Sprintf("%d arms", len(all)), fmt.Sprintf("at most %d", maxArms))
		return nil
	case len(all) < 2 && n.sound():
		d.report(n, plural(len(all), "arm")+" cannot be compared", "at least two; the same one twice shows the noise")
	}
	d.nameArms(all)
	var arms []TracingArm
	for _, c := range all {
		arms = append(arms, c.settled())
	}
	return arms
}

// candidates reads an entry: a word, a word with a ratio, or a mapping.
func (d *decoder) candidates(n *node, common TracingArm) []candidate {
	common.Name, common.Arm = "", ""
	switch n.kind {
	case text:
		return d.armWord(n, common)
	case mapping:
		return d.armMapping(n, common)
	}
	d.wrongType(n, "an arm, such as off, export@0.1 or {arm: record, attributes: 10}")
	return nil
}

func (d *decoder) armWord(n *node, arm TracingArm) []candidate {
	word, ratio, hasRatio := strings.Cut(n.text, "@")
	named := &node{kind: text, text: word, line: n.line, column: n.column, set: n.set, path: n.path}
	if d.arm(&arm.Arm)(named); named.bad {
		n.bad = true
		return nil
	}
	arm.Name = word
	if hasRatio {
		if !d.wordRatio(n, &arm, ratio) {
			return nil
		}
		arm.Name = arm.defaultName()
	}
	return []candidate{{TracingArm: arm, at: n}}
}

// wordRatio reads what stands behind the @ of an arm.
func (d *decoder) wordRatio(n *node, arm *TracingArm, ratio string) bool {
	v, err := strconv.ParseFloat(ratio, 64)
	switch {
	case arm.Arm == ArmOff:
		d.report(n, "arm off traces nothing that could be sampled", "off alone, or a ratio with another arm")
	case !numeral.MatchString(ratio) || err != nil || v < 0 || v > 1:
		d.report(n, quote(ratio)+" is not a ratio", "a number from 0 to 1, as in "+string(arm.Arm)+"@0.1")
	default:
		arm.Sampler = Sampler{Name: TraceIDRatio, Ratio: v}
	}
	return !n.bad
}

func (d *decoder) armMapping(n *node, common TracingArm) []candidate {
	c := candidate{TracingArm: common, at: n}
	var sweep *node
	d.mapping(n, append(d.armFields(&c.TracingArm, required("arm", "off, context, record or export", d.arm(&c.Arm))),
		optional("sweep", func(n *node) { sweep = n }),
	)...)
	if c.Arm != "" {
		d.misplaced(n, n.get("arm"), "arm "+string(c.Arm), c.Arm)
	}
	switch {
	case c.Name != "":
		c.at, c.named = n.get("name"), true
	case n.get("sampler") != nil:
		c.Name = c.defaultName()
	default:
		c.Name = string(c.Arm)
	}
	if sweep == nil {
		return []candidate{c}
	}
	return d.sweep(sweep, n, c)
}

// nameArms makes the names unique: those that the file gives stay, and the others are numbered.
func (d *decoder) nameArms(all []candidate) {
	taken := map[string]bool{}
	for _, c := range all {
		if c.named && taken[c.Name] {
			d.report(c.at, quote(c.Name)+" is the name of another arm too", "a name of its own")
		}
		taken[c.Name] = taken[c.Name] || c.named
	}
	for i, c := range all {
		if c.named {
			continue
		}
		for n := 2; taken[all[i].Name]; n++ {
			all[i].Name = fmt.Sprintf("%s#%d", c.Name, n)
		}
		taken[all[i].Name] = true
		if len(all[i].Name) > maxName && !c.at.bad {
			d.report(c.at, "the arm is called "+quote(all[i].Name), fmt.Sprintf("a name of at most %d characters", maxName))
		}
	}
}

// swept is a key whose values a sweep goes through.
type swept struct {
	name, key string // as the sweep has it, and the arm's key that holds it
	read      func(*decoder, *TracingArm) func(*node)
}

// sweeps lists what makes tracing dear.
var sweeps = []swept{
	{"ratio", "sampler", (*decoder).samplerRatio},
	{"attributes", "attributes", (*decoder).attributes},
	{"tracestate", "tracestate", (*decoder).tracestate},
	{"baggage", "baggage", (*decoder).baggage},
	{"relation", "relation", (*decoder).relation},
	{"batch.size", "batch", (*decoder).batchSize},
	{"payload", "payload", (*decoder).payloadSize},
}

func sweepKeys() []string {
	var names []string
	for _, s := range sweeps {
		names = append(names, s.name)
	}
	return names
}

// sweep makes an arm of each value; base is what the entry says beside it.
func (d *decoder) sweep(n, entry *node, base candidate) []candidate {
	var key string
	var values []*node
	d.mapping(n,
		required("key", listing(sweepKeys()), oneOf(d, &key, sweepKeys()...)),
		required("values", "a list such as [0, 10, 50]", d.sweepValues(&values)),
	)
	i := slices.IndexFunc(sweeps, func(s swept) bool { return s.name == key })
	if i < 0 || !d.canSweep(n.get("key"), sweeps[i], entry, base.Arm) {
		return nil
	}
	var all []candidate
	for _, value := range values {
		c := base
		if sweeps[i].read(d, &c.TracingArm)(value); value.bad {
			continue
		}
		c.Name += " " + key + "=" + compact(value)
		c.at, c.named = value, false
		all = append(all, c)
	}
	return all
}

func (d *decoder) sweepValues(to *[]*node) func(*node) {
	return func(n *node) {
		switch {
		case n.kind != list:
			d.wrongType(n, "a list such as [0, 10, 50]")
		case len(n.items) == 0 || len(n.items) > maxArms:
			d.report(n, plural(len(n.items), "value"), fmt.Sprintf("1 to %d", maxArms))
		default:
			*to = n.items
		}
	}
}

// canSweep makes sure that the arm has a use for the key and that the entry does not set it beside the sweep.
func (d *decoder) canSweep(at *node, s swept, entry *node, arm Arm) bool {
	fixed := entry.get(s.key)
	if inner, ok := strings.CutPrefix(s.name, s.key+"."); ok && fixed != nil {
		fixed = fixed.get(inner)
	}
	if fixed != nil {
		d.report(fixed, "the sweep sets "+s.name+" too", "one of them")
		return false
	}
	i := slices.IndexFunc(uses, func(u use) bool { return u.key == s.key })
	if i >= 0 && arm != "" && !arm.doesAll(uses[i].from) {
		d.report(at, s.name+" is of no use to arm "+string(arm), uses[i].want())
		return false
	}
	return true
}
