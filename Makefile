# The commands of this repository; `make` alone lists them.
#
# PYTHON=python3.13  makes .venv with that Python, of 3.11 or newer (else: the first that is found)
# GPU=cuda           builds llama.cpp for a GPU: cuda, metal, rocm or vulkan (else: for the CPU)
# BENCH='--per-set 99 --devices 1,2,4'   is handed to benchmarks/voice_to_voice.py
# DEMO='--say "What is the capital of Italy?"'   is handed to `assistant demo`
# SERVICE=--user     is handed to `assistant service install`: a service of yours, or --system (else: the one that fits)

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo install test bench-voice lint format environment clean
export PYTHON GPU

help: ## List these targets.
	@sed -nE 's/^([a-z-]+): ?[a-z]* ?## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@sed -nE 's/^# ([A-Z]+=.*)/  \1/p' $(MAKEFILE_LIST)

demo: environment ## Install what is missing, then hold a spoken conversation of one turn through a made-up microphone.
	.venv/bin/assistant --config config/demo.yaml models pull
	.venv/bin/assistant --config config/demo.yaml demo $(DEMO)

install: environment ## Install the daemon as a service that starts by itself, after it has said what it is going to do.
	.venv/bin/assistant service install $(SERVICE)

test: ## Check everything: style, types, and all tests with real models on Python 3.11 and 3.13.
	@scripts/test

bench-voice: environment ## Measure how long people wait for an answer, beside other assistants (15 minutes).
	.venv/bin/assistant models pull
	.venv/bin/python benchmarks/voice_to_voice.py $(BENCH)

lint: environment ## Check style and types only.
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	scripts/types

format: environment ## Put the code into the house style.
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

environment: ## Install system packages that are missing, and the core, plugins and tools into .venv.
	@python=$$(scripts/find-python) && scripts/system-packages "$$python" && "$$python" scripts/environment.py .venv

clean: ## Remove what was built here; the models and the compiled llama.cpp in your home stay.
	rm -rf .venv .venv-* build .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -r {} +
