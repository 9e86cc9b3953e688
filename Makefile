# The one door for developers. CI runs `make check` and `make test`, nothing else.

CARGO_BIN := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin
export PATH := $(PATH):$(CARGO_BIN)

SCHEMA := adapters/postgres/src/schema.rs

.DEFAULT_GOAL := help
.PHONY: help demo up test races model model-bug bench check fix openapi lint-api fuzz-api fonts schema clean-data

help: ## List the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Run one whole deal on private servers and print it as a story
	@scripts/setup build servers
	cargo build --locked --bins
	@target/debug/amana demo

up: ## Start everything and stay up; the data is kept in .amana/
	@scripts/setup build servers
	cargo build --locked --bins
	@target/debug/amana up

# Most tests wait for servers: more of them than cores keep the cores busy.
export RUST_TEST_THREADS ?= 4

# Cargo builds the programs too, because their packages have tests that run them.
test: ## Run all tests
	@scripts/setup build servers browser
	scripts/test --locked --workspace

races: ## Send two calls about one deal at the same instant, a thousand times for each pair (a few minutes)
	@scripts/setup build servers
	TEST_RACE_ROUNDS=1000 scripts/test --locked --workspace --test it -- at_once_have_one_winner --nocapture

model: ## Try everything that can be done with a deal, in every order (a few minutes)
	@scripts/setup build
	cargo run --locked --release -p amana-model

# A target folder of its own: what is built with the mistake in it never lies beside what is not.
model-bug: ## The same with a mistake in the rules, which has to be found
	@scripts/setup build
	cargo run --locked --release -p amana-model --features planted-bug --target-dir target/planted-bug

# The peer has a lock file of its own; its SQL was checked by its makers, against no database here.
bench: ## Measure against what else PostgreSQL could do (40 minutes; ONLY=growth,attack picks some)
	@scripts/setup build servers bench
	SQLX_OFFLINE=true cargo build --locked --release --manifest-path tests/peers/cala/Cargo.toml
	cargo build --locked --release -p amana -p amana-tests --bin amana --bench bench
	cargo bench --locked -p amana -p amana-tests --bench bench

check: ## Format, lints, dependency rules, document and schema drift
	@scripts/setup build servers lint
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo deny check bans licenses sources
	cargo test --locked --workspace --test it openapi
	cargo run --locked --quiet --bin amana -- schema --check $(SCHEMA)

fix: ## Format, and apply what clippy can mend
	@scripts/setup build
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	cargo fmt --all

openapi: ## Rewrite openapi/amana.json from the code
	@scripts/setup build servers
	EXPECTORATE=overwrite cargo test --workspace --test it openapi

fonts: ## Make the reduced fonts of statements again, from packages of Debian
	scripts/fonts

lint-api: ## Check the OpenAPI document with Redocly and Spectral (needs Node.js)
	npx --yes @redocly/cli@2 lint openapi/amana.json --config openapi/redocly.yaml
	npx --yes @stoplight/spectral-cli@6 lint openapi/amana.json --ruleset openapi/spectral.yaml

fuzz-api: ## Send generated calls to every operation and compare the answers with the document (10 minutes)
	@scripts/setup build servers fuzz
	cargo build --locked --bins
	scripts/fuzz-api

schema: ## Rewrite schema.rs of the store from the migrations
	@scripts/setup build servers lint
	cargo run --quiet --bin amana -- schema --write $(SCHEMA)

clean-data: ## Throw away the data of `make up` and `make demo`
	scripts/clean-data

setup-%: ## Install what is missing: build, servers, bench, browser or lint
	@scripts/setup $*
