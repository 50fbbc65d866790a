# Everything that people run; `make` alone lists it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet
AS_DEV := --constraint requirements/dev.txt
MANIFESTS := $(filter-out deploy/kubernetes/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))

unexport PYTHONDONTWRITEBYTECODE  # compiled tests halve the time before the first of them

.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-browser test-spark test-reliability follow lint-delivery images sbom lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make the environment in .venv from the locked requirements

# Runs again only when the lock or the project file has changed.
$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	UV_COMPILE_BYTECODE_TIMEOUT=600 $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

demo: setup ## run the whole product on this machine; DEMO="--once" passes options
	$(BIN)/solvent demo $(DEMO)

check: setup ## style, types, import contracts, fast tests: before every commit
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow and not postgres and not browser and not spark" -n 2 --dist loadfile

test: setup ## every test that needs Python alone
	$(BIN)/pytest -m "not browser and not spark" -n 2 --dist loadfile

test-browser: setup ## every page of the dashboard in Chromium, in both languages: apt-get install chromium
	@test -n "$$CHROMIUM" || command -v chromium chromium-browser >/dev/null || \
		{ echo "Chromium is missing: run apt-get install chromium, or set CHROMIUM to its path" >&2; exit 1; }
	$(BIN)/pytest -m browser -n 0 tests/dashboard

test-spark: setup ## the Spark engine against DuckDB; needs a Java 17 runtime
	@command -v java >/dev/null || { echo "test-spark needs a Java 17 runtime: apt-get install openjdk-17-jre-headless," \
		"or unpack one from https://adoptium.net and put its bin folder on PATH" >&2; exit 1; }
	$(BIN)/pytest -m spark -n 0

test-reliability: setup ## the fault campaigns in their small size: kills, power cuts, races; root, libfuse2 and fuse
	$(BIN)/python campaigns/run_all.py

follow: setup ## run every command of README.md, README.fr.md and API_USAGE.md in a clean clone; ports 8000 and 8501
	$(BIN)/python tools/follow_documents.py

lint-delivery: setup ## Dockerfiles, compose, workflow, manifests, security of the code, secrets in the history
	$(BIN)/hadolint Dockerfile Dockerfile.huggingface
	$(BIN)/yamllint --strict .
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/ci-cd.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --quiet --offline --pedantic .github
	$(BIN)/kubernetes-validate --quiet --strict $(MANIFESTS)
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml src tools
	$(BIN)/python tools/find_secrets.py

images: setup ## build the images without a Docker engine and try each; root and buildah; IMAGES="--stand-in DIR"
	$(BIN)/python tools/build_images.py --targets api dashboard jobs space $(IMAGES)
	$(BIN)/python tools/try_images.py --targets api dashboard jobs space

sbom: setup ## list what each role installs, as CycloneDX, in dist/sbom
	mkdir -p dist/sbom
	for role in serve dashboard jobs space; do \
		$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file dist/sbom/$$role.json \
			requirements/$$role.txt || exit 1; \
	done

lock: setup ## compile the requirements of each role from pyproject.toml; no role has another version than dev
	$(COMPILE) pyproject.toml --extra serve --extra train --extra drift --extra dashboard --extra embedded --extra spark \
		--extra dev --output-file requirements/dev.txt
	$(COMPILE) requirements/build.in $(AS_DEV) --output-file requirements/build.txt
	$(COMPILE) pyproject.toml $(AS_DEV) --extra serve --output-file requirements/serve.txt
	$(COMPILE) pyproject.toml $(AS_DEV) --extra train --output-file requirements/train.txt
	$(COMPILE) pyproject.toml $(AS_DEV) --extra dashboard --output-file requirements/dashboard.txt
	$(COMPILE) pyproject.toml $(AS_DEV) --extra serve --extra train --extra drift --output-file requirements/jobs.txt
	$(COMPILE) pyproject.toml $(AS_DEV) --extra serve --extra train --extra drift --extra dashboard --extra embedded \
		--output-file requirements/space.txt

clean: ## remove the environment and caches; what the demo made (.solvent) stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis .coverage dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
