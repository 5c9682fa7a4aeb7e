# make demo   sets everything up and runs a first audit with a small language model on this computer
# make test   sets everything up and passes the tests
# Both need only Python 3.11+ and make. Name another Python with PYTHON=...; CONSTRAINTS=constraints.txt installs the
# versions that the tests passed with, as .ci/run does; `make help` lists the rest.

ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3.14 python3; do \
	$$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif
ifeq ($(PYTHON),)
PYTHON := python3
endif
BIN := .venv/bin
DEV := .venv/.installed-dev
RUN := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types floors check docs gallery bench build clean

help:
	@echo 'make demo     a first audit with a small language model on this computer (a few minutes, 1.1 GB once)'
	@echo 'make test     the tests (those that need a browser or a model are skipped where there is none; without the slow ones)'
	@echo 'make check    lint, types, import floors and tests'
	@echo 'make format   put the code into the house style'
	@echo 'make docs     the documentation as a site, in site/'
	@echo 'make gallery  eight example reports against the browser (some minutes)'
	@echo 'make bench    what the README says of speed'
	@echo 'make build    the wheel and the source archive, in dist/'
	@echo 'make clean    remove what was made, but no results and no .venv'

# Each stamp is as old as the last installation; pyproject.toml newer than it means: install again.
# The developer's installation holds the plain one.
$(DEV): pyproject.toml tools/prepare.py
	@$(PYTHON) tools/prepare.py --extra dev --constraints '$(CONSTRAINTS)'
	@touch $(RUN) $(DEV)

$(RUN): pyproject.toml tools/prepare.py
	@$(PYTHON) tools/prepare.py --extra local --engine --constraints '$(CONSTRAINTS)'
	@touch $(RUN)

demo: $(RUN)
	@$(BIN)/bias-harness run experiments/quickstart.yaml

# What is marked slow is for .ci/run, which sets BIAS_HARNESS_TESTS=all.
test: $(DEV)
	@$(BIN)/pytest -rs -n auto --maxprocesses 4 --dist loadfile $(if $(filter all,$(BIAS_HARNESS_TESTS)),,-m 'not slow')

lint: $(DEV)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: $(DEV)
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

types: $(DEV)
	@$(BIN)/mypy

floors: $(DEV)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tools/import_graph.py

check: lint types floors test

docs: $(DEV)
	@$(BIN)/python tools/reference.py --check
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@$(BIN)/python tools/gallery.py site/gallery
	@$(BIN)/bias-harness site tests/fixtures/local-model tests/fixtures/simulated-regression --into site/monitor

# Eight reports in the browser, in both languages, at two widths, light and dark: their words, boxes and what axe finds.
gallery: $(DEV)
	@BIAS_HARNESS_TESTS=gallery $(BIN)/pytest -rs tests/reporting/test_gallery.py

bench: $(DEV)
	@for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

build: $(DEV)
	@$(BIN)/hatchling build

clean:
	@rm -rf dist build site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
