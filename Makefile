# What contributors and users run. `make` by itself lists it.

BIN        := bin/mqttrace
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
SCENARIO   ?= scenarios/quickstart.yaml
# How long the whole test suite may take, and how long each fuzz target runs.
TEST_TIME  ?= 18m
FUZZ_TIME  ?= 30s
BENCH_RUNS ?= 10
BENCH_TIME ?= 100ms
# How long each measurement of bench-load takes, how often it is repeated, and -quick for one broker and one arm.
LOAD_TIME  ?= 2s
LOAD_TURNS ?= 2
LOAD_FLAGS ?=
# What `make latency` runs, on which brokers: embedded, mosquitto or URLs. Scenarios run on each of them.
LATENCY_SCENARIOS ?= scenarios/quickstart.yaml scenarios/fan-in.yaml scenarios/tracing-cost-quick.yaml
LATENCY_BROKER    ?= embedded mosquitto
# What `make latency-compare` runs on this working copy and on the commit BASE, and how often on each.
BASE             ?= main
COMPARE_SCENARIO ?= scenarios/quickstart.yaml
COMPARE_RUNS     ?= 10
SUDO       := $(if $(filter-out 0,$(shell id -u)),sudo)

.DEFAULT_GOAL := help
.PHONY: help run build test test-tools screenshots bench bench-load fuzz lint cross latency latency-compare history history-keep check-collector check-images image-tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build and run the quick-start scenario on the embedded broker (SCENARIO=FILE for another)
	$(BIN) run $(SCENARIO)

build: ## build bin/mqttrace
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/mqttrace

# A process with the race detector waits a second at its end, and tests start hundreds.
test: export GORACE := atexit_sleep_ms=0 $(GORACE)
test: test-tools ## install what tests need and run them all with the race detector
	go test -race -timeout $(TEST_TIME) ./...

# Mosquitto is the broker that tests compare against, Chromium shows the pages that they look at; the race detector needs a C
# compiler on Linux.
test-tools:
	@missing=; \
	PATH="$$PATH:/usr/sbin:/usr/local/sbin"; \
	command -v mosquitto >/dev/null || missing=mosquitto; \
	command -v openssl >/dev/null || missing="$$missing openssl"; \
	chromium=; for name in chromium chromium-browser google-chrome google-chrome-stable chrome \
		'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' /Applications/Chromium.app/Contents/MacOS/Chromium; do \
		command -v "$$name" >/dev/null && chromium=$$name; \
	done; \
	[ -n "$$chromium" ] || missing="$$missing chromium$$(command -v apt-get >/dev/null && echo ' fonts-dejavu-core')"; \
	[ "$$(uname -s)" != Linux ] || command -v "$$(go env CC)" >/dev/null || missing="$$missing gcc libc6-dev"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	echo "installing $$missing"; \
	if command -v apt-get >/dev/null; then \
		$(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; \
	elif command -v brew >/dev/null; then \
		brew install --quiet $$missing; \
	else \
		echo "neither apt-get nor brew is here: install $$missing by hand, then run make test again" >&2; exit 1; \
	fi

screenshots: build test-tools ## run three scenarios and take the README's pictures of their reports
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	$(BIN) run --out "$$dir" scenarios/quickstart.yaml scenarios/tracing-cost-quick.yaml scenarios/exporter-stress.yaml && \
	go test ./reports -run '^TestPicturesOfTheReadme$$' -pictures "$$dir"

# Each run goes through all benchmarks, so that what the machine does meanwhile falls on all of them alike. benchstat's differences
# in percent are rewritten as ratios.
bench: ## compare the propagation core with OpenTelemetry's own: ten interleaved runs, last column the ratio
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	go test -c -o "$$dir/bench.test" . && \
	for run in $$(seq $(BENCH_RUNS)); do \
		echo "run $$run of $(BENCH_RUNS)" >&2; \
		"$$dir/bench.test" -test.run '^$$' -test.bench . -test.benchtime $(BENCH_TIME) >>"$$dir/runs.txt" || exit 1; \
	done && \
	go tool benchstat -col /impl "$$dir/runs.txt" | awk '{ \
		while (match($$0, /[-+][0-9.]+%/)) \
			$$0 = substr($$0, 1, RSTART - 1) sprintf("%" RLENGTH "s", sprintf("%.3fx", 1 + substr($$0, RSTART, RLENGTH - 1) / 100)) substr($$0, RSTART + RLENGTH); \
		gsub(/vs base/, "to otel"); print }'

bench-load: ## compare what a message costs on either client with the least it can cost (LOAD_FLAGS=-quick for a look)
	go run ./cmd/internal/benchload -time $(LOAD_TIME) -turns $(LOAD_TURNS) -summary reports/out/bench-load.md $(LOAD_FLAGS)

fuzz: ## run every fuzz target for FUZZ_TIME
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 100x $$package; \
		done; \
	done

lint: cross ## check format, go.mod, vet and staticcheck, and that it builds for every system
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not as gofmt has it:"; echo "$$unformatted"; exit 1; fi
	go mod verify
	go mod tidy -diff
	go vet ./...
	go tool staticcheck ./...

cross:
	@set -e; for os in linux darwin windows; do echo "GOOS=$$os go build ./..."; CGO_ENABLED=0 GOOS=$$os go build ./...; done

# Their settings reach the scripts by the environment, where no shell takes them apart.
latency: export LATENCY_BROKER := $(LATENCY_BROKER)
latency-compare: export BASE := $(BASE)
latency-compare: export COMPARE_SCENARIO := $(COMPARE_SCENARIO)
latency-compare: export COMPARE_RUNS := $(COMPARE_RUNS)

latency: build ## run LATENCY_SCENARIOS on each LATENCY_BROKER: results, pages and a summary in reports/out
	.ci/latency $(LATENCY_SCENARIOS)

latency-compare: build ## compare this working copy with the commit BASE, in turns on this machine
	.ci/latency-compare

history: build ## make the pages over all runs in reports/out and on the branch that keeps past ones
	.ci/history pages

history-keep: ## keep the runs in reports/out on a branch of their own, for make history
	.ci/history keep

check-collector: ## validate the collector's configuration with a real collector and send telemetry through it
	.ci/check-collector

check-images: image-tools ## build the images and bring the compose stack up with them (STANDINS=no: with the real images)
	.ci/check-images

image-tools:
	@command -v apt-get >/dev/null || exit 0; \
	PATH="$$PATH:/usr/sbin"; missing=; \
	for have in dockerd:docker.io busybox:busybox-static mosquitto:mosquitto mosquitto_sub:mosquitto-clients curl:curl openssl:openssl; do \
		command -v "$${have%%:*}" >/dev/null || missing="$$missing $${have#*:}"; done; \
	[ -z "$$missing" ] || { $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; }
