package reports

// room is how much of a result a format shows. All of it is in the result file.
type room struct {
	exemplars int  // slowest messages
	seen      int  // rows of each table of an observation
	slowSeen  int  // slowest messages of an observation
	name      int  // columns of a name of a service or host
	latencies bool // all latencies of however many arms, with all of their columns
	shards    int  // of a run
	below     bool // what has a column on a screen may stand below a label
}

var (
	// onScreen leaves room for the rest of a screen of text.
	onScreen = room{exemplars: 3, seen: 8, slowSeen: 5, name: 20, shards: 8}
	// onPage is for pages that scroll.
	onPage = room{exemplars: 10, seen: 100, slowSeen: 20, name: 80, latencies: true, shards: 100, below: true}
)
