# make setup   .venv with the pinned packages; checks the libraries Qt needs
# make run     opens the window on the built-in case (without a display: draws it to a picture)
# make test    lint, types, layer contracts, tests
SHELL := /bin/sh
BIN := .venv/bin
ARGS ?=
export CAVAL_PYTHON

.PHONY: setup run test lint clean

setup:
	@sh .setup/setup.sh

run: setup
	@$(BIN)/caval demo $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy .setup/bootstrap.py
	$(BIN)/lint-imports --no-logo

test: lint
	QT_QPA_PLATFORM=offscreen $(BIN)/pytest -n 2 $(ARGS)

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis caval-demo.png
	find viewer tests -type d -name __pycache__ -prune -exec rm -rf {} +
