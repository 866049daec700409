# Bare `make` lists the targets.
GO ?= go

# The modules: histlog, and what would else be a dependency of programs that import it.
MODULES = . scripts/bench scripts/browser scripts/powercut scripts/tools
in-each-module = set -e; for m in $(MODULES); do (cd $$m && $(1)); done

.DEFAULT_GOAL := help
.PHONY: help build man demo test proofs test-browser test-windows race fuzz torture powercut powercut-guest bin/powercut mutants bench month corpus lint cross updates clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/histlog, one static file
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/histlog

man: build ## write the manual page bin/man/man1/histlog.1
	@mkdir -p bin/man/man1
	bin/histlog help --man > bin/man/man1/histlog.1

demo: ## migrate a realistic step2.json, append, look, and get the old file back
	@sh scripts/demo.sh

test: ## test each behaviour once (about a minute)
	$(GO) test ./...
	cd scripts/tools && $(GO) test ./...
	cd scripts/powercut && $(GO) test ./...

proofs: test-browser ## run every test at full size: all faults, memory, storms, the browser (about ten minutes)
	HISTLOG_PROOFS=1 $(GO) test -timeout 30m ./...

test-browser: ## look at the pages of inspect and plot in Chromium
	cd scripts/browser && HISTLOG_PROOFS=1 $(GO) test -count=1 -v .

test-windows: ## run the tests for Windows under Wine
	@sh scripts/wine/test.sh

# What is skipped takes long, and starts the same goroutines as other tests.
race: ## run the tests of what is concurrent under the race detector
	$(GO) test -race -skip 'EveryByte|EachHole|Flipped|BitFlips|Exact|Patterns|CandidatesHold|ZipMembers|^TestCompare|TestCorpus|SourceChanges|LongSpace|EveryOperationFails/two' . ./segment ./reader ./migrate ./compactor ./internal/memguard
	$(GO) test -race -run 'Race|Crash|Turns|Upkeep|TestScripts/^(append|tail)$$' ./cmd/histlog

fuzz: ## fuzz each parser for FUZZTIME (default 1m)
	@sh scripts/fuzz.sh $(or $(FUZZTIME),1m)

torture: ## every fault at every system call, then kills beside readers for TORTURE_TIME (default 1m)
	HISTLOG_TORTURE=1 $(GO) test -count=1 -timeout 0 -v -run '^TestInjected$$' ./cmd/histlog | grep -v '^=== \|^ *--- PASS'
	HISTLOG_TORTURE_TIME=$(or $(TORTURE_TIME),1m) $(GO) test -count=1 -timeout 0 -v -run '^TestCrash$$' ./cmd/histlog

powercut: bin/powercut ## cut the power of ext4, XFS and btrfs, as root, for POWERCUT_TIME (default 10m)
	bin/powercut -for $(or $(POWERCUT_TIME),10m)

powercut-guest: bin/powercut ## cut the power of FAT, exFAT and F2FS in a virtual machine, for POWERCUT_TIME (default 10m)
	sh scripts/powercut/guest.sh vfat,exfat,f2fs -for $(or $(POWERCUT_TIME),10m)

bin/powercut: build
	CGO_ENABLED=0 $(GO) build -C scripts/powercut -o ../../bin/ .

mutants: ## remove each sync and each check in turn: some test must fail
	$(GO) build -C scripts/tools -o ../../bin/ ./mutants
	@bin/mutants

bench: ## measure, as ratios to named alternatives in the same run
	@sh scripts/bench.sh

month: ## write a month of batches, 26 GB as one file, and draw what it takes in docs/month.svg (minutes)
	@sh scripts/month.sh

corpus: ## write the files of migrate/testdata/corpus again, by every writer that can be installed
	@sh scripts/corpus/corpus.sh

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt would change these' >&2; exit 1; }
	$(GO) build -C scripts/tools -o ../../bin/ honnef.co/go/tools/cmd/staticcheck
	$(call in-each-module,$(GO) vet ./... && $(CURDIR)/bin/staticcheck ./...)

cross: ## build for the other systems
	$(call in-each-module,GOOS=linux GOARCH=arm64 $(GO) vet ./...)
	$(call in-each-module,GOOS=darwin GOARCH=arm64 $(GO) vet ./...)
	$(call in-each-module,GOOS=windows GOARCH=amd64 $(GO) vet ./...)
	$(call in-each-module,GOOS=linux GOARCH=arm64 $(GO) build -o /dev/null ./...)
	$(call in-each-module,GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./...)
	$(call in-each-module,GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./...)

updates: ## list the dependencies that have newer versions
	@$(call in-each-module,$(GO) list -m -f '{{if not (or .Main .Indirect .Replace)}}{{.Path}}{{end}}' all | \
		xargs $(GO) list -m -u -f '{{if .Update}}{{.Path}} {{.Version}} -> {{.Update.Version}}{{end}}')

clean: ## remove what the targets made
	rm -rf bin demo
