package scenarios

import (
	"maps"
	"slices"
	"strings"
)

// listing joins words as people do: a, b or c.
func listing(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// didYouMean suggests the known word nearest to a misspelt one, if one is near.
func didYouMean(word string, known []string) string {
	if len(word) > 2*maxName {
		return ""
	}
	distances := map[string]int{}
	for _, k := range known {
		if n := distance(strings.ToLower(word), strings.ToLower(k)); n <= max(1, len(k)/3) {
			distances[k] = n
		}
	}
	if len(distances) == 0 {
		return ""
	}
	best := slices.MinFunc(slices.Sorted(maps.Keys(distances)), func(a, b string) int { return distances[a] - distances[b] })
	return " (did you mean " + best + "?)"
}

// distance counts the characters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
