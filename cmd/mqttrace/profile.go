package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"runtime/trace"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// profiles are the files that a run's own behaviour is written to: what the generator spends its time on.
type profiles struct{ cpu, trace string }

func (p *profiles) register(f *pflag.FlagSet) {
	f.StringVar(&p.cpu, "cpuprofile", "", "write a CPU profile of the generator to `FILE`, for go tool pprof")
	f.StringVar(&p.trace, "trace", "", "write an execution trace of the generator to `FILE`, for go tool trace")
}

// check refuses two recordings in one file.
func (p profiles) check(cmd *cobra.Command) error {
	if p.cpu != "" && p.cpu == p.trace {
		return usage(cmd, fmt.Errorf("--cpuprofile and --trace: want two files, got %s twice", p.cpu))
	}
	return nil
}

// start begins what was asked for; stop ends it and closes the files.
func (p profiles) start() (stop func() error, err error) {
	stopCPU, err := record(p.cpu, "CPU profile", func(f *os.File) error { return pprof.StartCPUProfile(f) }, pprof.StopCPUProfile)
	if err != nil {
		return nil, err
	}
	stopTrace, err := record(p.trace, "execution trace", func(f *os.File) error { return trace.Start(f) }, trace.Stop)
	if err != nil {
		return nil, errors.Join(err, stopCPU())
	}
	return func() error { return errors.Join(stopCPU(), stopTrace()) }, nil
}

// record starts one recording into a file; without a name it does nothing.
func record(name, what string, begin func(*os.File) error, end func()) (stop func() error, err error) {
	if name == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := begin(f); err != nil {
		return nil, fmt.Errorf("%s: %w", what, errors.Join(err, f.Close()))
	}
	return func() error {
		end()
		if err := f.Close(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}, nil
}
