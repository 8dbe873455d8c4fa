package manifest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mqttrace/scenarios"
)

// files are what a scenario refers to, and pods find beside it.
type files struct {
	// Public ones are in the ConfigMap, Secret ones in a Secret that is made by hand.
	Public, Secret []file
}

// file is one of them.
type file struct {
	// Path is where it is below the scenario's folder, with slashes, and Source where it is here.
	Path, Source string
	content      []byte
}

// Key is the file's in a ConfigMap or a Secret, whose keys have no slashes.
func (f file) Key() string { return strings.ReplaceAll(f.Path, "/", ".") }

// Base64 is what is in the file.
func (f file) Base64() string { return base64.StdEncoding.EncodeToString(f.content) }

// mostPublic is how many bytes of files a ConfigMap may have beside the scenario, which is 128 KiB at most: 1 MiB in all, by the
// API server, of which base64 takes a third more.
const mostPublic = 600 << 10

// filesOf finds the files of a scenario. written is all that is said about them, the scenario's text and flags.
func filesOf(sc *scenarios.Scenario, scenario, written string) (files, error) {
	var all files
	var problems []error
	folder, err := filepath.Abs(filepath.Dir(scenario))
	if err != nil {
		return all, err
	}
	place := func(key, path string, to *[]file) {
		if path == "" || slices.ContainsFunc(*to, func(f file) bool { return f.Source == path }) {
			return
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil || !filepath.IsLocal(rel) || strings.Contains(written, path) {
			problems = append(problems, fmt.Errorf("%s: no pod has %s; move it into the scenario's folder and name it from there", key, path))
			return
		}
		rel = filepath.ToSlash(rel)
		*to = append(*to, file{Path: rel, Source: path})
	}
	for _, sender := range sc.Senders {
		place("senders."+sender.Name+".payload.file", sender.Payload.File, &all.Public)
	}
	place("broker.tls.ca", sc.Broker.TLS.CA, &all.Public)
	place("broker.password_file", sc.Broker.PasswordFile, &all.Secret)
	place("broker.tls.cert", sc.Broker.TLS.Cert, &all.Secret)
	place("broker.tls.key", sc.Broker.TLS.Key, &all.Secret)
	return all, errors.Join(append(problems, all.read(), all.distinct())...)
}

// read takes in what the ConfigMap is to have.
func (f files) read() error {
	var problems []error
	total := 0
	for i := range f.Public {
		content, err := os.ReadFile(f.Public[i].Source)
		problems = append(problems, err)
		f.Public[i].content = content
		total += len(content)
	}
	if total > mostPublic {
		problems = append(problems, fmt.Errorf("files: payload files and certificates are %d bytes together, want at most %d: a ConfigMap holds no more; payload.size makes large payloads", total, mostPublic))
	}
	return errors.Join(problems...)
}

// distinct refuses files whose keys would be the same.
func (f files) distinct() error {
	var problems []error
	for _, list := range [][]file{append([]file{{Path: "scenario.yaml"}}, f.Public...), f.Secret} {
		for i, a := range list {
			if j := slices.IndexFunc(list[:i], func(b file) bool { return a.Key() == b.Key() }); j >= 0 {
				problems = append(problems, fmt.Errorf("files: %s and %s would both be %s in the cluster; rename one", list[j].Path, a.Path, a.Key()))
			}
		}
	}
	return errors.Join(problems...)
}
