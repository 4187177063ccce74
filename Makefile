# Each target builds what it needs; a machine with Python 3.11 or newer and make is enough.
VENV = .venv
BIN = $(VENV)/bin
PYTEST = $(BIN)/python -m pytest
# Two workers; a module stays on one of them, so that what its tests share (a browser, a Spark session) is made once.
WORKERS = -n 2 --dist loadfile
# Python keeps what it compiled of a library: a hundred processes of the tests would compile it anew otherwise.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL = help
.PHONY: help demo test check docs bench audit soak format clean user-environment dev-environment
.NOTPARALLEL:

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile

demo: user-environment ## See what palate does, on the bundled ratings
	$(BIN)/palate demo

test: dev-environment ## Run the test suite
	$(PYTEST) $(WORKERS)

check: dev-environment ## Format, lint, types, layers, doctests, and the commands in README and docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@echo "types on one processor; holes, layers and the site on the other"
	@$(BIN)/mypy & types=$$!; \
	$(BIN)/bandit -q -r src && $(PYTEST) -q tests/test_layers.py && $(BIN)/python scripts/build_docs.py; \
	others=$$?; wait $$types && exit $$others
	$(PYTEST) $(WORKERS) -q --doctest-modules src
	$(BIN)/python scripts/check_docs.py

docs: dev-environment ## Build the documentation site in build/site; a warning is an error
	$(BIN)/python scripts/build_docs.py

bench: dev-environment ## Measure speed and quality (not part of the tests)
	$(BIN)/python benchmarks/run.py

audit: dev-environment ## Ask for known holes in the libraries used; an answer is shown, not judged
	-timeout 120 $(BIN)/pip-audit --progress-spinner off

soak: dev-environment ## Run the test suite with many more generated cases
	PALATE_SOAK=1 $(PYTEST) $(WORKERS)

format: dev-environment ## Format the code, mend what the linter can, and write docs/commands.md anew
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python scripts/write_commands.py

clean: ## Remove everything that was built
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis palate-demo
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

user-environment:
	@scripts/environment.sh user $(VENV)

dev-environment:
	@scripts/environment.sh dev $(VENV)
