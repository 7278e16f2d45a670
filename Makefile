# Vestibule: `make` alone prints what there is.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

ARCH ?= arm64
ENV ?= default

.PHONY: help
help: ## Print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: run
run: ## Start the local stack: playground on port 3000, API on 8000, inbox on 8025 (ARGS=--no-playground)
	cargo build --workspace --bin vestibule --test architecture # Compiles what `make test` compiles, for both to share.
	@exec $(or $(CARGO_TARGET_DIR),target)/debug/vestibule serve $(ARGS)

.PHONY: test
test: ## Run all tests that need nothing but Rust
	rm -f $(or $(CARGO_TARGET_DIR),target)/used-permissions.txt
	cargo test --workspace
	$(MAKE) permissions

.PHONY: permissions
permissions: ## Fail if no test has used a permission of template.yaml since `make test` began
	cargo test --workspace --test permissions --test architecture -- every_permission_is_used # Shares as `run` does.

.PHONY: simulate
simulate: ## Run random journeys with failures (SEEDS=0..300; CASE='17 without 3.0' repeats one; RELEASE=1 for long runs)
	cargo build $(if $(RELEASE),--release) --workspace --bin simulate --test architecture # Shares as `run` does.
	$(or $(CARGO_TARGET_DIR),target)/$(if $(RELEASE),release,debug)/simulate $(or $(CASE),$(SEEDS),0..300)

.PHONY: lint
lint: ## Check formatting, lints, documentation and templates
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --quiet

.PHONY: deny
deny: ## Check licences, sources and bans of dependencies (needs cargo-deny)
	cargo deny --all-features check bans licenses sources

.PHONY: lint-templates
lint-templates: ## Check the SAM and CloudFormation templates (needs Python and PyPI)
	tests/sam/lint.sh

.PHONY: build
build: ## Build the functions for Lambda into target/lambda (ARCH=arm64 or x86_64)
	infra/build.sh $(ARCH)

.PHONY: sam-local
sam-local: ## Run `sam local start-api` over the built functions and the local stack (needs Docker)
	infra/build.sh
	tests/sam/up.sh

.PHONY: sam-test
sam-test: ## Drive a whole journey through `sam local start-api` (needs Docker)
	infra/build.sh
	tests/sam/up.sh tests/sam/journey.py

.PHONY: deploy
deploy: build ## Build, and deploy as samconfig.toml says (ENV=staging for another section; ARGS="--region eu-west-1")
	infra/deploy --config-env $(ENV) $(ARGS)

.PHONY: rollback
rollback: ## Move all functions back to their versions before the last deployment (STACK=vestibule; ARGS=undo)
	infra/rollback $(or $(STACK),vestibule) $(ARGS)

.PHONY: docs
docs: ## Write the generated documents
	UPDATE=1 cargo test --package vestibule --package vestibule-provider --lib the_document_is_up_to_date
	UPDATE=1 cargo test --package vestibule-cli --test openapi the_description_is_up_to_date
	UPDATE=1 cargo test --package vestibule-fuzz --test fuzz the_document_is_up_to_date
	UPDATE=1 cargo test --package vestibule-architecture the_document_is_up_to_date

.PHONY: releases
releases: ## Run the release before on items of this one, the reverse, and both side by side (needs the history of git)
	tests/releases/run $(ARGS)
	tests/releases/simulate $(or $(SEEDS),0..100) $(ARGS)

.PHONY: migration
migration: ## Move accounts of the real django-allauth in and out (needs Python and PyPI)
	tests/migration/run --unit-tests
	tests/migration/run $(ARGS)

.PHONY: client-test
client-test: ## Test with a real browser, generated clients and the backends of examples/ (needs Chromium, Node.js 20, Python and Go)
	tests/clients/run

.PHONY: fuzz
fuzz: ## Look for inputs that break a parser: TIME=60 seconds a target, TARGET=json for one (needs a C++ compiler)
	tests/fuzz/run

.PHONY: mutants
mutants: ## Test the unit tests with 400 mutants (ARGS="--count 100 --only connect.rs"; needs cargo-mutants and Python)
	tests/mutation/run $(ARGS)

.PHONY: conformance
conformance: ## Compare with the real django-allauth, step by step (needs Python and PyPI)
	tests/conformance/run $(ARGS)

.PHONY: bench-import
bench-import: ## Import generated accounts into the embedded DynamoDB (ACCOUNTS=1000000; needs Linux)
	cargo build --locked --release --package vestibule-cli
	VESTIBULE=$(or $(CARGO_TARGET_DIR),target)/release/vestibule bench/import $(ACCOUNTS)

.PHONY: load
load: ## Have many clients use the local stack at once (SECONDS=1800 CLIENTS=200; needs Linux and Node.js 20)
	cargo build --locked --release --package vestibule-cli
	VESTIBULE=$(or $(CARGO_TARGET_DIR),target)/release/vestibule node tests/load/run.js $(or $(SECONDS),60) $(or $(CLIENTS),200)

.PHONY: bench-peers
bench-peers: ## Compare with the real django-allauth in speed (ACCOUNTS="100 10000"; needs Linux, Python, PyPI and PostgreSQL)
	cargo build --locked --profile function $(foreach name,config session login signup,--package vestibule-$(name))
	cargo build --locked --release --package vestibule-bench
	PROGRAMS=$(or $(CARGO_TARGET_DIR),target)/function BENCH=$(or $(CARGO_TARGET_DIR),target)/release/bench bench/peers/run $(ACCOUNTS)

.PHONY: bench
bench: ## Measure cold starts, CPU time and sizes as ratios (ARGS=--check fails on a missed aim; needs Linux)
	cargo build --locked --profile function $(patsubst functions/%,--package vestibule-%,$(wildcard functions/*))
	cargo build --locked --profile function --package vestibule-floor
	cargo run --quiet --locked --release --package vestibule-bench -- --programs $(or $(CARGO_TARGET_DIR),target)/function $(ARGS)
