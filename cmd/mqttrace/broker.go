package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/broker"
)

func (a *app) brokerCommand() *cobra.Command {
	var (
		cfg          broker.EmbeddedConfig
		passwordFile string
	)
	cmd := &cobra.Command{
		Use:     "broker",
		Short:   "Run the embedded MQTT broker on its own",
		Long:    "Broker runs the embedded broker until Ctrl-C and prints its URL when it listens. It is meant for\ntests: it keeps nothing when it ends.",
		Example: "mqttrace broker --listen 127.0.0.1:1883",
		Args:    wants("no arguments", cobra.NoArgs),
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Listen, "listen", "127.0.0.1:1883", "`ADDRESS` to listen on; port 0 takes a free one")
	f.StringVar(&cfg.Username, "username", "", "let in only clients with this user `NAME`; everybody if empty")
	f.StringVar(&passwordFile, "password-file", "", "`FILE` with the password that those clients must present")
	f.StringVar(&cfg.CertFile, "cert", "", "PEM `FILE` with the certificate for TLS; with --key")
	f.StringVar(&cfg.KeyFile, "key", "", "PEM `FILE` with the certificate's key")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		password, err := readPassword(passwordFile)
		if err != nil {
			return exitcode.With(exitcode.Usage, err)
		}
		cfg.Password = password
		cfg.Log = slog.New(slog.NewTextHandler(&a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
		return exitcode.With(exitcode.CannotRun, a.serve(cmd, cfg))
	}
	return cmd
}

// serve runs the broker until the command's context ends and says what it lost.
func (a *app) serve(cmd *cobra.Command, cfg broker.EmbeddedConfig) error {
	var server *broker.Server
	err := broker.Serve(cmd.Context(), cfg, func(s *broker.Server) {
		server = s
		a.finishFirst("stopping; once more to leave at once")
		fmt.Fprintln(&a.stdout, s.URL())
	})
	if err != nil {
		return err
	}
	if lost := server.Drops(); lost != (broker.Drops{}) {
		fmt.Fprintf(&a.stderr, "%d messages dropped because a client's queue was full, %d given up unacknowledged\n", lost.Dropped, lost.Discarded)
	}
	return nil
}

// readPassword reads a file with a password; one newline at its end is not part of it.
func readPassword(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	return string(bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))), nil
}
