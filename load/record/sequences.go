package record

import "math/bits"

const (
	pageBits  = 4096
	pageWords = pageBits / 64
)

// sequences is a set of sequence numbers: a bit for each, in pages. A page in which no number is missing needs no memory of its
// own. The zero value is empty.
type sequences struct {
	pages []*page
	size  uint64
}

type page struct {
	words [pageWords]uint64
	size  int
}

// fullPage stands for every page with all of its numbers. It is only read.
var fullPage = func() *page {
	p := &page{size: pageBits}
	for i := range p.words {
		p.words[i] = ^uint64(0)
	}
	return p
}()

// add puts seq into the set and reports whether it was not there.
func (s *sequences) add(seq uint32) bool {
	i, word, bit := int(seq/pageBits), seq%pageBits/64, uint64(1)<<(seq%64)
	for len(s.pages) <= i {
		s.pages = append(s.pages, nil)
	}
	p := s.pages[i]
	if p == nil {
		p = new(page)
		s.pages[i] = p
	}
	if p.words[word]&bit != 0 {
		return false
	}
	p.words[word] |= bit
	p.size++
	s.size++
	if p.size == pageBits {
		s.pages[i] = fullPage
	}
	return true
}

// has reports whether seq is in the set.
func (s *sequences) has(seq uint32) bool {
	i := int(seq / pageBits)
	return i < len(s.pages) && s.pages[i] != nil && s.pages[i].words[seq%pageBits/64]&(1<<(seq%64)) != 0
}

// union adds all numbers of other.
func (s *sequences) union(other *sequences) {
	for len(s.pages) < len(other.pages) {
		s.pages = append(s.pages, nil)
	}
	for i, p := range other.pages {
		if p != nil {
			s.unionPage(i, p)
		}
	}
}

func (s *sequences) unionPage(i int, other *page) {
	mine := s.pages[i]
	merged := new(page)
	if mine != nil {
		s.size -= uint64(mine.size)
		merged.words = mine.words
	}
	for w, bitsOfWord := range other.words {
		merged.words[w] |= bitsOfWord
		merged.size += bits.OnesCount64(merged.words[w])
	}
	s.size += uint64(merged.size)
	if merged.size == pageBits {
		merged = fullPage
	}
	s.pages[i] = merged
}

// within is how many numbers from low up to high, high left out, are in the set.
func (s *sequences) within(low, high uint32) (n uint64) {
	for i, p := range s.pages {
		first := uint64(i) * pageBits
		from, until := max(uint64(low), first), min(uint64(high), first+pageBits)
		if p != nil && from < until {
			n += p.within(uint32(from-first), uint32(until-first))
		}
	}
	return n
}

// within counts the bits from low up to high of a page.
func (p *page) within(low, high uint32) (n uint64) {
	for w := low / 64; w*64 < high; w++ {
		n += uint64(bits.OnesCount64(p.words[w] & wordOf(w, low, high)))
	}
	return n
}

// missing calls yield for each number below end that is not in the set, in order, until it returns false.
func (s *sequences) missing(end uint32, yield func(uint32) bool) {
	for seq := uint32(0); seq < end; seq++ {
		i := int(seq / pageBits)
		if i < len(s.pages) && s.pages[i] == fullPage {
			seq += pageBits - 1
			continue
		}
		if s.has(seq) {
			continue
		}
		if !yield(seq) {
			return
		}
	}
}
