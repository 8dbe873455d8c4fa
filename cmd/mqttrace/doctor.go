package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load"
	"mqttrace/load/doctor"
	"mqttrace/scenarios"
)

const doctorHelp = `Doctor looks at this machine and at a broker for what would spoil a run: limits that it would run
into, coarse clocks and timers, other work, features that the broker lacks. With scenario files it
also says what they need. It connects --clients clients, which send nothing, to see what a
connection takes.

The exit code is 0 if a run can start, 1 if something would keep it from starting.`

// doctorFlags are the flags of doctor.
type doctorFlags struct {
	clients int
	json    bool
}

func (a *app) doctorCommand() *cobra.Command {
	var (
		in    input
		flags doctorFlags
	)
	cmd := &cobra.Command{
		Use:     "doctor [FILE...]",
		Short:   "Look at this machine and a broker before a big run",
		Long:    doctorHelp,
		Example: "mqttrace doctor scenarios/quickstart.yaml",
	}
	in.register(cmd)
	cmd.Args = cobra.ArbitraryArgs
	f := cmd.Flags()
	f.IntVar(&flags.clients, "clients", 50, "connect this `NUMBER` of clients")
	f.BoolVar(&flags.json, "json", false, "print the findings as JSON")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if flags.clients < 1 || flags.clients > mostExamined {
			return usage(cmd, fmt.Errorf("--clients %d: want 1 to %d", flags.clients, mostExamined))
		}
		probe, all, err := in.patients(cmd, files, flags.clients)
		if err != nil {
			return err
		}
		return a.doctor(cmd.Context(), probe, all, flags.json)
	}
	return cmd
}

// mostExamined bounds how many idle clients say what one takes.
const mostExamined = 10_000

// patients are the scenario whose clients examine the broker, and those that are to be run. All of them use the broker of the
// first, or the one that a flag names.
func (in *input) patients(cmd *cobra.Command, files []string, clients int) (probe *scenarios.Scenario, all []*scenarios.Scenario, err error) {
	sets := in.newBroker()
	if !cmd.Flags().Changed("broker") {
		sets = nil
	}
	if len(files) > 0 {
		if all, err = in.read(cmd, files, nil); err != nil {
			return nil, nil, err
		}
	}
	sets = append(sets, scenarios.Set{Origin: "--clients", Path: "senders[0].count", Value: strconv.Itoa(clients)})
	probe, err = scenarios.Decode("doctor", []byte(scenarioForBroker), sets...)
	if err != nil {
		return nil, nil, exitcode.With(exitcode.Usage, err)
	}
	if len(all) > 0 {
		probe.Broker, probe.Client = all[0].Broker, all[0].Client
	}
	probe.Receivers = nil
	return probe, all, nil
}

// doctor looks, and shows what it saw.
func (a *app) doctor(ctx context.Context, probe *scenarios.Scenario, all []*scenarios.Scenario, asJSON bool) error {
	aio, err := a.aio([]*scenarios.Scenario{probe})
	if err != nil {
		return err
	}
	machine, facts := doctor.Machine()
	sections := []doctor.Section{{Heading: "machine", Findings: machine}}
	a.finishFirst("interrupted: disconnecting; once more to leave at once")
	examined, err := load.Examine(ctx, probe, load.Options{AIO: aio})
	if err != nil {
		sections = append(sections, doctor.Section{Heading: "broker", Findings: []doctor.Finding{{Name: "connect", Value: err.Error(), Status: doctor.Problem}}})
	} else {
		heading := "broker " + examined.Name
		if examined.Version != "" {
			heading += " " + examined.Version
		}
		sections = append(sections, doctor.Section{Heading: heading, Findings: doctor.Broker(examined)})
		for _, sc := range all {
			sections = append(sections, doctor.Section{Heading: "scenario " + sc.Name + " needs", Findings: doctor.Needs(sc, facts, examined)})
		}
	}
	if err := showFindings(a, sections, asJSON); err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	for _, s := range sections {
		if doctor.Worst(s.Findings) == doctor.Problem {
			return exitcode.Silent(exitcode.CannotRun)
		}
	}
	return nil
}

func showFindings(a *app, sections []doctor.Section, asJSON bool) error {
	if !asJSON {
		return doctor.Text(&a.stdout, sections)
	}
	enc := json.NewEncoder(&a.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(sections)
}
