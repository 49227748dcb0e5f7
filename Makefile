# Two commands on a fresh machine: `make demo` and `make test`. `make help` lists all.

PYTHON ?= python3
# Which build of PyTorch to install: the address of the package index that pytorch.org names for your
# CPU or GPU, e.g. `make demo TORCH_INDEX=https://...`. Empty: what pip finds by itself.
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
SIGNS := synthetic:signs?difficulty=0&max_length=12

.PHONY: help demo test quick fuzz lint check docs coverage lock audit sbom web clean
.DEFAULT_GOAL := help

help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "the module venv is missing: on Debian or Ubuntu, apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed ## Read with the trained models, then draw, train, evaluate, read: 5 to 12 minutes on two CPU cores
	rm -rf $(DEMO)
	$(BIN)/crnn-ocr data draw '$(SIGNS)&count=4&names=test&seed=4' $(DEMO)/signs --to folder
	$(BIN)/crnn-ocr data draw 'synthetic:words?part=test&difficulty=0.5&count=6&seed=4' $(DEMO)/words --to folder
	@echo 'Signs and words, read by the models that come along: file, text, confidence (what they say: labels.tsv there)'
	$(BIN)/crnn-ocr read fsns $(DEMO)/signs
	$(BIN)/crnn-ocr read words $(DEMO)/words
	@echo 'And now a small reader of signs from nothing:'
	$(BIN)/crnn-ocr data draw '$(SIGNS)&count=6000&names=train' $(DEMO)/data/train --split train --shards 4
	$(BIN)/crnn-ocr data draw '$(SIGNS)&count=200&names=validation&seed=2' $(DEMO)/data/validation --split validation
	$(BIN)/crnn-ocr data draw '$(SIGNS)&count=200&names=test&seed=3' $(DEMO)/data/test --split test
	$(BIN)/crnn-ocr train tiny --out $(DEMO)/run
	$(BIN)/crnn-ocr evaluate $(DEMO)/run $(DEMO)/data/test --out $(DEMO)/report
	@echo 'The four signs, read after a short training:'
	$(BIN)/crnn-ocr read $(DEMO)/run $(DEMO)/signs
	@echo "The signs with texts and where the decoder looked: $(DEMO)/report/report.html"

# What the static page needs of npm; where that is missing, its tests are skipped.
web/node_modules/.installed: web/package-lock.json
	npm ci --prefix web --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# A file's tests stay in one process, for they share fixtures; more than four processes train the same models too often.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

test: $(VENV)/.installed $(if $(shell command -v npm),web/node_modules/.installed) ## Run all tests
	$(PYTEST)

quick: $(VENV)/.installed ## Run the tests that take less than a few seconds and need no browser
	$(PYTEST) -m "not slow and not browser"

fuzz: $(VENV)/.installed ## Attack every reader of files with damaged input for SECONDS=60
	$(BIN)/python -m fuzz.run $(or $(SECONDS),60)

lint: $(VENV)/.installed ## Check style, types and the order of the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint docs ## All that needs no test: lint, and the documentation built strictly

docs: $(VENV)/.installed ## Make build/site, the documentation
	$(BIN)/python docs/site.py build/docs
	$(BIN)/zensical build --strict --config-file mkdocs.yml

coverage: $(VENV)/.installed ## Run all tests and measure which code they run; a smaller share than before fails
	$(PYTEST) --cov --cov-report=term:skip-covered

# The same versions as in constraints.txt, with the hash of every file that an index may give for them.
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header \
	--constraint constraints.txt pyproject.toml
lock: $(VENV)/.installed ## Write locks/: every dependency with its hashes, after a change of constraints.txt
	$(LOCK) --extra serve --output-file locks/serve.txt
	$(LOCK) --all-extras --output-file locks/dev.txt

audit: $(VENV)/.installed ## Look for known weaknesses in all that locks/ names
	$(BIN)/uvx pip-audit --disable-pip --require-hashes --requirement locks/serve.txt
	$(BIN)/uvx pip-audit --disable-pip --require-hashes --requirement locks/dev.txt

sbom: $(VENV)/.installed ## Make build/sbom.json, the list of what the service contains (CycloneDX)
	mkdir -p build
	$(BIN)/uvx --from cyclonedx-bom cyclonedx-py requirements locks/serve.txt --pyproject pyproject.toml \
		--output-file build/sbom.json

web: $(VENV)/.installed web/node_modules/.installed ## Make web/site, a static page that reads inside the browser
	$(BIN)/python web/build.py fsns web/site

clean: ## Remove the virtual environment, what npm brought, and what was made
	rm -rf $(VENV) $(DEMO) web/node_modules web/site
