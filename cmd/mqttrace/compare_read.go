package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mqttrace/reports"
)

// sidesOf splits the arguments into those of either side: by --, or one and one.
func sidesOf(cmd *cobra.Command, args []string, takesTurns bool) (sides [2][]string, err error) {
	dash := cmd.ArgsLenAtDash()
	switch {
	case takesTurns && len(args) > 0:
		return sides, fmt.Errorf("--run makes its own results: want no arguments, got %d", len(args))
	case takesTurns:
		return sides, nil
	case slices.Contains(args, stdin):
		return sides, errors.New("compare reads files and folders, not standard input")
	case dash > 0 && dash < len(args):
		return [2][]string{args[:dash], args[dash:]}, nil
	case dash >= 0:
		return sides, errors.New("want results before and behind --")
	case len(args) == 2:
		return [2][]string{args[:1], args[1:]}, nil
	case len(args) > 2:
		return sides, fmt.Errorf("want a base and a new result or folder, got %d arguments; of several say which are which: BASE... -- NEW... on the command line", len(args))
	default:
		return sides, fmt.Errorf("want a base and a new result or folder, or --run, got %d arguments", len(args))
	}
}

// readSides reads both sides, or says what is wrong with all of their files.
func readSides(sides [2][]string, scenario string) (base, changed []reports.Saved, err error) {
	var runs [2][]reports.Saved
	var problems []error
	for i, paths := range sides {
		for _, path := range paths {
			found, err := resultsAt(path)
			problems = append(problems, err)
			runs[i] = append(runs[i], found...)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, nil, err
	}
	names := scenariosOf(runs[0])
	if scenario != "" {
		runs[0], runs[1] = ofScenario(runs[0], scenario), ofScenario(runs[1], scenario)
		if len(runs[0]) == 0 || len(runs[1]) == 0 {
			return nil, nil, fmt.Errorf("--scenario %s: no result of it on either side; base has %s", scenario, strings.Join(names, ", "))
		}
	} else if len(names) > 1 {
		return nil, nil, fmt.Errorf("base has results of %d scenarios: choose one of %s with --scenario", len(names), strings.Join(names, ", "))
	}
	return runs[0], runs[1], nil
}

// resultsAt reads a result, or every one in a folder; those in folders below it are not. Reports and comparisons lie beside results,
// where a folder or a pattern such as *.json finds them: they are left out.
func resultsAt(path string) (runs []reports.Saved, err error) {
	files := []string{path}
	if isFolder(path) {
		if files, err = filepath.Glob(filepath.Join(escapeGlob(path), "*.json")); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	runs, _, problems := readEach(nil, files)
	if len(runs) == 0 && len(problems) == 0 {
		return nil, fmt.Errorf("%s: there is no result in it; mqttrace run --out FOLDER keeps some in a folder", path)
	}
	return runs, errors.Join(problems...)
}

// escapeGlob keeps a folder's name from being a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`[`, `[[]`, `*`, `[*]`, `?`, `[?]`).Replace(path)
}

// bare takes the operation and the path off an error that names them already.
func bare(err error) error {
	if inPath := (*fs.PathError)(nil); errors.As(err, &inPath) {
		return inPath.Err
	}
	return err
}

// scenariosOf lists the names of the scenarios that ran.
func scenariosOf(runs []reports.Saved) (names []string) {
	for _, r := range runs {
		if name := scenarioOf(r); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func scenarioOf(r reports.Saved) string {
	var named struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(r.Scenario, &named) // an unreadable one has no name, and says so where it is compared
	return named.Name
}

func ofScenario(runs []reports.Saved, name string) []reports.Saved {
	return slices.DeleteFunc(runs, func(r reports.Saved) bool { return scenarioOf(r) != name })
}
