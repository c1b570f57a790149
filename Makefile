# Everything from a fresh clone: `make brca` and `make test` fetch what they need, once, and say what they do.
# Needs make, Rust, a C++ compiler and Python 3 with pip; `scripts/check-tools.sh` names what is missing.

CARGO ?= cargo
PYTHON ?= python3
# Arguments for the main job or the benches: make brca ARGS="--epochs 20 --seeds 1"
ARGS ?=
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)

# The main job's profile: PROFILE=dev uses what the tests have built.
PROFILE ?= release

# One environment, one target folder and one set of features for all targets: torch-sys compiles its C++ again (3 minutes)
# when one of them changes.
WITH_LIBTORCH = . "$(abspath $(TARGET))/libtorch.env" &&
# Every member but climd-frameworks, which would give the library features that nobody else asks for; and climd-mllc, where
# Rust is older than candle allows.
MEMBERS = --workspace --exclude climd-frameworks $(shell scripts/members.sh)
export CARGO PYTHON
# The networks of the tests are small: more threads of libtorch wait for each other longer than they work.
test test-package: export OMP_NUM_THREADS = 1

.DEFAULT_GOAL := help
.PHONY: help brca test test-core test-all test-package test-python bench-python brca-python wheel test-frameworks test-burn test-fuzz test-page test-mpi test-compat msrv publish-check semver bench bench-peers bench-files bench-growth bench-ranks instructions lint deny valgrind sanitize test-arm fuzz book docs data data-all data-chest data-labels text-model libtorch tools clean-data

help: ## this list
	@echo 'usage: make TARGET [ARGS="..."]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1	\2/p' Makefile | expand -t 14
	@echo 'Own libtorch: set LIBTORCH, or LIBTORCH_USE_PYTORCH=1. Plain cargo commands: make libtorch && . $(TARGET)/libtorch.env'

# Help fetches and builds nothing.
ifneq (,$(filter --help -h,$(ARGS)))
brca:
	@scripts/options.sh examples/brca_baseline.rs
else
brca: libtorch data ## the main job on TCGA-BRCA, set-up included; ARGS="--help" lists its options
	@echo 'brca: build (release), then run'
	$(WITH_LIBTORCH) $(CARGO) run --profile $(PROFILE) -p climd-repro --example brca_baseline -- --data data/brca $(ARGS)
endif

test: test-core libtorch data text-model ## all tests, set-up included
	@echo 'test: the workspace, with the tests in the documentation'
	$(WITH_LIBTORCH) $(CARGO) test $(MEMBERS)
	@$(MAKE) --no-print-directory test-frameworks

test-core: tools ## the tests of the library, which needs Rust alone
	@echo 'test: the library, without libtorch'
	$(CARGO) test

test-all: test lint docs deny test-package test-python test-burn test-fuzz test-page test-mpi test-compat msrv ## the gate, and what it leaves out: see CONTRIBUTING.md

test-package: libtorch ## the crate as it would be published passes its own tests, away from this repository
	@$(WITH_LIBTORCH) scripts/test-package.sh "$(abspath $(TARGET))"

test-python: tools data ## the Python package: types, engine, main job, PyTorch, Lightning, Accelerate, Trainer; fetches a lean PyTorch once; ARGS: pytest's
	@scripts/test-python.sh "$(TARGET)" $(ARGS)

bench-python: tools ## the Python package beside PyTorch's samplers; SMALL=1 for a look
	@scripts/test-python.sh "$(TARGET)" --co >/dev/null
	@PYTHONPATH="$(TARGET)/python/site:$$($(PYTHON) -B scripts/slim_torch.py "$(TARGET)" | tail -n 1)" $(PYTHON) -B scripts/bench_python.py

brca-python: tools data ## the main job with PyTorch in place of Rust, beside what Rust measured; ARGS="--help" lists its options
	@scripts/test-python.sh "$(TARGET)" --co >/dev/null
	@PYTHONPATH="$(TARGET)/python/site:$$($(PYTHON) -B scripts/slim_torch.py "$(TARGET)" | tail -n 1)" $(PYTHON) -B scripts/brca_torch.py $(ARGS)

wheel: tools ## the Python package as a wheel for any Linux, in target/python/release-wheels; fetches zig's linker once
	@scripts/wheel.sh "$(TARGET)"

test-frameworks: tools ## candle, tracing, TensorBoard: their features and examples; no libtorch
	@if [ -n "$(shell scripts/members.sh)" ]; then echo 'skipped: candle needs a newer Rust'; else \
	$(CARGO) test -p climd -p climd-frameworks --features climd/candle,climd/tracing --test candle --test trace --test loops && \
	$(CARGO) test -p climd --features candle,tracing --doc; fi

test-burn: tools ## burn: its feature and example, a workspace of its own; no libtorch
	$(CARGO) fmt --manifest-path harness/frameworks/burn/Cargo.toml --check
	$(CARGO) clippy --manifest-path harness/frameworks/burn/Cargo.toml --all-targets --locked -- -D warnings
	$(CARGO) test --manifest-path harness/frameworks/burn/Cargo.toml --locked
	$(CARGO) test -p climd --features burn --doc

test-page: tools ## the page of `climd inspect`, and the book's tables, in headless Chromium, which is installed where apt and root allow it
	@CHROMIUM="$$(scripts/chromium.sh)" && export CHROMIUM && \
		$(CARGO) test -p climd-cli --test inspect_page -- --ignored

test-mpi: tools ## ranks as processes of an MPI job; needs Open MPI with its headers, and libclang
	@scripts/check-mpi.sh
	@echo 'test: 1, 2, 4 and 7 ranks under mpirun'
	$(CARGO) test -p climd --features mpi --test mpi

test-compat: tools ## the library with the oldest tch of its range; TCH="0.24.0 0.25.0" for others
	@scripts/test-compat.sh "$(abspath $(TARGET))"

msrv: libtorch ## the library and the tables with the oldest Rust that they support; candle and burn need a newer one
	$(WITH_LIBTORCH) $(CARGO) +$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml).0 check -p climd -p climd-cli -p climd-data -p climd-networks -p climd-repro --features climd/tch --all-targets --locked

publish-check: libtorch ## what `cargo publish` would do, and the size of the package
	$(WITH_LIBTORCH) $(CARGO) publish --dry-run -p climd --locked
	@size=$$(find "$(TARGET)/package" -name 'climd-*.crate' -printf '%T@ %s\n' | sort -n | tail -1 | cut -d' ' -f2); \
		echo "package: $$size bytes"; test "$$size" -lt 550000

semver: tools ## whether the public API kept its promises since the last release; fetches cargo-semver-checks once
	@SEMVER="$$(scripts/cargo-tool.sh cargo-semver-checks 0.51.0 "$(abspath $(TARGET))")" && \
		"$$SEMVER" semver-checks -p climd --only-explicit-features --features serde

bench: libtorch ## the benches, and beside the peers; ARGS filters the former
	@echo 'bench: build (release), then run'
	$(WITH_LIBTORCH) $(CARGO) bench --features tch $(ARGS)
	@$(MAKE) --no-print-directory bench-peers

bench-peers: tools ## one table of ratios to PyTorch and imbalanced-learn, which it fetches (6 GB); SMALL=1 for a look
	@$(PYTHON) -B scripts/bench.py "$(TARGET)"

bench-files: tools ## batches from a file of 16 GB that is not in memory, beside reading it in order; ARGS="--gb 4 --dir PLACE"
	$(CARGO) bench --features files --bench files -- $(ARGS)
	$(CARGO) bench --features files --bench files -- spread

bench-growth: libtorch ## how cost grows with samples, classes, width and modalities: writes docs/performance/; needs 16 GB
	$(WITH_LIBTORCH) $(CARGO) run --release -p climd-repro --example growth -- docs/performance

bench-ranks: tools ## what one of 1,000 ranks computes, sends, receives and holds: all of them in one process; needs 8 GB; ARGS="--ranks 100 --small"
	$(CARGO) bench --bench ranks -- $(ARGS)

instructions: tools ## counts the instructions of the hot paths (callgrind) and compares them with benches/instructions.txt
	@$(PYTHON) -B scripts/instructions.py

lint: tools ## format, and clippy with warnings denied
	@$(CARGO) fmt --version >/dev/null 2>&1 && $(CARGO) clippy --version >/dev/null 2>&1 || \
		{ echo 'error: rustfmt or clippy is missing: run `rustup component add rustfmt clippy`' >&2; exit 1; }
	@echo 'lint: format'
	$(CARGO) fmt --all --check
	@echo 'lint: clippy, the library without any feature, and with its default'
	$(CARGO) clippy -p climd --no-default-features --all-targets -- -D warnings
	$(CARGO) clippy --all-targets -- -D warnings
	@$(MAKE) --no-print-directory libtorch
	@echo 'lint: clippy, the workspace'
	$(WITH_LIBTORCH) $(CARGO) clippy $(MEMBERS) --all-targets -- -D warnings
	@if [ -z "$(shell scripts/members.sh)" ]; then \
	$(CARGO) clippy -p climd-frameworks -p climd --features climd/candle,climd/tracing --all-targets -- -D warnings; fi

deny: tools ## licences, duplicate versions and sources of all dependencies; fetches cargo-deny once
	@CARGO_DENY="$$(scripts/cargo-tool.sh cargo-deny 0.20.2 "$(abspath $(TARGET))")" && \
		"$$CARGO_DENY" --workspace --all-features --locked check licenses bans sources

valgrind: libtorch ## a thousand epochs, and all unsafe code, under valgrind
	@$(WITH_LIBTORCH) scripts/valgrind.sh

sanitize: tools ## the tests of the core with AddressSanitizer; needs Rust nightly
	@scripts/sanitize.sh

test-arm: tools ## the tests of the core on 64-bit Arm, emulated; needs qemu-user and a cross compiler
	@scripts/test-arm.sh

fuzz: libtorch ## ten minutes for each fuzz target, or ARGS="-max_total_time=60"; needs Rust nightly
	$(WITH_LIBTORCH) scripts/fuzz.sh "$(abspath $(TARGET))" $(ARGS)

book: tools ## docs/ as a book, in target/book; fetches mdbook once
	@MDBOOK="$$(scripts/cargo-tool.sh mdbook 0.5.4 "$(abspath $(TARGET))")" && "$$MDBOOK" build docs --dest-dir "$(abspath $(TARGET))/book"

docs: libtorch ## the API documentation, with warnings denied
	@echo 'docs: rustdoc, the library by itself and then everything'
	RUSTDOCFLAGS="$$RUSTDOCFLAGS -D warnings" $(CARGO) doc --no-deps
	$(WITH_LIBTORCH) RUSTDOCFLAGS="$$RUSTDOCFLAGS -D warnings" $(CARGO) doc --no-deps $(MEMBERS)

data: tools ## fetch the TCGA-BRCA tables into data/brca
	@$(PYTHON) -B scripts/data.py brca

data-all: tools ## fetch all data sets: brca, kipan, lgg, htad, digits
	@$(PYTHON) -B scripts/data.py brca kipan lgg htad digits

data-chest: tools ## fetch findings and patients of three sets of chest X-rays (no images) into data/chest
	@$(PYTHON) -B scripts/data.py chest

data-labels: tools ## fetch two sets of several labels a sample: yeast, padchest-reports
	@$(PYTHON) -B scripts/data.py yeast padchest-reports

text-model: tools ## fetch a small English text model into data/minilm, for the example mllc
	@$(PYTHON) -B scripts/data.py minilm

libtorch: tools ## find or fetch libtorch, and write its environment to target/libtorch.env
	@$(PYTHON) -B scripts/libtorch.py "$(TARGET)"

tools:
	@scripts/check-tools.sh

clean-data: ## remove the data sets
	rm -rf data
