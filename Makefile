# install  .venv with the package and what its development needs   demo   the platinum job and its figure in out/
# test     the tests, without those marked slow                    lint   ruff and mypy
# docs     reference of the Python interface in out/docs
# bench    against WannierBerri and numpy.linalg.eigh              clean  remove what these targets wrote, not .venv

PYTHON ?= python3
PYTEST_ARGS ?= -m "not slow" -n auto
BENCH_ARGS ?=

BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: install demo test lint docs bench clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make install PYTHON=...")'
	@echo "installing into .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(INSTALLED)
	@mkdir -p out
	$(BIN)/solenoidal run examples/pt/pt.toml -o out/pt.nc
	$(BIN)/solenoidal plot out/pt.nc -o out/pt.png

test: export OMP_NUM_THREADS = 1
test: $(INSTALLED)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy

docs: $(INSTALLED)
	@mkdir -p out
	$(BIN)/pdoc --docformat numpy --output-directory out/docs solenoidal

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

clean:
	rm -rf out .bench build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find benchmarks src tests -name __pycache__ -type d -prune -exec rm -rf {} +
