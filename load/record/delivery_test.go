package record

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAccount(t *testing.T) {
	cases := []struct {
		name    string
		arrived [][]uint32 // sequence numbers by inbox
		sent    uint32
		want    Account
		missing []uint32
	}{
		{"nothing sent", [][]uint32{{}}, 0, Account{}, nil},
		{"all in order", [][]uint32{{0, 1, 2}}, 3, Account{Distinct: 3}, nil},
		{"one lost in the middle, one at the end", [][]uint32{{0, 2, 3}}, 5, Account{Distinct: 3}, []uint32{1, 4}},
		{"a duplicate", [][]uint32{{0, 1, 1}}, 2, Account{Distinct: 2, Duplicated: 1}, nil},
		{"an old duplicate is not a reordering", [][]uint32{{0, 1, 2, 0}}, 3, Account{Distinct: 3, Duplicated: 1}, nil},
		{"two swapped", [][]uint32{{0, 2, 1, 3}}, 4, Account{Distinct: 4, Reordered: 1}, nil},
		{"one far late", [][]uint32{{1, 2, 3, 4, 0}}, 5, Account{Distinct: 5, Reordered: 1}, nil},
		{"shared by two", [][]uint32{{0, 2}, {1, 3}}, 4, Account{Distinct: 4}, nil},
		{"given to both members", [][]uint32{{0, 1}, {1, 2}}, 3, Account{Distinct: 3, Duplicated: 1}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var inboxes []*Inbox
			for _, seqs := range c.arrived {
				b := NewInbox(2)
				for _, seq := range seqs {
					b.Add(1, 0, seq, false)
				}
				inboxes = append(inboxes, b)
			}
			got := AccountOf(1, inboxes)
			var missing []uint32
			got.Missing(c.sent, func(seq uint32) bool { missing = append(missing, seq); return true })
			assert.Equal(t, c.missing, missing)
			got.seen = sequences{}
			assert.Equal(t, c.want, got)
			assert.Zero(t, AccountOf(0, inboxes).Distinct, "another flow's account")
		})
	}
}

func TestAccountIsExactOverManyPages(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const sent = 5*pageBits + 17
	var lost []uint32
	members := []*Inbox{NewInbox(1), NewInbox(1), NewInbox(1)}
	for seq := range uint32(sent) {
		if random.IntN(1000) == 0 {
			lost = append(lost, seq)
			continue
		}
		members[random.IntN(len(members))].Add(0, 0, seq, false)
	}
	account := AccountOf(0, members)
	missing := slices.Collect(func(yield func(uint32) bool) { account.Missing(sent, yield) })
	assert.Equal(t, lost, missing)
	assert.EqualValues(t, sent-len(lost), account.Distinct)
	assert.Zero(t, account.Reordered)
}

func TestFullPagesTakeNoMemory(t *testing.T) {
	b := NewInbox(1)
	for seq := range uint32(3 * pageBits) {
		b.Add(0, 0, seq, false)
	}
	for _, p := range b.journal(0).seen.pages {
		assert.Same(t, fullPage, p)
	}
	assert.False(t, b.Add(0, 0, 5, true), "still known")
	assert.Equal(t, Totals{Duplicated: 1, DuplicatedFlagged: 1}, TotalsOf([]*Inbox{b}))
}

func BenchmarkInboxAdd(b *testing.B) {
	inbox := NewInbox(1)
	var seq uint32
	b.ReportAllocs()
	for b.Loop() {
		inbox.Add(0, 0, seq, false)
		seq++
	}
}

func TestAccountCountsWithinARange(t *testing.T) {
	inbox := NewInbox(1)
	for seq := range uint32(3 * pageBits) {
		if seq%3 != 0 || seq/pageBits == 1 { // the page in the middle is full
			inbox.Add(0, 0, seq, false)
		}
	}
	a := AccountOf(0, []*Inbox{inbox})
	for _, c := range [][2]uint32{{0, 0}, {0, 1}, {0, 2}, {1, 64}, {63, 65}, {100, 99}, {0, pageBits}, {pageBits - 1, pageBits + 1}, {10, 3*pageBits - 10}, {2 * pageBits, 9 * pageBits}} {
		var want uint64
		for seq := c[0]; seq < min(c[1], 3*pageBits); seq++ {
			if seq%3 != 0 || seq/pageBits == 1 {
				want++
			}
		}
		assert.Equal(t, want, a.Within(c[0], c[1]), "%v", c)
	}
}
