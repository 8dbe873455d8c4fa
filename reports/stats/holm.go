package stats

import "slices"

// Holm corrects the p-values of tests that are looked at together: where a corrected value is below a level, the chance that any
// of those with no difference is too stays below that level (Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
// 1979). The values are in the order of p, which is left as it is.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	corrected := make([]float64, len(p))
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, float64(len(p)-rank)*p[i]))
		corrected[i] = highest
	}
	return corrected
}
