# Every target prepares what it needs and can be run twice. See `make help`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
JOBS ?= 2

BIN := .venv/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml contrib/*/pyproject.toml))
SETUP := constraints.txt pyproject.toml $(PLUGINS:%=%/pyproject.toml) scripts/setup.sh scripts/pins.py

export PYTHON HOST PORT
# Else the first start of each program compiles what it imports, and every start where nothing may be written.
export UV_COMPILE_BYTECODE := 1
# Interpreters are the machine's own; certificates too, where it keeps them in the usual place.
export UV_NO_PROGRESS := 1
export UV_PYTHON_DOWNLOADS := never
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := 1
endif
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help demo test quick soak lint bench coverage docs constraints clean

help: ## Say what the targets do
	@echo "SynthDB Host; needs git, make, bash and Python 3.11+. Targets:"
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: .venv/.runtime ## Load a real data set and serve it on HOST:PORT (127.0.0.1:8000)
	@$(BIN)/python scripts/demo.py

quick: .venv/.test ## Run the tests that need no server and no real data, in under a minute
	@echo "== quick tests"
	@$(BIN)/python -m pytest -m "not slow" -n $(JOBS) -q

test: .venv/.test .venv/.bench .venv/.clients ## Run every test, also of the wheels alone in a clean environment
	@echo "== the wheels of the host and each plugin, alone in a clean environment"
	@$(BIN)/tox run -q $(addprefix -e plugin-,$(notdir $(PLUGINS))) -e sets -e wheels
	@echo "== all tests"
	@$(BIN)/python -m pytest -n $(JOBS) --dist=loadfile

soak: .venv/.test .venv/.bench .venv/.clients ## Run every test in its long form: 20 kills of each process instead of 2
	@echo "== all tests, long form"
	@SOAK=1 $(BIN)/python -m pytest -n $(JOBS) --dist=loadfile --timeout=1800

lint: .venv/.lint ## Check style, types, layers, dependencies, generated pages and names of machines
	@echo "== ruff"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== import-linter"
	@$(BIN)/lint-imports --no-logo
	@echo "== deptry"
	@$(BIN)/deptry synthdb_host
	@for plugin in $(PLUGINS); do (cd $$plugin && $(CURDIR)/$(BIN)/deptry src); done
	@echo "== generated pages, names of machines"
	@$(BIN)/python scripts/docs.py --check
	@$(BIN)/python scripts/hygiene.py

bench: .venv/.bench ## Measure against the peers, and what versions cost, in CPU time
	@$(BIN)/python -m benchmarks --json benchmarks/results.json --page docs/benchmarks.md
	@$(BIN)/python -m benchmarks.versions --json benchmarks/results.json --page docs/benchmarks.md

coverage: .venv/.test .venv/.bench .venv/.clients ## Run every test under coverage, with branches
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(JOBS) --dist=loadfile
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report

docs: .venv/.runtime ## Write the generated pages of docs/
	@$(BIN)/python scripts/docs.py

constraints: .venv/.uv ## Pin the newest allowed versions, with hashes, in constraints.txt
	@echo "== pinning the newest allowed versions"
	@scripts/constraints.sh

clean: ## Remove everything that the other targets made
	@rm -rf .venv .tox .wheels .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@rm -rf .coverage .coverage.* tests/clients/node_modules synthdb-data
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.%: $(SETUP)
	@scripts/setup.sh $*
	@touch $@

.venv/.clients: tests/clients/package.json scripts/clients.sh | .venv/.test
	@scripts/clients.sh
	@touch $@
