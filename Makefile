# The loop of somebody who works on this: `make setup` once, `make fast` while writing, `make check` before it is handed in.
VENV := .venv
PY := $(VENV)/bin/python
FAST := tests/domain tests/config tests/market tests/gate tests/setups tests/engine tests/paper tests/docs

.PHONY: setup fast check fix docs site shots help fast-types fast-tests

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

setup: ## a virtual environment with everything that tests and docs need
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q -c constraints.txt -e '.[test,docs]'

fast: ## lint, types, and the tests of the rooms that need no process and no network: under a minute
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check -q .
	$(MAKE) -s -j2 --output-sync=target fast-types fast-tests

fast-types:
	$(VENV)/bin/mypy --strict cockpit/

fast-tests:
	$(PY) -m pytest -q -n 2 --dist loadfile -m "not slow" $(FAST)

check: ## what a change must pass, from a clean environment
	bash .ci/run

fix: ## what can be mended by itself
	$(VENV)/bin/ruff check --fix -q . || true
	$(VENV)/bin/ruff format -q .

docs: ## every page and file that is made from the code
	$(PY) -m cockpit.config.schema > config/schema.json
	$(PY) -m tests.docs.config_reference > docs/config.md
	$(PY) -m cockpit.tui.keys_page > docs/keys.md
	$(PY) -m tests.docs.gate_reference > docs/gate.md
	$(PY) -m tests.docs.orders_reference > docs/orders.md
	$(PY) -m tests.faults.page > docs/faults.md
	$(PY) -m tests.docs.help_made > cockpit/commands/help_text.py

site: docs ## the docs as a site, in build/site
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet

shots: ## the README's pictures
	$(PY) tests/tui/screenshots.py
	$(PY) -m tests.research.pictures
