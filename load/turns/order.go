package turns

import "math/rand/v2"

// Side is one of the two command lines.
type Side int

// The sides.
const (
	Base Side = iota
	New
)

// String is "base" or "new".
func (s Side) String() string { return [...]string{"base", "new"}[s] }

// Order is the sides of all turns when each runs so many times. Blocks of four are ABBA or BAAB, as the seed has it; a last block of
// two has one of each.
func Order(runs int, seed uint64) []Side {
	random := rand.New(rand.NewPCG(seed, 0xabba))
	order := make([]Side, 0, 2*runs)
	for len(order) < 2*runs {
		first := Side(random.IntN(2))
		second := 1 - first
		order = append(order, first, second, second, first)
	}
	return order[:2*runs]
}
