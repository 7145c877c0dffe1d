# Everything works from a fresh clone: each target sets up what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# for instance PIP_ARGS="--index-url …" for a build of PyTorch of your own choice
PIP_ARGS ?=
GRID ?= experiments/quickstart.yaml
RUN ?= runs/quickstart
NAME ?= lara
PROTOCOLS := lara lc_vs_rag self_route longllmlingua chain_of_agents lost_in_the_middle haystackcraft
DATA ?= ../shared/data
ROOTS := pipelines retrievers compressors experiments app
CODE := src $(ROOTS) tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long lint format grid protocol report router dashboard reader bare benchmarks clean $(PROTOCOLS)

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready ## Create the environment and install everything

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Crossover needs Python 3.11 or newer: make setup PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e '.[all]' --group dev
	@touch $@

demo: setup ## Compare strategies on generated documents: no key, no network, no GPU
	$(BIN)/crossover run experiments/quickstart.yaml --out runs/quickstart

test: setup ## Run the test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-long: setup ## Run the full form of the long checks
	$(BIN)/python -m pytest -n 2 -m long

lint: setup ## Check formatting, lint and types
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	@# the root folders are packages of crossover: show them to the type checker as such
	@rm -rf build/tree && mkdir -p build/tree/crossover
	@ln -s $(CURDIR)/src/crossover/* build/tree/crossover/
	@for folder in $(ROOTS); do ln -s $(CURDIR)/$$folder build/tree/crossover/$$folder; done
	MYPYPATH=build/tree $(BIN)/mypy -p crossover

format: setup ## Format the code
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

grid: setup ## Run a grid: make grid GRID=my.yaml
	$(BIN)/crossover run $(GRID)

protocol: setup ## Run a paper's comparison: make protocol NAME=lara
	$(BIN)/crossover run experiments/protocols/$(NAME).yaml --out runs/$(NAME)

$(PROTOCOLS): # each of them by its own name, too
	@$(MAKE) protocol NAME=$@

report: setup ## Show a run again: make report RUN=runs/my
	$(BIN)/crossover report $(RUN)

router: setup ## Learn a router from a run: make router RUN=runs/my
	$(BIN)/crossover router fit $(RUN) --out $(RUN)/router.json

dashboard: setup ## Look at a run in the browser: make dashboard RUN=runs/my
	$(BIN)/crossover dashboard $(RUN)

reader: setup ## Train the embedded reader anew: make reader DATA=… (two hours on two cores)
	$(BIN)/python -m crossover.experiments.reader $(DATA) --out build/reader

benchmarks: setup ## Measure every part beside its peer, in one table (15 minutes on two cores)
	$(BIN)/python benchmarks/table.py

bare: ## Install without extras into an environment of its own and try the light commands
	bash benchmarks/bare_install.sh $(PYTHON)

clean: ## Remove the environment and what was built
	rm -rf $(VENV) build dist *.egg-info
