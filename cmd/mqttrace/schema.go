package main

import (
	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/scenarios"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "schema",
		DisableFlagsInUseLine: true,
		Short:                 "Print the JSON Schema of scenario files",
		Long:                  "Schema prints the JSON Schema of scenario files. An editor that knows it completes keys and\nmarks mistakes while you type.",
		Example:               "mqttrace schema > scenario.schema.json",
		Args:                  wants("no arguments", cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			schema, err := scenarios.JSONSchema()
			if err == nil {
				_, err = a.stdout.Write(schema)
			}
			return exitcode.With(exitcode.CannotRun, err)
		},
	}
}
