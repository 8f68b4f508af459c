PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint bench hypotheses notebook-curve clean

run: .venv/installed ## the genius's notebook: credit table, run folder, figures
	$(BIN)/shoulders run scenarios/genius_notebook.toml

test: .venv/installed-dev ## all tests
	$(BIN)/python -m pytest -n auto

lint: .venv/installed-dev ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed-bench ## speed beside the neighbours; see benchmarks/README.md
	$(BIN)/python -m benchmarks $(ARGS)

hypotheses: .venv/installed ## the fourteen claims about time, each beside its theory: results/hypotheses/report.html
	$(BIN)/shoulders test scenarios/hypotheses --engine kernels --out results/hypotheses

notebook-curve: .venv/installed ## what the notebook is worth by when it is found: docs/notebook_curve.png
	$(BIN)/shoulders notebook-curve --pairs 3200 -o docs/notebook_curve.png

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv/installed-bench: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	touch $@

clean:
	rm -rf .venv
