package shard

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/mqtt"
)

// joinSharing joins shards that share a folder.
func joinSharing(t *testing.T, folder string, of int, wait time.Duration) []outcome {
	t.Helper()
	specs := shardsOf(of)
	for i := range specs {
		specs[i].Collect, specs[i].Folder, specs[i].Wait = FromFolder, folder, wait
	}
	members := joinAll(t, mqtt.Settings{Address: mosquitto(t).Addr()}, specs...)
	for _, m := range members {
		require.NoError(t, m.err)
	}
	return members
}

// write writes the result of a shard into a folder.
func write(t *testing.T, folder string, index int) (file string) {
	t.Helper()
	file = filepath.Join(folder, fmt.Sprintf("%d.json", index))
	require.NoError(t, os.WriteFile(file, resultOf(index), 0o600))
	return file
}

// A folder of a network file system shows a file later, and not all of it at first.
func TestFilesOfAFolder(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	members := joinSharing(t, folder, 4, testLimit)
	var sent sync.WaitGroup
	for i, at := range []string{folder, folder, folder, elsewhere} {
		file := write(t, at, i)
		sent.Go(func() { assert.NoError(t, members[i].SendFile(limited(t), file)) })
	}
	sent.Go(func() {
		for _, n := range []int{1000, len(resultOf(3))} {
			time.Sleep(2 * quick.again)
			assert.NoError(t, os.WriteFile(filepath.Join(folder, "3.json"), resultOf(3)[:n], 0o600))
		}
	})
	results, err := members[0].Collect(limited(t))
	require.NoError(t, err)
	sent.Wait()
	assert.Nil(t, results[0])
	for i := 1; i < 4; i++ {
		assert.Equal(t, resultOf(i), results[i])
	}
}

// What is in a file can be had without the process that wrote it.
func TestFileOfAShardThatIsGone(t *testing.T) {
	folder := t.TempDir()
	members := joinSharing(t, folder, 2, testLimit)
	gone, cancel := context.WithCancel(limited(t))
	cancel()
	require.ErrorIs(t, members[1].SendFile(gone, write(t, folder, 1)), context.Canceled)
	require.NoError(t, members[1].Close(limited(t)))
	results, err := members[0].Collect(limited(t))
	require.NoError(t, err)
	assert.Equal(t, resultOf(1), results[1])
}

// Nobody waits for what a shard that is gone has not told of.
func TestNoFileOfAShardThatIsGone(t *testing.T) {
	members := joinSharing(t, t.TempDir(), 2, testLimit)
	var closed sync.WaitGroup
	closed.Go(func() {
		time.Sleep(quick.again)
		assert.NoError(t, members[1].Close(limited(t)))
	})
	_, err := members[0].Collect(limited(t))
	closed.Wait()
	require.EqualError(t, err, "no result came from shard 1 of 2")
}

func TestFilesThatCannotBeTaken(t *testing.T) {
	folder := t.TempDir()
	const wait = 10 * time.Second
	members := joinSharing(t, folder, 5, wait)
	files := make([]string, 5)
	for i := 1; i < 5; i++ {
		files[i] = write(t, folder, i)
	}
	late, cancel := context.WithCancel(limited(t))
	cancel()
	for i := 1; i < 5; i++ {
		require.ErrorIs(t, members[i].SendFile(late, files[i]), context.Canceled, "it tells, and waits for nothing")
	}
	require.NoError(t, os.Remove(files[1]))
	altered := resultOf(3)
	altered[0] ^= 1
	require.NoError(t, os.WriteFile(files[3], altered, 0o600))
	require.NoError(t, os.WriteFile(files[4], append(resultOf(4), ' '), 0o600))
	results, err := members[0].Collect(limited(t))
	require.EqualError(t, err, fmt.Sprintf("no result came from shards 1, 3 and 4 of 5: 1.json has not appeared in the folder %s; "+
		"3.json in the folder %[1]s is not what its shard wrote: its SHA-256 is another; "+
		"4.json in the folder %[1]s is not what its shard wrote: its SHA-256 is another", folder))
	assert.Equal(t, [][]byte{nil, nil, resultOf(2), nil, nil}, results)
}

// A shard waits no longer than others do for it.
func TestFileThatNobodyFetches(t *testing.T) {
	folder := t.TempDir()
	members := joinSharing(t, folder, 2, 10*time.Second)
	file := write(t, folder, 1)
	require.EqualError(t, members[1].SendFile(limited(t), file), file+": shard 0 did not fetch it within 10s")
	require.ErrorIs(t, members[1].SendFile(limited(t), filepath.Join(folder, "2.json")), os.ErrNotExist)
	require.NoError(t, members[0].SendFile(limited(t), "its own"))
}

// A name never leads out of the folder.
func TestOfferedFileIsOfTheFolder(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, 1)
	sub := filepath.Join(folder, "sub")
	require.NoError(t, os.Mkdir(sub, 0o700))
	_, err := offer{File: "../1.json", Bytes: len(resultOf(1)), SHA256: hashOf(resultOf(1))}.read(sub)
	require.ErrorContains(t, err, "path escapes from parent")
}
