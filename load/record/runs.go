package record

import "math/bits"

// find is the first number from one on that is in the set, or that is not; the end of the last page if there is none.
func (s *sequences) find(from uint64, in bool) uint64 {
	end := uint64(len(s.pages)) * pageBits
	for from < end {
		p := s.pages[from/pageBits]
		if p == nil && !in {
			return from
		}
		if p == nil {
			from = (from/pageBits + 1) * pageBits
			continue
		}
		word := p.words[from%pageBits/64]
		if !in {
			word = ^word
		}
		if word >>= from % 64; word != 0 {
			return from + uint64(bits.TrailingZeros64(word))
		}
		from = (from/64 + 1) * 64
	}
	return end
}

// runs calls yield for each run of numbers that follow one another, in order; end is left out.
func (s *sequences) runs(yield func(first, end uint64) bool) {
	limit := uint64(len(s.pages)) * pageBits
	for first := s.find(0, true); first < limit; {
		end := s.find(first, false)
		if !yield(first, end) {
			return
		}
		first = s.find(end, true)
	}
}

// addRun puts the numbers from first up to end, end left out, into a set that has none of them.
func (s *sequences) addRun(first, end uint64) {
	s.size += end - first
	for first < end {
		i := int(first / pageBits)
		for len(s.pages) <= i {
			s.pages = append(s.pages, nil)
		}
		until := min(end, uint64(i+1)*pageBits)
		s.addToPage(i, uint32(first%pageBits), uint32(until-uint64(i)*pageBits))
		first = until
	}
}

// addToPage puts the numbers from low up to high, counted from the page's first, into a page that has none of them.
func (s *sequences) addToPage(i int, low, high uint32) {
	if high-low == pageBits {
		s.pages[i] = fullPage
		return
	}
	if s.pages[i] == nil {
		s.pages[i] = new(page)
	}
	p := s.pages[i]
	p.size += int(high - low)
	if p.size == pageBits {
		s.pages[i] = fullPage
		return
	}
	for w := low / 64; w*64 < high; w++ {
		p.words[w] |= wordOf(w, low, high)
	}
}

// wordOf has the bits from low up to high, high left out, of word w of a page.
func wordOf(w, low, high uint32) uint64 {
	word := ^uint64(0)
	if first := w * 64; first < low {
		word &= ^uint64(0) << (low - first)
	}
	if last := w*64 + 64; last > high {
		word &= ^uint64(0) >> (last - high)
	}
	return word
}
