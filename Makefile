# `make run` and `make test` each do all the set-up they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Each of these that is installed runs the suite of `make test-pythons`.
PYTHONS ?= python3.11 python3.12 python3.13
# What reads, measures, checks and writes without a browser, a database or another program.
FAST := tests/checks tests/coordinates tests/delivery/columns tests/delivery/readers/test_gdal.py \
	tests/delivery/test_understanding.py tests/lengths tests/network tests/publish/tables tests/text \
	tests/test_language.py tests/test_project.py tests/test_totals.py

.PHONY: run test test-pythons test-lowest docs lint bench fuzz clean

run: $(VENV)/.installed
	$(BIN)/fibre run

test: $(VENV)/.tested lint test-lowest
	@sh tests/support/prepare.sh
	$(BIN)/python -m pytest

# The suite under each Python, in an environment of its own.
test-pythons:
	@sh tests/support/prepare.sh
	@sh tests/support/pythons.sh $(PYTHONS)

# Whether the lower bounds of pyproject.toml hold.
test-lowest: $(VENV)/.tested
	@sh tests/support/lowest.sh $(FAST)

# Pages that are made of the program itself.
docs: $(VENV)/.tested
	$(BIN)/python docs/make_pictures.py
	$(BIN)/python -m gis.checks.book
	$(BIN)/python docs/make_api.py

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.benched
	$(BIN)/python -m benchmarks

# Mutants of deliveries in every format through the real command, for so long; those with a fault stay in build/fuzz.
MINUTES ?= 15
SEED ?= 1
fuzz: $(VENV)/.tested
	cd tests && PYTHONPATH=.. OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
		../$(BIN)/python -m support.fuzz --minutes $(MINUTES) --seed $(SEED) --keep ../build/fuzz

clean:
	rm -rf $(VENV) $(VENV)-* build dist

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fibre-gis needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

# Editable, so that a change of the sources counts at once.
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.tested: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.benched: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,bench]'
	@touch $@
