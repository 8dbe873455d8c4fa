package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/scenarios"
)

// stdin is the argument that stands for standard input, and stdinName what messages call it.
const (
	stdin     = "-"
	stdinName = "stdin"
)

// maxStdin bounds what is read from standard input; scenario files are a few kilobytes.
const maxStdin = 1 << 20

// input is the flags of the verbs that read scenarios: values laid over each file.
type input struct {
	sets             []string
	broker, duration string
}

func (in *input) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&in.sets, "set", nil, "lay `PATH=VALUE` over the scenario, such as senders[0].rate=50/s; may be repeated")
	f.StringVar(&in.broker, "broker", "", "embedded, mosquitto, aio, or a `URL`; instead of the scenario's broker and its login")
	f.StringVar(&in.duration, "duration", "", "count load for this `TIME`, such as 30s; instead of the scenario's")
	cmd.Args = wants("at least one scenario file, or - for standard input", cobra.MinimumNArgs(1))
	cmd.ValidArgsFunction = cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt)
}

// overlay is the flags as values to lay over a file. A broker comes first, so that --set can add a login to it; a duration
// comes last and wins over --set.
func (in *input) overlay(cmd *cobra.Command) (sets []scenarios.Set, err error) {
	if cmd.Flags().Changed("broker") {
		sets = in.newBroker()
	}
	var problems []error
	for _, arg := range in.sets {
		set, err := scenarios.ParseSet(arg)
		problems = append(problems, err)
		sets = append(sets, set)
	}
	if cmd.Flags().Changed("duration") {
		sets = append(sets, scenarios.Set{Origin: "--duration", Path: "duration", Value: in.duration})
	}
	return sets, errors.Join(problems...)
}

// newBroker puts another broker in the place of the scenario's, whose login and certificates are not for it. A URL takes the
// long form, which has room for others.
func (in *input) newBroker() []scenarios.Set {
	if !strings.Contains(in.broker, "://") {
		return []scenarios.Set{{Origin: "--broker", Path: "broker", Value: in.broker}}
	}
	return []scenarios.Set{
		{Origin: "--broker", Path: "broker", Value: "{}"},
		{Origin: "--broker", Path: "broker.url", Value: in.broker},
	}
}

// read decodes every file, or says what is wrong with all of them. A file that is fine is handed to ok, if that is not nil.
func (in *input) read(cmd *cobra.Command, files []string, ok func(file string)) ([]*scenarios.Scenario, error) {
	sets, err := in.overlay(cmd)
	if err != nil {
		return nil, exitcode.With(exitcode.Usage, err)
	}
	var all []*scenarios.Scenario
	var problems []error
	isRead := false
	for _, file := range files {
		if file == stdin && isRead {
			return nil, usage(cmd, errors.New("standard input can be read once"))
		}
		isRead = isRead || file == stdin
		sc, err := decode(cmd.InOrStdin(), file, sets)
		switch {
		case err != nil:
			problems = append(problems, err)
		case ok != nil:
			ok(file)
		}
		all = append(all, sc)
	}
	if len(problems) > 0 {
		return nil, exitcode.With(exitcode.Usage, errors.Join(problems...))
	}
	return all, nil
}

func decode(in io.Reader, file string, sets []scenarios.Set) (*scenarios.Scenario, error) {
	if file != stdin {
		return scenarios.Load(file, sets...)
	}
	data, err := io.ReadAll(io.LimitReader(in, maxStdin+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", stdinName, err)
	case len(data) > maxStdin:
		return nil, fmt.Errorf("%s is longer than the %d bytes that a scenario may have", stdinName, maxStdin)
	}
	return scenarios.Decode(stdinName, data, sets...)
}
