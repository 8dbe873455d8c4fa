package scenarios

func (d *decoder) tracing(to *Tracing) func(*node) {
	return func(n *node) {
		d.mapping(n,
			optional("arm", d.arm(&to.Arm)),
			optional("sampler", d.sampler(&to.Sampler)),
		)
		to.Name = string(to.Arm)
		sampler := n.get("sampler")
		switch {
		case to.Arm != ArmOff && sampler == nil:
			to.Sampler = Sampler{Name: AlwaysOn}
		case to.Arm == ArmOff && sampler.sound() && !n.get("arm").isBad():
			d.report(sampler, "arm off traces nothing that could be sampled", "a sampler with arm context or record only")
		}
	}
}

func (n *node) isBad() bool { return n != nil && n.bad }

func (d *decoder) arm(to *Arm) func(*node) {
	return func(n *node) {
		if n.kind == text && n.text == "export" {
			d.report(n, "arm export is not supported by this version", "off, context or record")
			return
		}
		oneOf(d, to, ArmOff, ArmContext, ArmRecord)(n)
	}
}

// sampler reads a name, or a mapping of a name to its ratio.
func (d *decoder) sampler(to *Sampler) func(*node) {
	return func(n *node) {
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
