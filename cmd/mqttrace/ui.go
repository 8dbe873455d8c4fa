package main

import (
	"encoding/json"
	"fmt"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports"
	"mqttrace/reports/live"
	"mqttrace/scenarios"
)

// anyPort is where the page of a run is if --ui does not say.
const anyPort = "127.0.0.1:0"

// uiAddress is the value of a flag that says where the page of a run is to be: host:port of this machine.
type uiAddress string

// Set implements pflag.Value.
func (u *uiAddress) Set(s string) error {
	if err := live.CheckAddress(s); err != nil {
		return err
	}
	*u = uiAddress(s)
	return nil
}

// String implements pflag.Value.
func (u *uiAddress) String() string { return string(*u) }

// Type implements pflag.Value.
func (u *uiAddress) Type() string { return "ADDRESS" }

// ui shows runs on a page while they go on. A nil ui shows nothing.
type ui struct {
	app   *app
	page  *live.Page
	newer chan *live.Look // the latest result that the page does not have yet
	done  chan struct{}   // closed when there will be no more
}

// startUI serves the page, if that is asked for.
func (a *app) startUI(address uiAddress) (*ui, error) {
	if address == "" {
		return nil, nil
	}
	page, err := live.Open(string(address))
	if err != nil {
		return nil, err
	}
	a.say("watch the run at " + page.URL())
	u := &ui{app: a, page: page, newer: make(chan *live.Look, 1), done: make(chan struct{})}
	go u.show()
	return u, nil
}

// show hands results on, away from the run, which must not wait for whoever makes the page.
func (u *ui) show() {
	defer close(u.done)
	for look := range u.newer {
		if err := u.page.Show(look); err != nil {
			u.app.complain(err)
			for range u.newer { // the page is gone, and the run goes on
			}
		}
	}
}

// begin shows that a scenario is about to run.
func (u *ui) begin(sc *scenarios.Scenario) {
	if u == nil {
		return
	}
	scenario, err := json.Marshal(sc)
	if err != nil {
		u.app.complain(fmt.Errorf("showing the run: %w", err))
		return
	}
	u.put(reports.Saved{Result: &result.Result{Schema: result.Schema, Started: time.Now().UTC(), Scenario: scenario}})
}

// partial takes what a run has measured so far, if anybody looks.
func (u *ui) partial() func(soFar func() (*result.Result, error)) {
	if u == nil {
		return nil
	}
	return func(soFar func() (*result.Result, error)) {
		if !u.page.Watched() {
			return
		}
		res, err := soFar()
		if err != nil {
			u.app.complain(fmt.Errorf("showing the run: %w", err))
			return
		}
		u.put(reports.Saved{Result: res})
	}
}

// put leaves a result to be shown, in the place of one that has not been yet.
func (u *ui) put(saved reports.Saved) {
	look, err := u.page.Encode(saved)
	if err != nil {
		u.app.complain(err)
		return
	}
	select {
	case <-u.newer:
	default:
	}
	u.newer <- look // one goroutine puts, so there is room
}

// end shows what a run came to.
func (u *ui) end(saved reports.Saved) {
	if u != nil {
		u.put(saved)
	}
}

// close ends the page. Whoever looks keeps what there is to see.
func (u *ui) close() error {
	if u == nil {
		return nil
	}
	close(u.newer)
	<-u.done
	return u.page.Close()
}
