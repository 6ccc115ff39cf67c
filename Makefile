# Everything that is run by hand or by CI. `make` prints what there is.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

BASE_PYTHON ?= $(shell command -v python3.11 || command -v python3)
PYTHON := .venv/bin/python
RUNNABLE := .venv/.runnable
READY := .venv/.installed
SERVERS := $(PYTHON) -m gatekeeper.embedded
MANAGE := $(PYTHON) manage.py
JOBS ?= 2
COVERAGE ?=
ARGS ?=

# What a production installation sets, for the checks that ask "would this be safe?". Nothing is connected to.
AS_IN_PRODUCTION := GATEKEEPER_OFFLINE=true GATEKEEPER_ENV=production DEBUG=false \
	PUBLIC_URL=https://gatekeeper.example.org ALLOWED_HOSTS=gatekeeper.example.org \
	EMAIL_URL=smtp+tls://mail.example.org:587 HUB_OAUTH_CLIENT_ID=pretend HUB_OAUTH_CLIENT_SECRET=pretend

.PHONY: help
help: ## Print this help
	@echo "Usage: make TARGET    (options in capitals: make test ARGS='-k grants')"
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- the environment

.PHONY: venv
venv: $(READY) ## Make .venv with all dependencies, by hash; quick when nothing changed

# What the demo runs on; the tools that check and test come on top. Bytecode is written when a module is first used.
INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r

$(RUNNABLE): requirements/demo.txt
	@test -n "$(BASE_PYTHON)" || { echo "Gatekeeper needs Python 3.11 or newer, and finds no python3." >&2; exit 1; }
	@$(BASE_PYTHON) -c 'import sys; sys.exit("Gatekeeper needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	$(BASE_PYTHON) -m venv .venv
	$(INSTALL) $<
	@touch $@

$(READY): requirements/dev.txt | $(RUNNABLE)
	$(INSTALL) $<
	@touch $@

.PHONY: lock
lock: venv ## Write requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer releases)
	$(PYTHON) requirements/lock.py $(ARGS)

# ---------------------------------------------------------------- running it

.PHONY: demo
demo: $(RUNNABLE) ## Start the whole service on this machine with pretend people and a pretend Hub
	@$(SERVERS) run -- $(MANAGE) demo $(ARGS)

.PHONY: demo-once
demo-once: $(RUNNABLE) ## The same, walked through once without a browser; ends by itself
	@$(SERVERS) run -- $(MANAGE) demo --once $(ARGS)

.PHONY: demo-reset
demo-reset: $(RUNNABLE) ## Forget everything the demo kept
	@$(SERVERS) reset
	@if [ -z "$${GATEKEEPER_DATA:-}" ]; then rm -rf .data; fi

.PHONY: manage
manage: $(RUNNABLE) ## Run a command of manage.py on the embedded servers: make manage ARGS='audit verify'
	@$(SERVERS) run -- $(MANAGE) $(ARGS)

.PHONY: secrets
secrets: ## Write ./secrets for docker-compose.yml; what is there already stays
	@docs/deploy/make-secrets secrets

# ---------------------------------------------------------------- checking it

.PHONY: test
test: venv chromium ## Run the tests (ARGS='-k name', JOBS=2); uses DATABASE_URL and REDIS_URL where set
	$(SERVERS) run --fast -- $(PYTHON) -m pytest -n $(JOBS) --dist worksteal $(if $(COVERAGE),--cov --cov-report=) $(ARGS)
	@$(if $(COVERAGE),$(MAKE) branches,:)

# Every fault on every route, four workers at once, walks of chance: of each of these `make test` runs a bounded form.
.PHONY: soak
soak: venv ## Run the long forms of the tests about the Hub (SCHEDULES=200 walks, JOBS=2); takes half an hour
	$(SERVERS) run --fast -- $(PYTHON) -m pytest -m soak -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: coverage
coverage: ## Run the tests, and fail where they miss branches that they must reach; takes a third longer
	@$(MAKE) test COVERAGE=true

# Of the rules and the verbs every branch. The Hub's room also guards against what hardly ever happens; the sandbox in
# it is a server of its own, tested as one.
.PHONY: branches
branches:
	$(PYTHON) -m coverage report --include='gatekeeper/rules/*,gatekeeper/actions/*' --fail-under=100
	$(PYTHON) -m coverage report --include='gatekeeper/hub/*' --omit='gatekeeper/hub/sandbox/*' --fail-under=95

.PHONY: chromium
chromium:
	@if ! command -v chromium chromium-browser google-chrome >/dev/null; then \
		echo "No Chromium found, so the browser tests can't run: apt-get install chromium" >&2; \
		[ "$${CI:-}" != true ]; \
	fi

# Only an address in VERIFY_HUB leads to a real Hub: no test finds one by itself. Sockets are open there, and only there.
.PHONY: verify-hub
verify-hub: venv ## Ask a real Hub the contract tests, with your own token (docs/how-to/verify-a-hub.md); never in CI
	@test "$${CI:-}" != true || { echo "verify-hub makes a repository on a real Hub: not in CI." >&2; exit 1; }
	@test -n "$${VERIFY_HUB:-}" || { echo "Name the Hub: VERIFY_HUB=https://huggingface.co make verify-hub" >&2; exit 1; }
	GATEKEEPER_OFFLINE=true $(PYTHON) -m pytest -o addopts= --import-mode=importlib -p no:randomly -ra tests/contract $(ARGS)

.PHONY: check
check: lint types pages safety drift ## Everything CI runs besides the tests
	@echo "All checks passed."

.PHONY: lint
lint: venv ## Format, lint and direction of imports
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	.venv/bin/lint-imports

.PHONY: types
types: venv ## Types
	GATEKEEPER_OFFLINE=true $(PYTHON) -m mypy

.PHONY: pages
pages: venv ## Templates
	$(PYTHON) -m djlint templates --lint --quiet

.PHONY: safety
safety: venv ## Django's own checks, with values as in production
	$(AS_IN_PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING

.PHONY: drift
drift: venv ## What is generated and written down must agree with the code: locks, migrations, README, API description
	$(PYTHON) requirements/lock.py --check
	$(SERVERS) run --fast -- $(MANAGE) makemigrations --check --dry-run
	$(MANAGE) lifecycle --check README.md
	@fresh=$$(mktemp); trap 'rm -f "$$fresh"' EXIT; \
	$(MANAGE) spectacular --validate --fail-on-warn --file "$$fresh"; \
	diff -u docs/openapi.yaml "$$fresh" || { echo "docs/openapi.yaml is out of step: make openapi" >&2; exit 1; }

# ---------------------------------------------------------------- writing what is generated

.PHONY: format
format: venv ## Format the code and mend what can be mended safely
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

.PHONY: lifecycle
lifecycle: venv ## Draw the step tables into README.md
	$(MANAGE) lifecycle --write README.md

.PHONY: openapi
openapi: venv ## Write docs/openapi.yaml from the API
	$(MANAGE) spectacular --validate --fail-on-warn --file docs/openapi.yaml

.PHONY: messages
messages: venv ## Collect and compile the translations (needs gettext)
	$(MANAGE) makemessages --locale fr --no-location --no-obsolete --ignore .venv --ignore .data --ignore tests
	$(MANAGE) compilemessages --ignore .venv --ignore .data

.PHONY: bench
bench: venv ## Measure one thing beside its floor: make bench NAME=queue
	@if [ -z "$(NAME)" ]; then echo "Name one: make bench NAME=..."; \
		find benchmarks -maxdepth 1 -name '[a-z]*.py' -printf '  %f\n' | sed 's/\.py$$//' | sort; exit 1; fi
	$(SERVERS) run --fast -- $(PYTHON) -m benchmarks.$(NAME) $(ARGS)

.PHONY: clean
clean: ## Remove caches and the environment; the demo's data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov .coverage static-collected
