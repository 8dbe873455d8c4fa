package main

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/kballard/go-shellquote"
	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/cmd/internal/manifest"
)

func (a *app) k8sCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:                   "k8s VERB",
		DisableFlagsInUseLine: true,
		Short:                 "Run scenarios on a Kubernetes cluster",
		Long:                  "K8s helps to run scenarios on a Kubernetes cluster, in as many processes as the load takes.",
		Example:               "mqttrace k8s manifest scenarios/fan-in.yaml --shards 4 --broker mosquitto",
		Args:                  verbNeeded,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cmd.SetOut(cmd.ErrOrStderr())
		return errors.Join(cmd.Help(), usage(cmd, errors.New("a verb is needed")))
	}
	cmd.AddCommand(a.manifestCommand())
	return cmd
}

const manifestHelp = `Manifest prints the objects that run a scenario on a Kubernetes cluster: an Indexed Job with a pod
for each shard, and what the pods need. Shards wait for each other, share the senders and receivers
of the scenario, and shard 0 collects what they measured, prints it and decides how the Job ends.

The broker is the scenario's own unless --broker names another: aio is that of Azure IoT Operations,
mosquitto the one of resources/kubernetes/overlays/mosquitto. Mistakes exit with 2.`

func (a *app) manifestCommand() *cobra.Command {
	var in input
	var s manifest.Settings
	cmd := &cobra.Command{
		Use:     "manifest FILE",
		Short:   "Print the objects that run a scenario in shards",
		Long:    manifestHelp,
		Example: "mqttrace k8s manifest scenarios/fan-in.yaml --shards 4 --broker mosquitto",
	}
	in.register(cmd)
	cmd.Args = wants("one scenario file, or - for standard input", cobra.ExactArgs(1))
	f := cmd.Flags()
	f.Lookup("broker").Usage = "aio, mosquitto (the one in the cluster) or a `URL`; instead of the scenario's broker and its login"
	f.IntVar(&s.Shards, "shards", 0, "share the load between this `NUMBER` of pods; required")
	f.StringVar(&s.Image, "image", manifest.DefaultImage, "run this `IMAGE` of mqttrace")
	f.StringVarP(&s.Namespace, "namespace", "n", "", "put the objects into this `NAMESPACE`; with aio azure-iot-operations, with mosquitto mqttrace, if none is given")
	f.StringVar(&s.OTLP, "otlp", manifest.Collector, "export metrics, and spans if the scenario does, to the collector at this `URL`; empty for none")
	f.StringVar(&s.Results, "results", "", "keep result files in this persistent volume `CLAIM`, and collect them there and not over the broker")
	_ = cmd.MarkFlagRequired("shards")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		s.Broker, s.Sets, s.Duration = in.broker, in.sets, in.duration
		in.broker = manifest.BrokerURL(in.broker)
		text, err := a.scenarioText(cmd, files[0])
		if err != nil {
			return err
		}
		all, err := in.read(cmd, files, nil)
		if err != nil {
			return errors.Join(err, exitcode.With(exitcode.Usage, s.Check()))
		}
		s.Command = "mqttrace " + shellquote.Join(a.args...)
		var out bytes.Buffer
		if err := manifest.Write(&out, all[0], files[0], text, s); err != nil {
			return exitcode.With(exitcode.Usage, err)
		}
		_, err = out.WriteTo(&a.stdout)
		return err
	}
	return cmd
}

// scenarioText is what the file says, which the cluster gets as it is. Standard input can be read again after this.
func (a *app) scenarioText(cmd *cobra.Command, file string) ([]byte, error) {
	if file != stdin {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil // reading the scenario says it better
		}
		return text, nil
	}
	text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxStdin+1))
	cmd.SetIn(bytes.NewReader(text))
	return text, err
}
