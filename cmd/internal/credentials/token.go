package credentials

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// lookEvery is how often a token is looked at even if nothing says that its folder changed: not every file system does.
const lookEvery = time.Minute

// Token is a token in a file that is renewed while the process runs, as Kubernetes renews projected service account tokens.
// Safe for concurrent use.
type Token struct {
	path string

	mu        sync.Mutex
	presented []byte // what Present returned last
}

// NewToken returns the token in a file.
func NewToken(path string) *Token { return &Token{path: path} }

// Present reads the token, to be presented to a broker now.
func (t *Token) Present() ([]byte, error) {
	token, err := ReadSecret(t.path)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.presented = token
	return token, nil
}

// Watch calls renewed whenever the file holds another token than was presented last, or than it called for last, until ctx ends.
// However many clients present a token, one Watch is enough for all: one that connects anew, and so presents a renewed token of
// itself, does not keep the others from being told. It watches the folder and not the file: a projected volume changes by
// exchanging a symbolic link beside it.
func (t *Token) Watch(ctx context.Context, renewed func()) error {
	folder := filepath.Dir(t.path)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", folder, err)
	}
	defer watcher.Close()
	if err := watcher.Add(folder); err != nil {
		return fmt.Errorf("watch %s: %w", folder, err)
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	told := t.latest()
	for {
		if token, err := ReadSecret(t.path); err == nil && (t.isAnother(token) || !bytes.Equal(token, told)) {
			told = token
			renewed()
		}
		select {
		case <-watcher.Events: // whatever happened, it is the content that counts
		case <-watcher.Errors: // as after an overflow: look
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// latest is what was presented last; if nothing was, what is in the file.
func (t *Token) latest() []byte {
	t.mu.Lock()
	presented := t.presented
	t.mu.Unlock()
	if presented == nil {
		presented, _ = ReadSecret(t.path) // one that cannot be read is on its way
	}
	return presented
}

// isAnother says whether a token is not the one that was presented last.
func (t *Token) isAnother(token []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.presented != nil && !bytes.Equal(token, t.presented)
}
