# One `make` is what CI runs, with the sources formatted first.
GO           ?= go
LINT_VERSION := v2.15.0
LINT_DIR     := $(CURDIR)/.tools/golangci-lint-$(LINT_VERSION)
LINT         := $(LINT_DIR)/golangci-lint
CROSS        := linux/amd64 linux/arm linux/arm64 linux/riscv64 linux/mipsle darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
# In CI a cached result proves nothing: count every test fresh. "make lint" has all of vet.
FRESH        := $(if $(CI),-count=1)
TEST_FLAGS   := -vet=off -shuffle=on $(FRESH)
# The race detector waits for a second at the end of each process, for races that come late; most of ours have ended what they began.
export GORACE ?= atexit_sleep_ms=100
# The daemon lives in sbin, which is often missing in the PATH of a plain user.
export PATH  := $(PATH):/usr/sbin:/sbin

# Modules of their own: what they import never reaches a user of the library.
MODULES      := interop faultlab bench release observe browser cluster

.PHONY: all format lint test test32 cross fuzz faults bench generators cluster instructions release clean
all: format lint test

format: $(LINT)
	$(LINT) fmt ./...
	for m in $(MODULES); do (cd $$m && $(LINT) fmt ./...) || exit 1; done

lint: $(LINT)
	$(LINT) run ./...
	for m in $(MODULES); do (cd $$m && $(LINT) run ./...) || exit 1; done
	ci/check-deps

# The tests of the modules wait more than they compute, so they run beside the others, and are shown when they have ended. In
# release/ nothing runs at the same time, so that the race detector would find nothing there.
test:
	@ci/install-test-tools
	ci/beside 'for m in $(MODULES); do (cd $$m && $(GO) test $$([ $$m = release ] || echo -race) $(TEST_FLAGS) -timeout 10m ./...) || exit 1; done' \
		'$(GO) test -race $(TEST_FLAGS) ./...'

# On 32-bit builds, which edge devices run: 386 as it is on a 64-bit PC, and the library on arm under QEMU, where package mqtt
# itself is tried with servers and packets alone, for that takes ten times as long; without what needs npm's packages, too. Linux only.
test32:
	@ci/install-test-tools test32
	GOARCH=386 CGO_ENABLED=0 $(GO) test -vet=off $(FRESH) -skip InitCompiles ./mqtt/... ./broker ./internal/cli ./jsre/module/mqtt
	EMULATOR=qemu-arm GOARCH=arm CGO_ENABLED=0 $(GO) test -vet=off $(FRESH) -exec qemu-arm -run 'Mosquitto|Vectors|Phase|Version|State|Store' ./mqtt
	EMULATOR=qemu-arm GOARCH=arm CGO_ENABLED=0 $(GO) test -vet=off $(FRESH) -exec qemu-arm -skip 'Loop' $$($(GO) list ./mqtt/... | grep -v '/mqtt$$')

# Every fuzz target for a while; by hand: make fuzz FUZZTIME=20m.
FUZZTIME ?= 5s
fuzz:
	ci/fuzz $(FUZZTIME)

# Processes killed, links cut, rules broken: small sizes.
faults:
	ci/faults

# Every client at the same work, and docs/PERFORMANCE.md; leave the machine alone meanwhile.
bench:
	cd bench && $(GO) run . run -write ../docs/PERFORMANCE.md

# dunlin bench beside other load generators, each on one processor, and docs/PERFORMANCE.md; leave the machine alone meanwhile.
generators:
	cd bench && $(GO) run . generators -write ../docs/PERFORMANCE.md

# Real clusters, whose nodes are killed, stopped, restarted and cut off under load, and the tables of docs/CLUSTERS.md; a part
# of it: make cluster CLUSTER='-only nats'. Linux only; leave the machine alone meanwhile.
CLUSTER ?=
cluster:
	@ci/install-test-tools
	cd cluster && $(GO) run . -write ../docs/CLUSTERS.md $(CLUSTER)

# What a message costs in instructions, which a test holds to: its table, and docs/PERFORMANCE.md. The machine may be busy.
instructions:
	cd bench/instructions && $(GO) run . -write ../../docs/PERFORMANCE.md

# Whether all packages and tests of the main module are right on other systems: type-checked, for building them takes ten times as long; "make release" builds.
cross:
	cd release && $(GO) run ./check $(CROSS)

# What is published, in dist/: packages and archives of every system, checksums, lists of parts. See docs/RELEASING.md; a part
# of it: make release RELEASE='-only linux/arm64'.
RELEASE ?=
release:
	cd release && $(GO) run . $(RELEASE)

# The linter is built from source, once per version.
$(LINT):
	GOBIN=$(LINT_DIR) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

clean:
	rm -rf .tools dist dunlin
