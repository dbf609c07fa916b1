# `make` alone prints what there is to make. Every target makes the environment it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := "$(VENV)"/bin
READY := $(subst $() ,\ ,$(VENV))/.installed
PACKAGES := $(subst $() ,\ ,$(VENV))/.packages
EXTRACTORS_PYTHON ?= python3.12
EXTRACTORS := .venv-extractors
EXTRACTORS_READY := $(EXTRACTORS)/.installed
LOCKED := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --custom-compile-command 'make lock'
TRAIN := $(BIN)/python -m pagesieve.train
FETCHED := $(if $(filter undefined,$(origin CORPORA)),,data)  # an empty CORPORA= is an error there
FULL := $(BIN)/pytest -rsP --durations=0
PAGE_TESTS := tests/test_hostile.py tests/test_extremes.py  # of what is slow they take about half the time
LONG_TESTS := tests/test_interrupt.py tests/test_fuzz.py  # minutes each
SAMPLE := data/pages/harbour-news.html

# What a user says is taken to the letter, never expanded: a file may be named $(shell ...).
$(foreach name,PAGE PAGES CORPORA MODEL DATA MINE FORCE UPGRADE RAISE LOWER,$(if $(filter undefined,$(origin $(name))),,\
	$(eval override $(name) := $$(value $(name)))$(eval export $(name))))

.DEFAULT_GOAL := help
.PHONY: help setup lock demo screenshot predict review data train evaluate curve compare bench report agreement gate test lint check-install check-full full-of-pages full-of-others fuzz wheel clean page-given pages-given

help:  ## print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: $(READY)  ## make .venv and install into it what requirements.lock pins; PYTHON=python3.12 takes another Python

$(PACKAGES): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("needs Python 3.11: make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	@echo "installing into $(VENV), about a minute"
	@$(PYTHON) -m venv "$(VENV)"
	@$(BIN)/python $(LOCKED) --only-binary :all: -r requirements.lock
	@touch "$@"

$(READY): $(PACKAGES) $(wildcard predict/core/*.p[yx]* predict/core/*.hpp)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@$(BIN)/python -c 'from pagesieve.predict import core; core.core or print("the core could not be compiled, for which a C++ compiler is needed: the slower pure Python runs")'
	@mkdir -p "$(VENV)/types/pagesieve"
	@ln -sfn "$(CURDIR)/predict" "$(CURDIR)/train" "$(CURDIR)/models" "$(VENV)/types/pagesieve/"  # mypy cannot read an editable install
	@touch "$@"

demo: $(READY)  ## label a sample page: prints its article, writes it coloured by label to reports/demo.html
	@mkdir -p reports
	@$(BIN)/pagesieve predict --format text $(SAMPLE)
	@$(BIN)/pagesieve predict --format html -o reports/demo.html $(SAMPLE)
	@echo
	@echo "$(SAMPLE) with its blocks coloured by label: reports/demo.html"

predict: page-given $(READY)  ## label a page of yours, a line of JSON a block: PAGE=page.html
	@$(BIN)/pagesieve predict -- "$$PAGE"

page-given:
	$(if $(PAGE),,$(error say which page: make predict PAGE=page.html))

review: pages-given $(READY)  ## label pages of yours by hand in the browser: PAGES=folder
	@$(BIN)/pagesieve review -- "$$PAGES"

pages-given:
	$(if $(PAGES),,$(error say which pages: make review PAGES=folder))

data: $(READY)  ## fetch the training corpora to data/raw; CORPORA=DIR takes their archives from a folder
	@$(TRAIN) data $${CORPORA+"--corpora=$$CORPORA"}

train: $(READY) $(FETCHED)  ## train on all data that is there; CORPORA=DIR MODEL=DIR DATA=mine.csv MINE=DIR FORCE=1
	@$(TRAIN) train $${MODEL+"--model=$$MODEL"} $${DATA+"--data=$$DATA"} $${MINE+"--mine=$$MINE"} $(if $(filter 1,$(FORCE)),--force)

evaluate: $(READY) $(FETCHED)  ## score out of fold by site, into reports; CORPORA=DIR
	@$(TRAIN) evaluate

curve: $(READY) $(FETCHED)  ## score by the number of sites learned from, into reports; CORPORA=DIR; about twenty minutes
	@$(TRAIN) curve

compare: $(READY) $(EXTRACTORS_READY) $(FETCHED)  ## score other extractors on the same pages, into reports; CORPORA=DIR EXTRACTORS_PYTHON=python3.12
	@$(TRAIN) compare

bench: $(READY) $(EXTRACTORS_READY) $(FETCHED)  ## CPU and memory of pagesieve and other extractors on the same pages, into reports; CORPORA=DIR EXTRACTORS_PYTHON=python3.12
	@$(TRAIN) bench

$(EXTRACTORS_READY): train/benchmark/extractors.lock
	@$(EXTRACTORS_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null || \
		{ echo "the other tools need Python 3.12, $(EXTRACTORS_PYTHON) is none: EXTRACTORS_PYTHON=... says where one is" >&2; exit 2; }
	@echo "installing the other tools into $(EXTRACTORS)"
	@$(EXTRACTORS_PYTHON) -m venv --clear $(EXTRACTORS)
	@$(EXTRACTORS)/bin/python $(LOCKED) -r train/benchmark/extractors.lock
	@touch $@

report: $(READY)  ## draw the plots and the error gallery from the files of make evaluate
	@$(TRAIN) report

screenshot: demo  ## picture of the page in colours for the README, by Chromium
	@chromium --headless --no-sandbox --disable-gpu --disable-background-networking --hide-scrollbars \
		--window-size=1300,860 --screenshot=reports/coloured.png reports/demo.html 2>/dev/null
	@echo "took reports/coloured.png"

lock: $(READY)  ## pin again what pyproject.toml asks for, with hashes; UPGRADE=1 takes the newest versions of all
	@$(LOCK) $(if $(filter 1,$(UPGRADE)),--upgrade) --python-version 3.11 --extra train --extra review --extra dev pyproject.toml -o requirements.lock
	@$(LOCK) $(if $(filter 1,$(UPGRADE)),--upgrade) --python-version 3.12 train/benchmark/extractors.txt -o train/benchmark/extractors.lock

agreement: $(READY)  ## how far the two readers of the pages that were read twice agree
	@$(TRAIN) agreement

gate: $(READY) $(FETCHED)  ## compute the scores anew, fail below the floors of reports/gate.json; MODEL=DIR RAISE=1 LOWER=1, with CORPORA=DIR about 20 minutes
	@$(TRAIN) gate $${MODEL+"--model=$$MODEL"} $(if $(CORPORA),--corpora) $(if $(filter 1,$(RAISE)),--write raise) $(if $(filter 1,$(LOWER)),--write lower)

test: $(READY)  ## run the tests; CORPORA=DIR runs those too that need the corpora
	@$(BIN)/pytest -n auto --dist worksteal

lint: $(READY)  ## ruff and mypy
	@$(BIN)/ruff check .
	@MYPYPATH="$(VENV)/types" $(BIN)/mypy -p pagesieve.predict -p pagesieve.train

fuzz: $(READY)  ## compare the compiled core with the reference on random pages, under sanitizers; SECONDS=60
	@$(BIN)/python tests/core_fuzz.py $(if $(SECONDS),$(SECONDS),60)

wheel: $(READY)  ## build the wheel for this platform, with the core, into dist/
	@$(BIN)/python -m build --no-isolation --wheel

check-install: $(READY)  ## build the wheel, use it and the model file in new environments; minutes
	@$(BIN)/pytest -m install

check-full: $(READY)  ## all that is too long for CI, with the learning from the corpora by the gate, and its figures: CORPORA=DIR; about 50 minutes on two cores
	@$(MAKE) --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=line) full-of-pages full-of-others
	@$(MAKE) --no-print-directory gate

full-of-pages:
	@$(FULL) -m slow $(PAGE_TESTS)

full-of-others:
	@$(FULL) -m install
	@$(MAKE) --no-print-directory fuzz SECONDS=300
	@$(FULL) -m slow $(addprefix --ignore=,$(PAGE_TESTS) $(LONG_TESTS))
	@$(FULL) -m slow $(LONG_TESTS)

clean:  ## remove what make made, but not data/raw
	rm -rf .venv $(EXTRACTORS) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis reports/demo.html reports/gallery predict/core/core.cpp predict/core/*.so
	find predict train models tests -name __pycache__ -prune -exec rm -rf {} +
