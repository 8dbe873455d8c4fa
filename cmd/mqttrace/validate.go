package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) validateCommand() *cobra.Command {
	var in input
	cmd := &cobra.Command{
		Use:     "validate FILE...",
		Short:   "Check scenarios and start nothing",
		Long:    "Validate reads scenarios and names every mistake in them with its file, line and column.\nNothing is started. Mistakes exit with 2.",
		Example: "mqttrace validate scenarios/*.yaml",
	}
	in.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		_, err := in.read(cmd, files, func(file string) {
			if file == stdin {
				file = stdinName
			}
			fmt.Fprintf(&a.stdout, "%s: ok\n", file)
		})
		return err
	}
	return cmd
}
