package load

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mqttrace/scenarios"
)

// isEarly reports whether the receiver is there before the load begins.
func (v *receiver) isEarly() bool { return v.group.Start == 0 }

// attend lets the groups of receivers that come late, or leave early, do so. It returns when the last of them is done.
func (r *run) attend(ctx context.Context) {
	var all sync.WaitGroup
	for i := range r.scenario.Receivers {
		group := &r.scenario.Receivers[i]
		if !r.again && (group.Start > 0 || group.Stop > 0) {
			all.Go(func() { r.attendGroup(ctx, group) })
		}
	}
	all.Wait()
}

// attendGroup connects a group at its start and lets it leave at its stop.
func (r *run) attendGroup(ctx context.Context, group *scenarios.Receiver) {
	w := newWaiter()
	if group.Start > 0 {
		if r.pacer.wait(ctx, w, r.counting().Add(group.Start.Std())) != nil {
			return
		}
		err := r.admit(ctx, r.receiverGroups(func(v *receiver) bool { return v.group == group }), func() {})
		if err != nil && !errors.Is(err, context.Canceled) {
			r.fail(fmt.Errorf("receivers %s, which start at %s: %w", group.Name, group.Start, err))
			return
		}
	}
	if group.Stop == 0 || r.pacer.wait(ctx, w, r.counting().Add(group.Stop.Std())) != nil {
		return
	}
	var leaving sync.WaitGroup
	for _, v := range r.mine.receivers {
		if v.group == group && v.client != nil {
			leaving.Go(func() { v.leaveForGood(ctx) })
		}
	}
	leaving.Wait()
}

// leaveForGood ends the receiver's part in the run.
func (v *receiver) leaveForGood(ctx context.Context) {
	v.depart(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	_ = v.client.Close(closing) // the connection is gone either way
	v.hasLeft()
}

// fail gives the run up, if nothing has before.
func (r *run) fail(err error) { r.failure.CompareAndSwap(nil, &err) }
