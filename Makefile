# What a newcomer and CI run. `make demo` and `make test` need nothing but Rust.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export CARGO_TERM_COLOR ?= auto

.PHONY: demo test lint doc unit

## demo: the whole journey on the embedded account
demo:
	@cargo run --quiet --locked -- demo

## test: everything
test: lint doc unit

## lint: format and lints, warnings are errors
lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

## doc: every public item is described, every link leads somewhere
doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet

## unit: unit tests, journeys, the frame held against the code
unit:
	cargo test --locked --workspace
