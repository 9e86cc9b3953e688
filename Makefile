# The commands of developers. CI runs `make check` and `make test`.

CARGO_BIN := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin
export PATH := $(PATH):$(CARGO_BIN)

SCHEMA := adapters/postgres/src/schema.rs

.DEFAULT_GOAL := help
.PHONY: help demo up test races model model-bug bench check fix openapi lint-api fuzz-api fonts schema clean-data

help: ## List the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Run one whole deal on temporary servers and print each step
	@scripts/setup build servers
	cargo build --locked --bins
	@target/debug/amana demo

up: ## Start the whole system and keep it running; data in .amana/
	@scripts/setup build servers
	cargo build --locked --bins
	@target/debug/amana up

# More test threads than cores, because most tests wait for servers.
export RUST_TEST_THREADS ?= 4

# Cargo builds the programs too, because tests of their packages run them.
test: ## Run all tests
	@scripts/setup build servers browser
	scripts/test --locked --workspace

races: ## Send two calls about one deal at once, 1,000 times per pair (a few minutes)
	@scripts/setup build servers
	TEST_RACE_ROUNDS=1000 scripts/test --locked --workspace --test it -- at_once_have_one_winner --nocapture

model: ## Explore all sequences of actions on a deal (a few minutes)
	@scripts/setup build
	cargo run --locked --release -p amana-model

# A separate target folder keeps builds with the planted bug apart from all others.
model-bug: ## The same with a planted bug, which the model must find
	@scripts/setup build
	cargo run --locked --release -p amana-model --features planted-bug --target-dir target/planted-bug

# The peer has its own lock file. SQLX_OFFLINE uses its prepared query data, so its build needs no database.
bench: ## Compare the performance with other uses of PostgreSQL (40 minutes; ONLY=growth,attack selects some)
	@scripts/setup build servers bench
	SQLX_OFFLINE=true cargo build --locked --release --manifest-path tests/peers/cala/Cargo.toml
	cargo build --locked --release -p amana -p amana-tests --bin amana --bench bench
	cargo bench --locked -p amana -p amana-tests --bench bench

check: ## Words, format, lints, dependency rules, document and schema drift
	@scripts/setup build servers lint
	scripts/check-words --self-test
	scripts/check-words
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo deny check bans licenses sources
	cargo test --locked --workspace --test it openapi
	cargo run --locked --quiet --bin amana -- schema --check $(SCHEMA)

fix: ## Format, and apply clippy's automatic fixes
	@scripts/setup build
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	cargo fmt --all

openapi: ## Regenerate openapi/amana.json from the code
	@scripts/setup build servers
	EXPECTORATE=overwrite cargo test --workspace --test it openapi

fonts: ## Rebuild the reduced fonts of statements from Debian packages
	scripts/fonts

lint-api: ## Check the OpenAPI document with Redocly and Spectral (needs Node.js)
	npx --yes @redocly/cli@2 lint openapi/amana.json --config openapi/redocly.yaml
	npx --yes @stoplight/spectral-cli@6 lint openapi/amana.json --ruleset openapi/spectral.yaml

fuzz-api: ## Send generated requests to all operations and check the responses against the document (10 minutes)
	@scripts/setup build servers fuzz
	cargo build --locked --bins
	scripts/fuzz-api

schema: ## Regenerate schema.rs of the store from the migrations
	@scripts/setup build servers lint
	cargo run --quiet --bin amana -- schema --write $(SCHEMA)

clean-data: ## Delete the data of `make up`
	scripts/clean-data

setup-%: ## Install missing tools for: build, servers, bench, browser, lint or fuzz
	@scripts/setup $*
