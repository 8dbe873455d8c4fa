package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load"
	"mqttrace/load/clock"
	"mqttrace/load/result"
	"mqttrace/load/shard"
	"mqttrace/scenarios"
)

// completionIndex is where a pod of a Kubernetes Job with an index each finds its own.
const completionIndex = "JOB_COMPLETION_INDEX"

// shardFlags say which share of a run this process has. The zero value is all of it.
type shardFlags struct {
	shard   string // I/N
	shards  int
	run     string
	prefix  string
	wait    time.Duration
	collect string
}

func (s *shardFlags) register(f *pflag.FlagSet) {
	f.StringVar(&s.shard, "shard", "", "run share `I/N` of the clients, I from 0, together with N-1 other processes")
	f.IntVar(&s.shards, "shards", 0, "run a share of the clients as one of this `NUMBER` of processes; the share is $"+completionIndex)
	f.StringVar(&s.run, "run-id", "", "meet the other shards under this `NAME`; the scenario's and a part of its hash if none is given")
	f.StringVar(&s.prefix, "control-prefix", shard.DefaultPrefix, "begin the topics of shards' control messages with this `TOPIC`")
	f.DurationVar(&s.wait, "shard-wait", 2*time.Minute, "give up when the other shards are not there after this `TIME`")
	f.StringVar(&s.collect, "collect", string(shard.OverBroker), "bring the results of all shards to shard 0 over the broker, as files of the folder --out, which all share, or not at all (`broker|folder|no`)")
}

// sharding is what the flags come to, nil if this process does all of the run. all may be empty if the scenarios cannot be read.
func (s *shardFlags) sharding(f *pflag.FlagSet, all []*scenarios.Scenario, getenv func(string) string) (*load.Sharding, error) {
	if !f.Changed("shard") && !f.Changed("shards") {
		return nil, exitcode.With(exitcode.Usage, aimless(f))
	}
	index, of, err := s.share(f, getenv)
	problems := []error{err}
	collect := shard.Collection(s.collect)
	if !slices.Contains([]shard.Collection{shard.OverBroker, shard.FromFolder, shard.NoCollection}, collect) {
		problems = append(problems, fmt.Errorf("--collect %s: want %s, %s or %s", s.collect, shard.OverBroker, shard.FromFolder, shard.NoCollection))
	}
	if s.run != "" && !shard.IsRun(s.run) {
		problems = append(problems, fmt.Errorf("--run-id %s: want a name without /, + and #", s.run))
	}
	if !shard.IsPrefix(s.prefix) {
		problems = append(problems, fmt.Errorf("--control-prefix %s: want a topic without + and # that does not begin with $", s.prefix))
	}
	if s.wait <= 0 {
		problems = append(problems, fmt.Errorf("--shard-wait %v: want more than 0 s", s.wait))
	}
	if planted := getenv(clock.ErrorEnv); planted != "" {
		if _, err := time.ParseDuration(planted); err != nil {
			problems = append(problems, fmt.Errorf("%s=%s: want a time such as 30ms", clock.ErrorEnv, planted))
		}
	}
	if len(all) > 1 {
		problems = append(problems, fmt.Errorf("%d scenarios: want one, where it is shared among processes", len(all)))
	}
	for _, sc := range all {
		if err := sc.Shardable(max(of, 1)); err != nil {
			problems = append(problems, fmt.Errorf("%s cannot be shared among processes:\n%w", sc.Name, err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, exitcode.With(exitcode.Usage, err)
	}
	if s.run == "" && len(all) > 0 {
		if s.run, err = load.DefaultRunName(all[0], toolVersion()); err != nil {
			return nil, exitcode.With(exitcode.CannotRun, err)
		}
	}
	return &load.Sharding{Index: index, Of: of, Run: s.run, Prefix: s.prefix, Wait: s.wait, Collect: collect}, nil
}

// aimless names flags that only mean something to one of several processes.
func aimless(f *pflag.FlagSet) error {
	var problems []error
	for _, name := range []string{"run-id", "control-prefix", "shard-wait", "collect"} {
		if f.Changed(name) {
			problems = append(problems, fmt.Errorf("--%s: want --shard or --shards beside it", name))
		}
	}
	return errors.Join(problems...)
}

// share reads which share it is.
func (s *shardFlags) share(f *pflag.FlagSet, getenv func(string) string) (index, of int, err error) {
	if f.Changed("shard") && f.Changed("shards") {
		return 0, 0, errors.New("--shard and --shards: want one of them")
	}
	if f.Changed("shard") {
		i, n, _ := strings.Cut(s.shard, "/")
		index, indexErr := strconv.Atoi(i)
		of, ofErr := strconv.Atoi(n)
		if indexErr != nil || ofErr != nil || of < 1 || index < 0 || index >= of {
			return 0, 0, fmt.Errorf("--shard %s: want I/N with I from 0 to N-1, such as 0/8", s.shard)
		}
		return index, of, nil
	}
	if s.shards < 1 {
		return 0, 0, fmt.Errorf("--shards %d: want 1 or more", s.shards)
	}
	text := getenv(completionIndex)
	index, err = strconv.Atoi(text)
	if err != nil || index < 0 || index >= s.shards {
		return 0, 0, fmt.Errorf("--shards %d: %s=%q in the environment, want 0 to %d; or say --shard I/%d", s.shards, completionIndex, text, s.shards-1, s.shards)
	}
	return index, s.shards, nil
}

// driven is what a run has come to in this process.
type driven struct {
	own    *result.Result // what this process measured; nil if nothing was
	shown  *result.Result // the same, or that of all shards where this process has it
	called string         // what the file of shown is called, without the time
	kept   *kept          // where that is; nil if it is still to be written
}

// kept says what has become of a result: where its file is, and what is wrong with that.
type kept struct {
	path string
	lost error
}

// drive runs a scenario, or this process's share of it, which is kept in a file of its own where there is more to show.
func (a *app) drive(ctx context.Context, sc *scenarios.Scenario, opts load.Options, flags runFlags) (d driven, err error) {
	if flags.sharding == nil {
		d.own, err = a.engine(ctx, sc, opts)
		d.shown, d.called = d.own, sc.Name
		return d, err
	}
	sharding := *flags.sharding
	sharding.Folder = flags.out
	sharding.Keep = func(own *result.Result) (file string, ok bool) {
		path, lost := a.keep(flags.out, shareName(sc, own), own)
		d.kept = &kept{path, lost}
		return path, lost == nil
	}
	var whole *result.Result
	if d.own, whole, err = load.RunShare(ctx, sc, opts, sharding); d.own == nil {
		return d, err
	}
	a.complain(err) // of what came after the run
	if d.shown, d.called = whole, sc.Name; whole == nil {
		d.shown, d.called = d.own, shareName(sc, d.own)
	} else if flags.sharding.Of > 1 {
		_, err := a.keep(flags.out, shareName(sc, d.own), d.own)
		a.complain(err)
	}
	return d, nil
}

// shard says which one this process is; nil if it is none.
func (flags runFlags) shard() *result.Shard {
	if flags.sharding == nil {
		return nil
	}
	return &result.Shard{Index: flags.sharding.Index, Of: flags.sharding.Of, Run: flags.sharding.Run}
}

// shareName is what the file of a share's result is called, without the time.
func shareName(sc *scenarios.Scenario, own *result.Result) string {
	return fmt.Sprintf("%s-shard%dof%d", sc.Name, own.Shard.Index, own.Shard.Of)
}

// interruption says that somebody has ended the run, and where, if err comes of that; empty if the run could not go on.
func interruption(ctx context.Context, err error) string {
	failure := (*shard.Failure)(nil)
	switch {
	case err == nil:
		return ""
	case ctx.Err() != nil:
		return "interrupted"
	case errors.As(err, &failure) && failure.Cause == shard.Interrupted:
		return failure.Shard.String() + " was interrupted"
	}
	return ""
}
