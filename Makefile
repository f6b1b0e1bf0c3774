# Everything a newcomer or a contributor types. `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV ?= uv
# Tests mostly wait for real processes, so more run at once than there are cores. One at a time: TESTERS=0
TESTERS ?= 4

.DEFAULT_GOAL := help
.PHONY: help setup sandbox test check bench pins

help:
	@echo "make sandbox   try Handrail in a local Slack, in your browser"
	@echo "make test      run all tests (sets everything up, the browser too)"
	@echo "make check     lint, types and import contracts"
	@echo "make bench     measure speed, beside a yardstick"
	@echo "make setup     only create .venv with pinned dependencies"
	@echo "make pins      renew requirements/*.txt from pyproject.toml (needs uv)"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Handrail needs Python 3.11 or newer. Say which one with: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python could not make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/product.stamp: $(BIN)/python requirements/product.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/product.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/product.stamp requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/product.stamp

sandbox: setup
	@exec $(BIN)/handrail sandbox

test: $(VENV)/dev.stamp
	@$(BIN)/python tests/support/browser_setup.py
	$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile $(ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

pins:
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml --group build -o requirements/product.txt
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -c requirements/product.txt pyproject.toml --group build --group dev -o requirements/dev.txt
