// Package shard lets the processes that share a run meet, begin together, hear of each other's ends, compare their clocks and bring
// their results to one of them, over the very broker that is under load. There is no other server: shard 0 leads.
//
// In goes a [Spec], which share of which run this process has; out comes a [Member]: barriers, the instant of the start, the clock
// that maps instants to shard 0's, why the run was given up if it was, and in shard 0 the others' results. Only those may come another
// way: as files of a folder that all share, see [FromFolder]. Package load is its user; package offset, below, estimates the clocks.
//
//	Spec      which share of which run
//	Member    what a shard says of itself, and what it hears
//	lead      what shard 0 does for all
//	link      a connection for control messages
//	asker     asks shard 0 for its clock, which answerer answers
//	Failure   why a run was given up
//
// # What goes over the broker
//
// All below prefix/run, in JSON at QoS 1 unless said otherwise, and every message expires:
//
//	report          each shard -> 0  all it has to say of itself: once a second, and at once when it changes; its will says that it is gone
//	state           0 -> all         the same of shard 0 for the whole run, retained; cleared at the end
//	letter/{nonce}  0 -> one process  its welcome or refusal, which part of its result is wanted, and that it has come
//	result/{nonce}  each shard -> 0  a part of a result, as it is, with its number in a user property
//	clock/{nonce}   both ways        requests and answers of clock comparisons, QoS 0, on connections of their own
//
// Reports and the state say everything, not what has changed: a message that is lost, doubled or late does no harm, and after a lost
// connection, or a broker that was started anew, there is nothing to resume. The nonce tells a process from any other with its index, and
// the run from former ones of its name: a shard announces itself until a shard 0 welcomes it, and follows that one's states alone, so
// that what a killed one has left behind on the broker is not taken for news.
//
// # Who is dead, and who is replaced
//
// A shard is dead whose connection ended (its will came) and that said nothing within 2 s from then, or that said nothing for 10 s. Time
// for which the listener itself had no connection does not count. Until all have arrived a process that is dead may be replaced, shard 0
// too, as Kubernetes replaces pods; two that live are a duplicate, and the end of the run, as is a shard of another scenario. After that
// a death is the end of the run, and a newcomer is refused and does it no harm. The broker may be away for 30 s.
//
// Whatever ends a run, shard 0 says so in its state, and all end with the same words. It stays until the others have heard it, for 4 s at
// most; where shards that do not go together end it, those that are still to come, too. If it is shard 0 that is dead, everybody notices alike.
//
// Waits are bounded: the arrivals and each step by Spec.Wait from the first, silence and an absent broker as above, a result by Spec.Wait
// without a sign of shard 0, in shard 0 by Spec.Wait without another result, and all by their contexts.
//
// # Results as files
//
// With FromFolder a report names the file that holds the shard's result, its length and its SHA-256, and shard 0 reads it from the folder
// that it shares with the others, whatever each calls it. A network file system may show a file late, or for a while not all of it: until
// the wait is over shard 0 tries again every 2 s, whatever was wrong, also when the shard itself is gone. Letters say when it is taken, so
// that a shard whose file shard 0 never saw says so as well.
//
// # What limits 1,000 shards and 1,000,000 connections
//
// 1,000 members in one process, against a Mosquitto, on two cores that others were using too: all had arrived after 3.7 s, a step took
// 0.4 to 0.7 s, at rest with 8 clock comparisons a second each they cost 0.32 cores, shard 0 included, and the broker 0.23; 1,000 results of
// 240 kB came in 6.4 s. With N shards of C clients each, here 1,000 and 1,000:
//
//   - Control messages: N reports a second to shard 0, of some 450 bytes, and as many deliveries of its state, of 300: 1,000/s and
//     0.45 MB/s in, one message out. A step costs N reports, N deliveries and N reports of having seen it: 3,000 messages.
//   - Clock comparisons, between hosts only: 8 N requests and as many answers a second, 8,000 and 8,000 through one connection
//     of shard 0, and four times 8,000 packets through the broker; 20 N before the start. It is the largest flow, some 2 MB/s, and the
//     first that would disturb a broker: 16,000 messages/s beside a load of 1,000,000/s are 2 %, beside one of 10,000/s they are the load.
//   - Results: the histograms of an arm take some 20 kB (four, compressed), 60 s of series as much, the ledger some 10 bytes for each
//     sender and each receiver that heard it. 100 kB each are 100 MB in all, in shard 0's memory until they are merged, in 2,000 parts of
//     up to 64 KiB. 16 shards send at a time, one part each: at 5 ms a part up to 200 MB/s, so the network decides: 1 s at 1 Gbit/s.
//   - Everybody's place in each shard: a shard knows all senders, because the stamps of what it receives name them. That takes
//     906 bytes for each sender with a topic of its own (measured on 200,000), so 0.9 GB in every shard and 0.9 TB in all, and some 10 s
//     to make. An inbox takes 8 bytes for each 64 senders before anything arrives, 125 kB for each receiver.
//   - Stamps tell 1,048,576 senders apart (20 bits): enough, and nearly the end.
//   - Connections: C of the load, and two of its shard for control and clock; 1,002,002 in all, of which 2,002 are not load.
//     A million connections of the broker's own are its memory (Mosquitto: a few kB each) and its file descriptors; of one shard 1,000,
//     of one client address to one broker at most 28,000 with Linux's usual range of ports.
//   - Shard 0 is told by all: 1,000 reports/s are decoded in 10 ms of CPU time. At 10,000 shards it would be 100 ms, and a step 30,000
//     messages: seconds.
//
// So the places come first: they grow with the whole run in every shard. What to change, in this order: keep of other shards' senders
// only what the scenario does not say, and compute the rest from the index; let exchanges become rarer as N grows, or have one
// shard of each host make them for all on it, as they share a clock; merge results in a tree of shards, each taking in those of 32; have
// reports go to such a tree as well.
package shard
