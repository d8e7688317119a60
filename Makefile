# Everything runs in .venv; `make demo` and `make test` set it up themselves. Another interpreter beside it:
# `make test PYTHON=/usr/bin/python3.13 VENV=/tmp/venv-3.13`.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check bench venv lock screenshots clean

demo: venv
	@$(BIN)/mtls-console demo

test: venv
	@$(BIN)/pytest -n auto --dist worksteal tests

check: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: venv
	$(BIN)/python -m tests.bench

screenshots: venv
	$(BIN)/python -m docs.screenshots

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "mtls-console needs Python 3.11 or newer with venv and ensurepip; none runs here." >&2; exit 2; }
	@echo "Setting up $(VENV) (once; half a minute to two minutes) …" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# Rewrites constraints.txt: every dependency, pinned, for every Python that is supported.
lock: venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --extra dev --no-header --no-annotate --no-emit-index-url -o constraints.txt pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
