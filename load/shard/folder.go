package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mqttrace/load/clock"
)

// SendFile is Send for a result that is a file of the folder that all shards share. Shard 0 is told its name and its SHA-256, reads it
// there and checks it; where it has not appeared yet, as on a network file system, shard 0 looks again and again.
func (m *Member) SendFile(ctx context.Context, file string) error {
	if m.lead != nil {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := m.offer(ctx, offer{Bytes: len(data), File: filepath.Base(file), SHA256: hashOf(data)}, nil); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// readFile reads the file that a shard offers, while others go on.
func (l *lead) readFile(s *seat, now clock.Instant) {
	s.result.asked, s.result.reading = now, true
	of := s.result.of
	l.work.Go(func() {
		data, err := of.read(l.spec.Folder)
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.result.of != of {
			return
		}
		if s.result.reading, s.result.unread = false, err; err == nil {
			l.take(s, data)
			l.wake()
		}
	})
}

// read returns what is offered in a file, and an error if it is not what was offered.
func (o offer) read(folder string) ([]byte, error) {
	f, err := os.OpenInRoot(folder, o.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has not appeared in the folder %s", o.File, folder)
	} else if err != nil {
		return nil, fmt.Errorf("%s in the folder %s: %w", o.File, folder, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(o.Bytes)+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s in the folder %s: %w", o.File, folder, err)
	}
	if hashOf(data) != o.SHA256 {
		return nil, fmt.Errorf("%s in the folder %s is not what its shard wrote: its SHA-256 is another", o.File, folder)
	}
	return data, nil
}
