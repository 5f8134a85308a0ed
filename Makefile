# Everything runs in .venv, which each target sets up as far as it needs. Start with: make demo
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.runs
TOOLS := $(VENV)/.has-tools
COMPILED := build/compiled
CONTROL_PLANE := build/apiserver/control-plane
WITH_ALL := '.[kubernetes,serve,uvloop]' --group test --group check --group deploy
COMPILED_TESTS ?= tests
FUZZ_SECONDS ?= 300

.PHONY: help demo demo-pull test test-compiled test-cluster check audit format proto docs pictures bench fuzz soak clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "no virtual environment could be made: on Debian, apt-get install python3-venv" >&2; exit 1; }

$(RUN): pyproject.toml constraints.txt | $(BIN)/python
	@VSOCK_LOADGEN_PURE=1 $(BIN)/pip install --quiet --constraint constraints.txt --editable '.[serve]'
	@touch $@

$(TOOLS): pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@VSOCK_LOADGEN_PURE=1 $(BIN)/pip install --quiet --constraint constraints.txt --editable $(WITH_ALL) --group fuzz
	@! command -v npm >/dev/null || npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(VENV) axe-core@4.14.1
	@touch $(RUN) $@

demo: $(RUN) ## Simulate 200 VMs against a receiver of its own, in 15 seconds
	@$(BIN)/vsock-loadgen run --config examples/fleet-200.yaml --target embedded --time-scale 45 --duration 15s \
		--stats-interval 5s --result demo-result.json --html demo-report.html
	@echo "The result is in demo-result.json, and as a page in demo-report.html."

demo-pull: $(RUN) ## Let 200 VMs be asked for their reports as Sensor asks, in 20 seconds
	@$(BIN)/vsock-loadgen serve --config examples/fleet-pull.yaml --asker embedded --listen http://127.0.0.1:0 --time-scale 1440 --duration 20s \
		--metrics-port 0 --stats-interval 5s --result demo-pull-result.json --html demo-pull-report.html
	@echo "The result is in demo-pull-result.json, and as a page in demo-pull-report.html."

test: check ## Run every check and every test
	@$(BIN)/python -m pytest --numprocesses 4 --dist loadscope --ignore tests/apiserver

# As it is installed where there is a C compiler: hatch_build.py.
$(COMPILED)/.done: pyproject.toml constraints.txt hatch_build.py $(wildcard src/vsock_loadgen/*/*.py) | $(BIN)/python
	@$(PYTHON) -m venv $(COMPILED)
	@$(COMPILED)/bin/pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(COMPILED)/bin/pip install --quiet --constraint constraints.txt $(WITH_ALL)
	@touch $@

test-compiled: $(COMPILED)/.done ## Run the tests with the tool compiled, or those in COMPILED_TESTS
	@$(COMPILED)/bin/vsock-loadgen --version | grep compiled
	@$(COMPILED)/bin/python -m pytest --numprocesses 4 --dist loadscope $(COMPILED_TESTS)

# Kubernetes takes some 10 minutes and 4 GB to compile. Go keeps what it has compiled: a new checkout only links.
$(CONTROL_PLANE): tests/apiserver/main.go tests/apiserver/go.mod tests/apiserver/go.sum
	@command -v go >/dev/null || { echo "Go is needed to build the API server of these tests: on Debian, apt-get install golang-go" >&2; exit 1; }
	@mkdir -p $(@D)
	@cd tests/apiserver && CGO_ENABLED=0 go build -trimpath -o $(CURDIR)/$@ \
		-ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$$(go list -m -f '{{.Version}}' k8s.io/kubernetes)" .

test-cluster: $(TOOLS) $(CONTROL_PLANE) ## Run the tests that need a Kubernetes API server, which is built for them (needs Go)
	@$(BIN)/python -m pytest tests/apiserver

check: $(TOOLS) ## Check format, lint, types and import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --quiet 2>/dev/null || $(BIN)/lint-imports

# Strict: what the database does not know has not been looked up, which is not the same as without fault.
audit: $(TOOLS) ## Look the dependencies up in the database of known vulnerabilities (needs the network)
	@$(BIN)/pip install --quiet --constraint constraints.txt --group audit
	@$(BIN)/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

format: $(TOOLS) ## Put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet .

proto: ## Generate the protobuf code anew, with the oldest runtime that is supported
	@$(PYTHON) -m venv build/protoc
	@build/protoc/bin/pip install --quiet grpcio-tools==1.71.2 mypy-protobuf==3.6.0
	@PATH="$(CURDIR)/build/protoc/bin:$$PATH" python -m grpc_tools.protoc -I src --python_out=src --mypy_out=quiet:src \
		src/vsock_loadgen/payloads/proto/scanner_v4.proto src/vsock_loadgen/payloads/proto/virtual_machine_v1.proto \
		src/vsock_loadgen/payloads/proto/vm_service.proto

docs: $(RUN) ## Write the tables that the documents take from the code anew
	@$(BIN)/python -m docs.scripts.reference

pictures: $(RUN) ## Take pictures of the plan and of a real run, its live view and its report (needs tmux and Chromium, and a quiet machine)
	@$(BIN)/python -m docs.pictures.screens

bench: $(COMPILED)/.done ## Measure cost and punctuality beside the reference programs
	@$(COMPILED)/bin/python -m bench

fuzz: $(TOOLS) ## Throw hostile input at every parser and at the receiver, FUZZ_SECONDS for each of them
	@$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS)

soak: $(TOOLS) ## Run 20,000 VMs for 30 minutes with faults at random moments, and check the accounts, memory, descriptors and lag
	@$(BIN)/python -m soak

clean: ## Remove what the targets made
	rm -rf $(VENV) build bench/build demo-result.json demo-report.html demo-pull-result.json demo-pull-report.html
