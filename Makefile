# V2P: `make train` and `make test` work on a fresh machine; `make help` lists the verbs.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help setup train test check lint types imports format soak coverage benchmark peers parity-setup frontier baselines clean

help:           ## list the verbs
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/: .*## /\t/' | expand -t 16

setup:          ## make .venv with exact versions and see that offscreen GL works
	@bash scripts/setup.sh

train: setup    ## train on the MuJoCo workcell; ARGS="seed=1 episodes=50" adds overrides
	$(BIN)/python scripts/train.py task=dishwashing_mujoco $(ARGS)

test: setup     ## run the fast tests, in two processes of one thread; a file's tests share what they set up
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile -m "not soak" $(ARGS)

lint: setup     ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup    ## pyright
	$(BIN)/pyright

imports: setup  ## the one-way import rules
	$(BIN)/lint-imports

check: lint types imports test  ## what CI runs

format: setup   ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: setup parity-setup  ## slow proofs: full-length training runs against their bars
	$(BIN)/pytest -q -m soak $(ARGS)

coverage: setup  ## branch coverage of economics, at least 95 %
	$(BIN)/pytest -q tests/economics --cov=economics --cov-branch --cov-report=term-missing --cov-fail-under=95

benchmark: setup  ## JSON lines of speed ratios
	$(BIN)/python scripts/benchmark.py $(ARGS)

peers: setup    ## install other projects' environments for the benchmark, in .venv-peers
	@bash scripts/peers.sh

parity-setup: setup  ## install Stable-Baselines3 for scripts/parity.py, in .venv-parity
	@bash scripts/parity.sh

frontier: setup   ## constant actions of the workcell on a grid, in runs/frontier
	$(BIN)/python scripts/sweep_frontier.py task=dishwashing_mujoco output=runs/frontier $(ARGS)

baselines: setup  ## random, best constant, best schedule and oracle, searched from the frontier's best point
	$(BIN)/python scripts/sweep_frontier.py task=dishwashing_mujoco output=runs/frontier
	$(BIN)/python scripts/baselines.py task=dishwashing_mujoco frontier=runs/frontier/frontier.csv $(ARGS)

clean:          ## remove what the tools left behind (never runs/)
	rm -rf $(VENV) .venv-peers .venv-parity build dist .pytest_cache .ruff_cache .hypothesis
