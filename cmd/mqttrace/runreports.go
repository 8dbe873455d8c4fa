package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"mqttrace/reports"
	"mqttrace/scenarios"
)

// reportFormats finds the formats that run is to write besides results, or says what is wrong with all of them.
func reportFormats(names []string, all []*scenarios.Scenario) (formats []reports.Format, err error) {
	var problems []error
	for _, name := range names {
		format, err := formatNamed(reports.Formats, "--report", name)
		if err == nil && format.IsSingle && slices.ContainsFunc(all, comparesArms) {
			err = fmt.Errorf("--report %s shows one arm, and a scenario compares several: mqttrace report RESULT --format %s --arm ARM", name, name)
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if !slices.ContainsFunc(formats, func(f reports.Format) bool { return f.Name == name }) {
			formats = append(formats, format)
		}
	}
	return formats, errors.Join(problems...)
}

// setFormats finds the formats of --report.
func (flags *runFlags) setFormats(cmd *cobra.Command, names []string, all []*scenarios.Scenario) (err error) {
	if flags.formats, err = reportFormats(names, all); err != nil {
		return usage(cmd, err)
	}
	return nil
}

func comparesArms(sc *scenarios.Scenario) bool { return sc != nil && len(sc.Tracing.Compare) > 1 }
