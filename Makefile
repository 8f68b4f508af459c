PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-full campaign mutants lint bench hypotheses notebook-curve docs gallery playground clean

run: .venv/installed ## the genius's notebook: credit table, run folder, figures
	$(BIN)/shoulders run scenarios/genius_notebook.toml

test: .venv/installed-dev ## all tests, some of them at a smaller size
	$(BIN)/python -m pytest -n auto --dist worksteal

test-full: .venv/installed-dev ## all tests at full size
	SHOULDERS_FULL=1 SHOULDERS_THEORY=full SHOULDERS_EXAMPLES=5000 $(BIN)/python -m pytest -n auto --dist worksteal

campaign: .venv/installed-dev ## 100,000 malformed inputs, 10,000 flips, 1,000 kills, 300 interrupts; CAMPAIGN=0.1 for a tenth
	SHOULDERS_CAMPAIGN=$(or $(CAMPAIGN),1) $(BIN)/python -m pytest -s tests/campaign

mutants: .venv/installed-dev ## small faults in the rules, role flow and the placing of logs: do the tests find them?
	$(BIN)/python -m tests.campaign.mutants 25

lint: .venv/installed-dev ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-bench ## speed beside the neighbours; see benchmarks/README.md
	$(BIN)/python -m benchmarks $(ARGS)

hypotheses: .venv/installed ## the fourteen claims about time, each beside its theory: results/hypotheses/report.html
	$(BIN)/shoulders test scenarios/hypotheses --engine kernels --out results/hypotheses

notebook-curve: .venv/installed ## what the notebook is worth by when it is found: docs/notebook_curve.png
	$(BIN)/shoulders notebook-curve --pairs 3200 -o docs/notebook_curve.png

docs: .venv/installed-docs ## the site, in docs/_build; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -E -q -b html docs docs/_build

gallery: .venv/installed ## every picture of README and docs, drawn anew
	$(BIN)/python docs/gallery.py $(ARGS)

playground: .venv/installed ## the engine of the playground, compiled anew for the browser; wants wasm-ld (Debian's lld)
	$(BIN)/python -m sim.views.playground.build

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv/installed-bench: .venv/installed
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	touch $@

.venv/installed-docs: .venv/installed
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	touch $@

clean:
	rm -rf .venv docs/_build
