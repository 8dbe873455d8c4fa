package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker; when it is not, the version is the one that go install knows.
var version string

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "version",
		DisableFlagsInUseLine: true,
		Short:                 "Print the version of mqttrace, Go and the system",
		Example:               "mqttrace version",
		Args:                  wants("no arguments", cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(&a.stdout, "mqttrace %s\n%s\n%s/%s\n", toolVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// toolVersion is mqttrace's version, or "dev" for a build that nobody gave one.
func toolVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
