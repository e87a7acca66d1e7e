# Everything runs in .venv, which is made and filled on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint proof guards container house format bench chaos hosts matrix clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.runtime  ## the main job in a minute: sandbox, crawl and export side by side, verify
	$(BIN)/python cli.py demo

# One more than there are processors: tests with processes wait for leases that run out and for servers that stop.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); [ "$$n" -lt 4 ] && echo $$((n + 1)) || echo 4)
test: $(VENV)/.dev mariadb chromium  ## all tests, on SQLite and on a private MariaDB
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(VENV)/.dev  ## style, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

proof: $(VENV)/.dev mariadb spin iproute2  ## the structure's limits, engine contract, model and simulation, bounds of requirements
	$(BIN)/python -m pytest -m proof
	BATON_KILLS=52 BATON_WEBHOOK_KILLS=12 BATON_REPORTS=1000 BATON_JOB_DAYS=14 $(BIN)/python -m pytest -n 2 \
	  tests/processes/test_processes_kills.py tests/processes/test_processes_webhooks.py \
	  tests/jobs/test_jobs_weeks.py
	$(BIN)/python -m tools.model
	$(BIN)/python -m tests.simulation.main --schedules 2000
	$(BIN)/python -m tools.resolution

container: $(VENV)/.dev podman  ## the image and the compose files, in containers made of Debian packages
	$(BIN)/python -m pytest -m container tests/container

house: $(VENV)/.dev  ## measures of the code's structure, as a table
	$(BIN)/python -m tools.house

format: $(VENV)/.dev  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev mariadb  ## speed and memory, as ratios measured in one run
	$(BIN)/python -m benchmarks

MINUTES ?= 30
ENGINE ?= all
chaos: $(VENV)/.dev mariadb  ## faults at random: MINUTES=30, ENGINE=sqlite|mariadb|galera|all, SEED=N
	$(BIN)/python -m tests.guards.main --random 20 $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.chaos.main --minutes $(MINUTES) --engine $(ENGINE) $(if $(SEED),--seed $(SEED))

FAULTS ?= 1000
hosts: $(VENV)/.dev mariadb iproute2  ## three hosts in network namespaces, one truth: MINUTES=30, FAULTS=1000, SEED=N (root)
	$(BIN)/python -m tests.hosts.main --minutes $(MINUTES) --faults $(FAULTS) $(if $(SEED),--seed $(SEED))

guards: $(VENV)/.dev mariadb spin  ## remove guards one by one, and see test, simulation and model fail without each
	$(BIN)/python -m tests.guards.main
	$(BIN)/python -m tests.simulation.guards
	$(BIN)/python -m tools.model guards

matrix: $(VENV)/.dev mariadb  ## blocks and throttles against 1, 6 and 20 real processes
	$(BIN)/python -m tests.matrix.main

clean:  ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: mariadb
mariadb:
	@sh tests/install_mariadb.sh

.PHONY: spin
spin:
	@sh tests/install_spin.sh

.PHONY: iproute2
iproute2:
	@sh tests/install_iproute2.sh

.PHONY: podman
podman:
	@sh tests/install_podman.sh

.PHONY: chromium
chromium:
	@sh tests/install_chromium.sh

# Debian ships venv as a package of its own.
define make_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Baton needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  apt-get install -y -qq python3-venv >/dev/null && $(PYTHON) -m venv $(VENV); } || { \
	  echo "Python cannot make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
endef

$(VENV)/.runtime: requirements.txt
	$(make_venv)
	$(BIN)/pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt
	$(make_venv)
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime
