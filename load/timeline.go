package load

import (
	"math/rand/v2"
	"sort"
	"time"
)

// timeline lays a run out in time: a warm-up, then slices in each of which one arm is in force. A run of one arm is a single
// slice. Schedules know nothing of it: they yield offsets on a time in which the slices follow each other at once, the load's
// own; between two slices the clock on the wall goes on without any message being due, so that what one arm has under way
// ends before the next begins. It is a pure function of its settings.
type timeline struct {
	slices []slice
	gap    time.Duration // before each slice, in which nothing is due
	settle time.Duration // at the start of each slice, in which messages are sent and not counted
}

// slice is a stretch of the load's own time.
type slice struct {
	arm        int
	begin, end time.Duration
}

const (
	// A comparison's slices are as short as leaves the settling a small part of them: many short ones tell drift from
	// difference better than few long ones.
	slicesPerArm       = 20
	minSlice, maxSlice = 250 * time.Millisecond, 2 * time.Second
	sliceGap           = 100 * time.Millisecond
	sliceSettle        = 50 * time.Millisecond
)

// newTimeline lays out a run of that many arms; length 0 chooses the slices' length.
func newTimeline(warmup, duration, length time.Duration, arms int, seed uint64) *timeline {
	if arms == 1 {
		return &timeline{slices: []slice{{begin: warmup, end: warmup + duration}}}
	}
	n, length := sliceCount(duration, length, arms)
	t := &timeline{gap: sliceGap, settle: min(sliceSettle, length/5)}
	order := balancedOrder(arms, rand.New(rand.NewPCG(seed, 0xa2b5)))
	for i := range n {
		begin := warmup + time.Duration(i)*length
		t.slices = append(t.slices, slice{arm: order[i%len(order)], begin: begin, end: begin + length})
	}
	return t
}

// sliceCount is how many slices there are and how long they are; length 0 chooses. There are as many as make whole cycles of the
// balanced order, if there is time for one.
func sliceCount(duration, length time.Duration, arms int) (int, time.Duration) {
	cycle := arms * arms
	if length > 0 {
		n := max(int(duration/length), arms)
		if n > cycle {
			n -= n % cycle
		}
		return n, length
	}
	length = min(max(duration/time.Duration(slicesPerArm*arms), minSlice), maxSlice)
	n := max(int(duration/length), arms)
	if n > cycle {
		n -= n % cycle
		length = duration / time.Duration(n)
	}
	return n, length
}

// balancedOrder is a cycle in which each arm comes exactly once after each arm, itself included: an Eulerian circuit of the
// complete graph with loops, in an order that the random numbers choose.
func balancedOrder(arms int, random *rand.Rand) []int {
	next := make([][]int, arms)
	for i := range next {
		next[i] = random.Perm(arms)
	}
	var circuit []int
	path := []int{random.IntN(arms)}
	for len(path) > 0 {
		at := path[len(path)-1]
		if len(next[at]) == 0 {
			circuit = append(circuit, at)
			path = path[:len(path)-1]
			continue
		}
		path = append(path, next[at][0])
		next[at] = next[at][1:]
	}
	return circuit[:len(circuit)-1] // the last is the first again
}

// end is the end of the load, in its own time.
func (t *timeline) end() time.Duration { return t.slices[len(t.slices)-1].end }

// at is the slice that an offset of the load's own time falls into; the warm-up counts to the first.
func (t *timeline) at(offset time.Duration) int {
	i := sort.Search(len(t.slices), func(i int) bool { return t.slices[i].end > offset })
	return min(i, len(t.slices)-1)
}

// counted reports whether a message due at offset counts, and in which arm it is sent.
func (t *timeline) counted(offset time.Duration) (arm int, counts bool) {
	s := t.slices[t.at(offset)]
	return s.arm, offset >= s.begin+t.settle
}

// real turns an offset of the load's own time into one on the clock.
func (t *timeline) real(offset time.Duration) time.Duration {
	if offset < t.slices[0].begin {
		return offset
	}
	return offset + time.Duration(t.at(offset)+1)*t.gap
}

// sliceEnd is the end of slice i on the clock; its gap follows.
func (t *timeline) sliceEnd(i int) time.Duration { return t.slices[i].end + time.Duration(i+1)*t.gap }

// sliceCounts is when slice i begins to count, on the clock.
func (t *timeline) sliceCounts(i int) time.Duration {
	return t.slices[i].begin + t.settle + time.Duration(i+1)*t.gap
}

// own turns an offset on the clock into the load's own time: the inverse of real. In a gap it stands still.
func (t *timeline) own(real time.Duration) time.Duration {
	for i := range t.slices {
		if real < t.sliceEnd(i) {
			return min(max(real-time.Duration(i+1)*t.gap, min(real, t.slices[i].begin)), t.slices[i].end)
		}
	}
	return t.end()
}

// scheduled counts the messages of a fresh schedule that count in an arm and are due before end, in the load's own time.
func (t *timeline) scheduled(s *schedule, arm int, end time.Duration) (n uint64) {
	for _, sl := range t.slices {
		s.skipTo(min(sl.begin+t.settle, end))
		due := s.skipTo(min(sl.end, end))
		if sl.arm == arm {
			n += due
		}
	}
	return n
}
