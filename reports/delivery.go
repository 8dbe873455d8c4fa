package reports

import (
	"fmt"
	"strings"

	"mqttrace/load/result"
)

// deliveries is the table of the delivery ledgers.
func deliveries(arms []result.Arm) table {
	t := table{name: "delivery", columns: []string{"expected", "received", "lost", "duplicated", "reordered", "foreign", "late"}}
	for _, arm := range arms {
		d := arm.Delivery
		t.rows = append(t.rows, row{
			about: "delivery",
			label: label(arm, arms),
			cells: []cell{
				figure(Count(d.Expected)), figure(Count(d.Received)),
				fault(d.Lost, d), fault(d.Duplicated, d), fault(d.Reordered, d), fault(d.Foreign, d), fault(d.Late, d),
			},
			notes: violations(d),
		})
	}
	t.foot = besides(arms)
	return t
}

// besides says what the ledgers owe nobody, and what arrived beside their messages.
func besides(arms []result.Arm) (notes []note) {
	var unpromised, wills, overlapping uint64
	for _, arm := range arms {
		unpromised += arm.Delivery.Unpromised
		wills += arm.Delivery.Wills
		overlapping += arm.Delivery.Overlapping
	}
	if unpromised > 0 {
		notes = append(notes, note{"lost and promised to nobody: " + Count(unpromised) + "; a session ended with its connection, or they may have expired", quiet})
	}
	if wills > 0 {
		notes = append(notes, note{"wills that reached a receiver: " + Count(wills) + ", none of these messages", quiet})
	}
	if overlapping > 0 {
		notes = append(notes, note{"copies for filters of one client that overlap: " + Count(overlapping) + ", which are no duplicates", quiet})
	}
	return notes
}

// fault is a count that is best 0. Whether it breaks a promise the quality of service decides.
func fault(n uint64, d result.Delivery) cell {
	switch {
	case n == 0:
		return cell{"0", quiet}
	case len(d.Violations) > 0:
		return cell{Count(n), bad}
	default:
		return cell{Count(n), doubt}
	}
}

func violations(d result.Delivery) (notes []note) {
	for _, text := range d.Violations {
		notes = append(notes, note{text, bad})
	}
	return notes
}

// rates is the table of what was asked of the generator, what it did, and how many traces came out whole.
func rates(r *result.Result) table {
	arms := r.Arms
	t := table{name: "rate", columns: []string{"asked", "sent", "received", "unsent", "refused", "traced", "whole"}, foot: closedLoops(r)}
	for _, arm := range arms {
		t.rows = append(t.rows, row{
			about: "rate",
			label: label(arm, arms),
			cells: append([]cell{
				figure(Rate(arm.ScheduledRatePerS)), figure(Rate(arm.RatePerS)), figure(Rate(arm.ReceivedRatePerS)),
				fault(arm.Unsent, arm.Delivery), fault(arm.Refused, arm.Delivery),
			}, traces(arm.Spans)...),
			notes: torn(arm.Spans),
		})
	}
	return t
}

// traces says how many messages were traced and which share of their traces is whole.
func traces(s *result.Spans) []cell {
	switch {
	case s == nil:
		return []cell{missing, missing}
	case s.Messages == 0:
		return []cell{figure("0"), missing}
	case s.Whole == s.Messages:
		return []cell{figure(Count(s.Messages)), figure("100 %")}
	default:
		return []cell{figure(Count(s.Messages)), {share(s.Whole, s.Messages), doubt}}
	}
}

// share is a percentage that says 100 % of nothing but the whole.
func share(part, whole uint64) string {
	percent := 100 * float64(part) / float64(whole)
	if percent > 99.99 {
		return ">99.99 %"
	}
	return fmt.Sprintf("%.2f %%", percent)
}

// torn says what is wrong with the traces that are not whole.
func torn(s *result.Spans) []note {
	if s == nil || s.Whole == s.Messages {
		return nil
	}
	var faults []string
	for _, f := range []struct {
		n    uint64
		what string
	}{
		{s.MissingProducer, "without a producer span"},
		{s.MissingConsumer, "without a consumer span"},
		{s.WrongParent, "with a wrong parent"},
		{s.WrongTrace, "in another message's trace"},
	} {
		if f.n > 0 {
			faults = append(faults, Count(f.n)+" "+f.what)
		}
	}
	return []note{{"broken traces: " + strings.Join(faults, ", "), doubt}}
}
