# The one front door. `make help` lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
STACK ?= local

# Where this is set, each of the tests' hundreds of processes would compile the whole package again.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
EDGEWRIGHT := $(BIN)/edgewright

.DEFAULT_GOAL := help
.PHONY: help setup up down test test-fast check bench format build docs clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-9s %s\n", $$1, $$2}'

setup: $(VENV)/.runtime ## Set edgewright up in .venv, and run nothing
	@echo "edgewright is in $(BIN); put it on your PATH: . $(BIN)/activate"

up: $(VENV)/.runtime ## Set everything up, run the stack (STACK=local), replay traffic, check the objectives
	$(EDGEWRIGHT) up $(STACK) $(if $(PORT),--port $(PORT))

down: ## Stop what `up` started
	@if [ -x $(EDGEWRIGHT) ]; then $(EDGEWRIGHT) down; else echo "nothing is set up, so nothing runs"; fi

test: $(VENV)/.dev edge/node_modules/.installed ## Set everything up and run all tests
	$(BIN)/python -m tools.npm --prefix edge test
	$(BIN)/pytest $(TOGETHER)

test-fast: $(VENV)/.dev edge/node_modules/.installed ## Run the Python tests that start no process: about a minute
	$(BIN)/pytest $(TOGETHER) -m fast

# Three at a time on two processors, because tests wait for a fifth of their time; those whose tests take longest begin
# (tests/conftest.py has the order).
TOGETHER := -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev edge/node_modules/.installed ## Lint, strict types and what they do not check, formatting, golden schema, fresh bundles and their size
	@$(MAKE) --no-print-directory --jobs 2 --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync) $(CHECKS)

# Two at a time, the longest first; what each says comes in one piece, and all are told of before the run fails.
CHECKS := check-types check-fresh check-programs check-edge check-style
.PHONY: $(CHECKS)

check-types:
	$(BIN)/mypy

# Reads what the types' run has left in mypy's cache.
check-programs: check-types
	for program in components/__main__.py policies/__main__.py examples/*/__main__.py; do $(BIN)/mypy $$program || exit 1; done

check-fresh:
	$(BIN)/python -m tools.fresh
	$(BIN)/python -m tools.size
	$(BIN)/python -m tools.untyped

check-edge:
	$(BIN)/python -m tools.npm --prefix edge run lint
	$(BIN)/python -m tools.npm --prefix edge run typecheck
	$(BIN)/python -m tools.npm --prefix edge run workflows -- $(CURDIR)/.github/workflows/*.yml

check-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/.dev edge/node_modules/.installed ## Measure against peers; results go to bench/results/
	$(BIN)/python -m bench

format: $(VENV)/.dev edge/node_modules/.installed ## Format the code
	$(BIN)/ruff check --fix-only --exit-zero . && $(BIN)/ruff format .
	$(BIN)/python -m tools.npm --prefix edge run format

build: $(VENV)/.dev edge/node_modules/.installed ## Generate schemas, types and pages, bundle the JavaScript
	$(BIN)/python -m tools.platform_keys
	$(BIN)/python -m tools.generate
	$(BIN)/python -m tools.schema
	$(BIN)/python -m tools.component_docs
	$(BIN)/python -m tools.policy_docs
	$(BIN)/python -m tools.fault_docs
	$(BIN)/python -m tools.npm --prefix edge run generate
	$(BIN)/python -m tools.npm --prefix edge run build

docs: $(VENV)/.dev ## Build the documentation into site/
	$(BIN)/mkdocs build --strict

clean: down ## Remove everything that was set up here
	rm -rf $(VENV) edge/node_modules .edgewright site

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "edgewright needs Python 3.10 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 up" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# A stamp a step: a second run installs nothing again.
$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

edge/node_modules/.installed: edge/package-lock.json $(VENV)/.runtime
	$(BIN)/python -m tools.npm --prefix edge ci --ignore-scripts --no-audit --no-fund
	@touch $@
