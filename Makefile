# The two commands are `make demo` and `make test`; both set up whatever is missing first.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench soak lock softphone clean

PY := .venv/bin/python
export PLAYWRIGHT_BROWSERS_PATH := $(CURDIR)/var/browsers

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## set up whatever is missing, run nothing
	@deploy/setup.sh demo

demo: ## import made-up people, call them through a simulated network (CALLS=40 ends it, JSON=1 prints the summary)
	@deploy/setup.sh demo
	@exec .venv/bin/dialer demo $(if $(CALLS),--calls $(CALLS)) $(if $(JSON),--json)

test: ## set up, check the code, run every test (ARGS="-k name" is passed on to pytest)
	@deploy/setup.sh test
	@$(MAKE) check
	@exec $(PY) -m pytest $(ARGS)

check: ## style, types and the direction of imports, without tests
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: ## measure and print what the issue asks for
	@deploy/setup.sh test
	@exec $(PY) -m bench $(ARGS)

soak: ## the same for an hour (MINUTES=60)
	@deploy/setup.sh test
	@exec $(PY) -m bench.soak --minutes $(or $(MINUTES),60)

lock: ## choose the versions of the dependencies anew
	@test -x var/uv/bin/uv || { $(PY) -m venv var/uv && var/uv/bin/pip install --quiet uv; }
	@var/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras --no-header \
		--upgrade pyproject.toml --output-file requirements.lock

softphone: ## build the page's telephone library anew (needs npm; the result is committed)
	cd webui/softphone && npm ci && npm run build

clean: ## remove what was set up; calls, people and recordings in var/ stay
	@! flock -n var/lock true 2>/dev/null && test -e var/lock && { echo "a dialer runs here: stop it first" >&2; exit 1; } || true
	@rm -rf .venv var/asterisk-root var/asterisk-root.unfinished var/setup var/cache var/browsers var/uv \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info build
	@find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
