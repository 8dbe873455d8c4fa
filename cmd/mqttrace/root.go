package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mqttrace/cmd/internal/exitcode"
)

const rootHelp = `mqttrace runs load tests over MQTT 5 and tells how long messages take, what tracing them
costs, and whether the traces tell the truth.

Exit codes: 0 pass, 1 could not run, 2 bad usage or scenario, 3 threshold missed, delivery
promise broken or regressed, 4 run invalid, 130 interrupted.`

// helpTemplate ends with the example: the last line of every help text works as pasted.
const helpTemplate = `{{with or .Long .Short}}{{trimTrailingWhitespaces .}}

{{end}}Usage:
  {{.UseLine}}
{{- if .HasAvailableSubCommands}}

Verbs:
{{- range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{- end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{trimTrailingWhitespaces .LocalFlags.FlagUsages}}
{{- end}}

Example:
  {{.Example}}
`

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:                   "mqttrace VERB",
		DisableFlagsInUseLine: true,
		Short:                 "Load tests for traced MQTT",
		Long:                  rootHelp,
		Example:               "mqttrace run scenarios/quickstart.yaml",
		Version:               toolVersion(),
		SilenceErrors:         true, // execute prints them
		SilenceUsage:          true,
		Args:                  verbNeeded,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(cmd.ErrOrStderr())
			return errors.Join(cmd.Help(), errors.New("a verb is needed"))
		},
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
		SuggestionsMinimumDistance: mostTypos,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.runCommand(), a.reportCommand(), a.validateCommand(), a.planCommand(), a.schemaCommand(), a.brokerCommand(),
		a.conformCommand(), a.versionCommand(), a.completionCommand())
	root.AddCommand(a.observeCommand(), a.sinkCommand(), a.compareCommand(), a.historyCommand(), a.doctorCommand(), a.calibrateCommand(), a.mergeCommand(), a.k8sCommand())
	root.SetHelpCommand(helpCommand(root))
	return root
}

// helpCommand is cobra's, but for failing when there is nothing to help with.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:                   "help [VERB]",
		DisableFlagsInUseLine: true,
		Short:                 "Explain a verb",
		Example:               "mqttrace help run",
		RunE: func(_ *cobra.Command, args []string) error {
			verb, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return verbNeeded(root, args)
			}
			verb.InitDefaultHelpFlag()
			verb.InitDefaultVersionFlag()
			return verb.Help()
		},
	}
}

// mostTypos is how many letters may be wrong for a suggestion.
const mostTypos = 2

// verbNeeded refuses words that are no verb and names those that are close.
func verbNeeded(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(root, fmt.Errorf("unknown verb %q%s", args[0], didYouMean("", root.SuggestionsFor(args[0]))))
}

// flagError names the flags that are close to one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	if unknown := (*pflag.NotExistError)(nil); errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		name := unknown.GetSpecifiedName()
		err = fmt.Errorf("unknown flag --%s%s", name, didYouMean("--", closeFlags(cmd, name)))
	}
	return usage(cmd, err)
}

// closeFlags lists the flags of cmd that name may have been meant for. Cobra knows how to suggest commands alone, so they
// stand in for flags.
func closeFlags(cmd *cobra.Command, name string) []string {
	all := &cobra.Command{SuggestionsMinimumDistance: mostTypos}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		all.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return all.SuggestionsFor(name)
}

func didYouMean(prefix string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + prefix + strings.Join(names, " or "+prefix) + "?"
}

// usage is an error in how cmd was called.
func usage(cmd *cobra.Command, err error) error {
	return exitcode.With(exitcode.Usage, fmt.Errorf("%w\n'%s --help' explains", err, cmd.CommandPath()))
}

// wants checks the number of arguments and says what they should have been.
func wants(what string, check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) == nil {
			return nil
		}
		return usage(cmd, fmt.Errorf("%s wants %s, got %d arguments", cmd.Name(), what, len(args)))
	}
}
