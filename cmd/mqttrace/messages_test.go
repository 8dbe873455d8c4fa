package main

import (
	"bytes"
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/rogpeppe/go-internal/testscript"

	"mqttrace/load/result"
)

// messages checks that a file of messages has a line for each message that a result has received, arm by arm, and their median
// response time:
//
//	messages all.csv.gz $RESULT
func messages(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 2, "messages file result")
	res, err := result.Read(ts.MkAbs(args[1]))
	ts.Check(err)
	responses := make(map[string][]int64) // by arm
	for _, line := range readMessages(ts, args[0]) {
		intended, err := strconv.ParseInt(line["intended_ns"], 10, 64)
		ts.Check(err)
		received, err := strconv.ParseInt(line["received_ns"], 10, 64)
		ts.Check(err)
		responses[line["arm"]] = append(responses[line["arm"]], received-intended)
		if (line["trace_id"] == "") != (line["arm"] == "off") {
			ts.Fatalf("trace %q in arm %s", line["trace_id"], line["arm"])
		}
	}
	for _, a := range res.Arms {
		got := responses[a.Name]
		if uint64(len(got)) != a.Received {
			ts.Fatalf("arm %s: %d lines, want %d", a.Name, len(got), a.Received)
		}
		if a.Received == 0 {
			continue
		}
		slices.Sort(got)
		median, want := float64(got[(len(got)-1)/2]), float64(*a.Latency[result.Response].P50NS)
		if math.Abs(median-want) > 0.002*want { // histograms have three significant digits
			ts.Fatalf("arm %s: the median of the lines is %v ns, the result's %v ns", a.Name, median, want)
		}
	}
}

// readMessages reads the lines of a file of messages by column.
func readMessages(ts *testscript.TestScript, file string) (lines []map[string]string) {
	var r io.Reader = strings.NewReader(ts.ReadFile(file))
	if strings.HasSuffix(file, ".gz") {
		unzipped, err := gzip.NewReader(r)
		ts.Check(err)
		text, err := io.ReadAll(unzipped) // to the checksum
		ts.Check(err)
		r = bytes.NewReader(text)
	}
	rows, err := csv.NewReader(r).ReadAll()
	ts.Check(err)
	for _, row := range rows[1:] {
		line := make(map[string]string)
		for i, column := range rows[0] {
			line[column] = row[i]
		}
		lines = append(lines, line)
	}
	return lines
}
