package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
)

func (a *app) planCommand() *cobra.Command {
	var in input
	cmd := &cobra.Command{
		Use:     "plan FILE...",
		Short:   "Say what a run would do and start nothing",
		Long:    "Plan says in words and numbers what a run of each scenario would do: clients, rates, topics,\nmessages and time. Nothing is started.",
		Example: "mqttrace plan scenarios/quickstart.yaml --set duration=1m",
	}
	in.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		all, err := in.read(cmd, files, nil)
		if err != nil {
			return err
		}
		for i, sc := range all {
			if i > 0 {
				fmt.Fprintln(&a.stdout)
			}
			if _, err := sc.Plan().WriteTo(&a.stdout); err != nil {
				return exitcode.With(exitcode.CannotRun, err)
			}
		}
		return nil
	}
	return cmd
}
