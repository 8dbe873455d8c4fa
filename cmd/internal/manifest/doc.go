// Package manifest describes the load test of a scenario as objects of Kubernetes: an Indexed Job with a pod for each shard, and
// what the pods need. What comes in is a scenario that has been decoded, with its text; what goes out is a stream of YAML for
// kubectl.
//
// The objects are a text template and not values of k8s.io/api: those would make the binary 26 % larger and each of its processes
// 6 MB heavier, the generator's among them, and could not carry the comments that say why. That every object decodes strictly
// into its type is tested instead.
package manifest
