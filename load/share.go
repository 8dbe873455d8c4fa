package load

// share is what one of several processes, a shard, has of a run.
type share struct {
	index, of int
}

// has reports whether the client of a number, counted over all senders and on over all receivers, is the shard's.
func (s *share) has(client int) bool { return client%s.of == s.index }
