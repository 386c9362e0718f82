SHELL := bash
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PROJECT ?= demo
ARGS ?=
TESTS ?= tests

READSIGHT_REAL_DATA ?= ../shared/data
export READSIGHT_REAL_DATA := $(realpath $(READSIGHT_REAL_DATA))

RUNNER := PATH="$(CURDIR)/.venv/bin:$$PATH" PYTHONPATH="$(CURDIR)/scripts"
IN = PATH="$$(.venv/bin/python envs/prepare.py --where $(1))/bin:$$PATH"

.PHONY: help setup setup-tests runner demo run doctor test lint config docs clean

help: ## Show this list
	@echo "make TARGET; targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Create the runner (.venv) and the environments of all steps
	@envs/setup.sh

demo: ## Set up, simulate a cohort with planted truth, run every stage on it, write the report
	@$(MAKE) run PROJECT=demo

run: setup ## Run a project: make run PROJECT=name ARGS="snakemake options"
	@workflow/run.sh '$(PROJECT)' $(ARGS)

doctor: runner ## Check the config, sample sheet and files of a project without running it: make doctor PROJECT=name
	@config=$$(workflow/config.sh '$(PROJECT)') && $(RUNNER) python -m readsight.doctor "$$config"

test: setup setup-tests lint ## Set up, and run all tests
	@echo "[tests] $(TESTS)"
	@# one worker per file, so that module fixtures are computed once
	@$(call IN,test) python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(TESTS) $(ARGS)

lint: setup-tests ## Style of the code, and snakemake --lint of the demo
	@echo "[lint] ruff, snakefmt, snakemake --lint"
	@$(call IN,lint) ruff check --quiet .
	@$(call IN,lint) ruff format --check --quiet .
	@$(call IN,lint) snakefmt --check --line-length 130 --no-sort Snakefile workflow/rules
	@$(RUNNER) snakemake --lint --configfile config/projects/demo/config.yaml

config: runner ## Regenerate config/config.yaml, its schema and its documentation after a change of the config classes
	@$(RUNNER) python -m readsight.config.documentation

docs: ## Build the documentation as a site in site/
	@envs/setup.sh docs
	@$(call IN,docs) NO_MKDOCS_2_WARNING=1 mkdocs build --strict

clean: ## Remove the runner and all environments; results are kept
	rm -rf .venv .readsight .snakemake/conda

runner:
	@envs/setup.sh --runner

setup-tests:
	@envs/setup.sh lint test
	@envs/browser.sh
