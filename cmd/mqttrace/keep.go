package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mqttrace/load/result"
)

// checkFolder makes the folder for results and proves that files can be written there, so that nobody learns after an hour of
// measuring that they cannot.
func checkFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("no results can be kept in %s: %w; choose another folder with --out", dir, err)
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("no results can be kept in %s: %w; choose another folder with --out", dir, err)
	}
	// One byte, because a full disk may still have room for an empty file.
	_, err = probe.Write([]byte("."))
	if err := errors.Join(err, probe.Close(), os.Remove(probe.Name())); err != nil {
		return fmt.Errorf("no results can be kept in %s: %w; choose another folder with --out", dir, err)
	}
	return nil
}

// keep writes a result into dir and returns where it is. When that fails it goes to the system's folder for temporary files,
// or else to stdout, and the error says so: what was measured is never lost.
func (a *app) keep(dir, name string, res *result.Result) (path string, err error) {
	at := res.Started
	if at.IsZero() {
		at = time.Now()
	}
	file := result.FileName(name, at)
	path, err = result.Write(filepath.Join(dir, file), res)
	if err == nil {
		return path, nil
	}
	err = fmt.Errorf("the result cannot be kept in %s: %w", dir, err)
	path, tempErr := result.Write(filepath.Join(os.TempDir(), file), res)
	if tempErr == nil {
		return path, fmt.Errorf("%w; it is in %s instead", err, path)
	}
	if encodeErr := result.Encode(&a.stdout, res); encodeErr != nil {
		return "", errors.Join(err, tempErr, encodeErr)
	}
	return "", fmt.Errorf("%w; nor in the folder for temporary files: %w; it is on standard output instead", err, tempErr)
}
