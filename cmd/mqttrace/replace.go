package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"mqttrace/load/result"
)

// replace writes a page to a file, whole or not at all, in the place of an earlier page. It makes the file's folder if that is
// missing, and does not take the place of a result.
func replace(path string, text []byte) error {
	if _, err := result.Read(path); err == nil {
		return fmt.Errorf("%s is a result, which nothing may take the place of", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("writing %s: %w", path, bare(err))
	}
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x.tmp", filepath.Base(path), rand.Uint32()))
	if err := os.WriteFile(temp, text, 0o666); err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(bare(err), removeIfThere(temp)))
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(temp)))
	}
	return nil
}

// removeIfThere removes what a failed write may have left.
func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
