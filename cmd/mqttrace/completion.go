package main

import (
	"io"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
)

func (a *app) completionCommand() *cobra.Command {
	scripts := map[string]func(root *cobra.Command, w io.Writer) error{
		"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh":        (*cobra.Command).GenZshCompletion,
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	}
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:                   "completion SHELL",
		DisableFlagsInUseLine: true,
		Short:                 "Print a script that completes verbs, flags and files",
		Long:                  "Completion prints a script for bash, zsh, fish or powershell that completes verbs, flags and\nscenario files.",
		Example:               "source <(mqttrace completion bash)",
		ValidArgs:             shells,
		Args:                  wants("one of bash, zsh, fish and powershell", cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return exitcode.With(exitcode.CannotRun, scripts[args[0]](cmd.Root(), &a.stdout))
		},
	}
}
