# Every target sets up what it needs: a virtual environment in .venv and, where Qt cannot start without them,
# a few system libraries.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PARALLEL ?= 3

.PHONY: demo test check bench bundle deb manual format clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    a seeded clinic with a window (without a display: pictures of a whole day)"
	@echo "make test    all checks and tests"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make bench   the table of figures, each beside its limit"
	@echo "make bundle  server and desktop as folders that run without Python, in dist/"
	@echo "make deb     the same as packages for Debian and Raspberry Pi OS"
	@echo "make manual  the manual as a PDF with pictures of today, in dist/"

$(STAMP): pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" .ci/setup $(VENV)
	@touch $@

demo: $(STAMP)
	$(BIN)/hms-server demo

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

test: check
	QT_QPA_PLATFORM=offscreen $(BIN)/pytest -n $(PARALLEL) --dist worksteal

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks

# PyInstaller is asked for here alone: nobody else needs it.
BUNDLE := $(BIN)/pyinstaller --noconfirm --clean --log-level ERROR --distpath dist --workpath build
bundle: $(STAMP)
	installers/bundle/libraries
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pyinstaller>=6.11'
	$(BUNDLE) installers/bundle/server.spec
	$(BUNDLE) installers/bundle/desktop.spec
	QT_QPA_PLATFORM=offscreen $(BIN)/pytest -n0 tests/installers/test_bundle*.py

# Takes its own pictures, in a made-up clinic.
manual: $(STAMP)
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m installers.manual dist/manual.pdf

# Of the bundles that lie in dist/; made first where there are none.
deb: $(STAMP)
	test -x dist/hms-server/hms-server -a -x dist/hms-desktop/hms-desktop || $(MAKE) bundle
	installers/debian/libraries
	$(BIN)/python -m installers.debian.build

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
