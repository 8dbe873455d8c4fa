// Package stack holds docker-compose.yaml, the Dockerfile and everything in resources/ to what they promise, and says which
// metrics dashboards may rely on ([Emitted]).
//
// None of those files is Go, and none is run by the other tests, so each is read here with the parser of the tool that it is
// for: Compose's own loader, BuildKit's Dockerfile parser, the typed objects of Kubernetes, Prometheus' query language. What
// takes a collector or a container engine is in .ci/check-collector and .ci/check-images.
//
// The table behind Emitted, emitted.json, is the one place that names metrics for dashboards. Dashboards are checked against
// it here; it is checked against what programs export: the services' part by TestServicesEmit, the collector's by
// TestThroughCollector, the harness's where the harness is tested, with [Missing].
package stack
