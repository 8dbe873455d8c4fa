package credentials_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"mqttrace/cmd/internal/credentials"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func writeEd25519(t *testing.T, seed []byte) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed))
	require.NoError(t, err)
	return write(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

const limit = 30 * time.Second

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(limit):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

// watch presents what is renewed, as a client does, until the test ends.
func watch(t *testing.T, token *credentials.Token) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	renewed, done := make(chan string, 100), make(chan error, 1)
	go func() {
		done <- token.Watch(ctx, func() {
			if data, err := token.Present(); err == nil {
				renewed <- string(data)
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, receive(t, done))
	})
	return renewed
}

func TestWatchNoticesAFileThatIsReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token")
	replace := func(text string) {
		next := filepath.Join(dir, "next")
		require.NoError(t, os.WriteFile(next, []byte(text), 0o600))
		require.NoError(t, os.Rename(next, path))
	}
	replace("first\n")
	token := credentials.NewToken(path)
	data, err := token.Present()
	require.NoError(t, err)
	assert.Equal(t, "first", string(data))
	renewed := watch(t, token)
	replace("first")
	replace("second")
	assert.Equal(t, "second", receive(t, renewed), "the same token is none that was renewed")
	require.NoError(t, os.Remove(path))
	replace("third")
	assert.Equal(t, "third", receive(t, renewed))
}

// Kubernetes shows a folder of links through a link, and exchanges that.
func TestWatchNoticesAnExchangedLink(t *testing.T) {
	dir := t.TempDir()
	project := func(version, text string) {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, version, "token"), []byte(text), 0o600))
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..next")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..next"), filepath.Join(dir, "..data")))
	}
	project("..1", "first")
	require.NoError(t, os.Symlink(filepath.Join("..data", "token"), filepath.Join(dir, "token")))
	token := credentials.NewToken(filepath.Join(dir, "token"))
	_, err := token.Present()
	require.NoError(t, err)
	renewed := watch(t, token)
	project("..2", "second")
	assert.Equal(t, "second", receive(t, renewed))
}

func TestWatchNoticesWhatChangedBeforeIt(t *testing.T) {
	path := write(t, "first")
	token := credentials.NewToken(path)
	_, err := token.Present()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("second"), 0o600))
	assert.Equal(t, "second", receive(t, watch(t, token)))
}

func TestWatchErrors(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none", "token")
	token := credentials.NewToken(none)
	assert.ErrorContains(t, token.Watch(t.Context(), nil), "watch "+filepath.Dir(none))
	_, err := token.Present()
	assert.ErrorContains(t, err, "no such file or directory")
}
