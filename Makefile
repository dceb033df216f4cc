# Two commands on a fresh machine: `make demo` and `make test`. Each makes its own .venv; all that
# has to be there is Python 3.11 or newer, make and git. Versions are pinned in constraints.txt.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python \
	--constraints constraints.txt --build-constraints constraints.txt

# TensorFlow tells of its set-up wherever it is loaded.
export TF_CPP_MIN_LOG_LEVEL ?= 3
export TF_ENABLE_ONEDNN_OPTS ?= 0

.PHONY: help demo test lint types contracts format clean

help:  ## show these lines
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

demo: $(VENV)/.demo  ## tune a small network on real digits, live, with a picture at the end
	@KERAS_BACKEND=jax $(BIN)/luthier demo

test: $(VENV)/.test  ## run every test: once without a backend, then once for each Keras backend
	@$(BIN)/python tests/run.py

lint: $(VENV)/.test  ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test  ## check types
	$(BIN)/mypy

contracts: $(VENV)/.test  ## check who may import whom
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.test  ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## take away what building and testing left behind, .venv included
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# The stamps: made again only when what is asked for has changed, so a second run starts at once.
$(VENV)/.uv: constraints.txt
	@set -e; for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Setting up $(VENV) with $$($$python --version)"; \
			test -x $(BIN)/python || $$python -m venv $(VENV); \
			$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv; \
			touch $@; exit 0; \
		fi; \
	done; \
	echo "Luthier needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python" >&2; exit 1

$(VENV)/.demo: $(VENV)/.uv pyproject.toml constraints.txt
	@echo "Installing what the demo needs: JAX, Keras, scikit-learn, matplotlib (once)"
	@$(INSTALL) --editable '.[jax,sklearn,plot]'
	@touch $@

$(VENV)/.test: $(VENV)/.uv pyproject.toml constraints.txt
	@echo "Installing what the tests need: JAX, TensorFlow, Keras and the development tools (once)"
	@$(INSTALL) --editable '.[jax,tensorflow,sklearn,postgres,parquet,plot]' --group dev
	@touch $@ $(VENV)/.demo
