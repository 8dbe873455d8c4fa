package scenarios

// check finds what is wrong between parts that are each right.
func (d *decoder) check(n *node, s *Scenario) {
	d.uniqueNames(n.get("senders"))
	d.uniqueNames(n.get("receivers"))
}

func (d *decoder) uniqueNames(groups *node) {
	if groups == nil {
		return
	}
	seen := map[string]string{}
	for _, group := range groups.items {
		name := group.get("name")
		if !name.sound() {
			continue
		}
		if first, taken := seen[name.text]; taken {
			d.report(name, quote(name.text)+" is the name of "+first+" too", "a name of its own")
			continue
		}
		seen[name.text] = group.path
	}
}
