# The commands of this repository; README.md tells what they are for.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# What the build needs, and what the tests, the demonstration of a fleet and the benches need beyond that.
BUILD_PACKAGES = gcc libc6-dev pkg-config libasound2-dev libopus-dev
TEST_PACKAGES  = pulseaudio pulseaudio-utils libasound2-plugins lame flac opus-tools vorbis-tools ffmpeg sox golang-go golang-golang-x-mod-dev chromium chromium-driver python3-pip postgresql
FLEET_PACKAGES = curl pulseaudio pulseaudio-utils
BENCH_PACKAGES = python3 libsox-fmt-pulse mpg123 mpd

# The licence checker in the version whose settings deny.toml speaks.
CARGO_DENY = 0.20.2

.PHONY: help demo demo-fleet run test soak bench lint fuzz doc packages-build packages-test packages-demo-fleet packages-bench

help:
	@echo "make demo   check, rehearse and air the sample month, then show and verify its log"
	@echo "make demo-fleet  a centre and three stations through two mornings, one off for a day, one tampered with"
	@echo "make run    the daemon on this folder (a station's folder)"
	@echo "make test   everything that can be tested, with what it needs"
	@echo "make soak   a year with 500 airings and seeded faults in about an hour"
	@echo "make bench  measured figures beside other players"
	@echo "make lint   format, clippy, docs, licences"
	@echo "make fuzz   hostile bytes for everything that reads from outside, ten minutes each"
	@echo "make doc    the documentation of the code"

demo: packages-build
	cargo build --release --locked
	tools/demo.sh target/release/loa

# DEMO_ONCE=1 ends it by itself, with 0 where the page showed everything that it must.
demo-fleet: packages-build packages-demo-fleet
	cargo build --release --locked
	tools/demo-fleet.sh target/release/loa

run: packages-build
	cargo build --release --locked
	@[ -e data/log.db ] || target/release/loa init
	target/release/loa run

test: packages-build packages-test
	cargo fmt --check
	cargo test --locked

# The year of the soak test in full; `make test` lives through a short one. Another seed draws other faults.
SOAK_AIRINGS = 500
SOAK_SEED = 1
soak: packages-build packages-test
	LOA_SOAK_AIRINGS=$(SOAK_AIRINGS) LOA_SOAK_SEED=$(SOAK_SEED) cargo test --locked --test it soak:: -- --nocapture

bench: packages-build packages-test packages-bench
	cargo build --release --locked
	cargo bench --locked --bench media --bench verify --bench log --bench report --bench fleet --bench pages --bench push --bench stations
	python3 benches/system/bench.py

lint: packages-build
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
	@cargo deny --version 2>/dev/null | grep -q "$(CARGO_DENY)" || cargo install --locked cargo-deny@$(CARGO_DENY)
	cargo deny --all-features check bans licenses sources

# Each target for FUZZ_SECONDS; needs a nightly compiler.
FUZZ_SECONDS = 600
fuzz: packages-build packages-test
	cargo build --release --locked
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
	fuzz/seeds.sh
	for target in schedule leaf note bundle package probe; do \
	  cargo +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=20 || exit 1; \
	done

doc:
	cargo doc --locked --no-deps --open

packages-build:
	@tools/packages.sh $(BUILD_PACKAGES)
packages-test:
	@tools/packages.sh $(TEST_PACKAGES)
	@tools/axe.sh
	@tools/seaweedfs.sh
packages-demo-fleet:
	@tools/packages.sh $(FLEET_PACKAGES)
packages-bench:
	@tools/packages.sh $(BENCH_PACKAGES)
