# `make bench` and `make test` work on a fresh machine with Python >= 3.11 and make; everything goes into .venv here.
PYTHON ?= python3
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
STAMP := $(VENV)/.stamp
CLIENT_VENV := .venv-client
SGLANG_VENV := .venv-sglang
SGLANG_MODEL := .cache/sglang-model/tiny
# The tests start the suite hundreds of times: it is compiled once, and not into the source tree.
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/pycache
unexport PYTHONDONTWRITEBYTECODE

# The reduced suite: every live test of both methods, sizes for two cores. Everything it writes is marked REDUCED.
REDUCED := --random-input-len=256 --random-output-len=160 --num-prompts=32 --request-rate=32 --max-concurrency=8 \
	--decode-input-len=512 --decode-output-len=192 --batch-sizes=1,2,4,8 --prefill-lens=256,512 --prefill-prompts=32
# The real server computes on the cores that the client needs too: longer answers, so that its lateness stays small beside them.
REDUCED_CPU := $(REDUCED) --random-output-len=256 --decode-output-len=384
DATA := --dataset-path=fixtures/data/sharegpt_small.json

.PHONY: help setup bench test test-unit test-slow test-browser echarts test-sglang bench-sglang bench-client bench-overhead faults-doc docs wheel report-examples lint lint-types lint-text format clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: $(STAMP) ## make .venv with what the suite and its tests need
$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "slabench needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Use make PYTHON=python3.11."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -r requirements.txt -r requirements-dev.txt
	@touch $@

bench: setup ## set up and run the reduced benchmarks on the embedded server
	$(BIN)/pytest tests/ali tests/tencent tests/serving --base-url=sim: $(DATA) $(REDUCED)

test: setup ## set up and pass all tests of the project itself
	$(BIN)/pytest tests/unit -n auto -q
	$(BIN)/pytest tests/integration -q -m "not sglang and not browser and not slow" --ignore=tests/integration/fault_matrix -n 3 --dist loadfile
	$(BIN)/pytest tests/integration/fault_matrix -q -n 3

test-unit: setup ## unit tests only, in seconds
	$(BIN)/pytest tests/unit -n auto -q

test-slow: setup sglang-server .venv-ray/.stamp ## loads from several hosts: launchers, a network that delays and loses (as root), Ray, the real server's log; some minutes, by hand
	$(BIN)/pytest tests/integration/test_load_hosts.py tests/integration/test_load_hosts_network.py tests/integration/test_load_hosts_sglang.py -q -rs -rP
	.venv-ray/bin/python -m pytest tests/integration/test_load_hosts_ray.py -q

.venv-ray/.stamp: requirements.txt requirements-ray.txt requirements-dev.txt constraints.txt
	$(PYTHON) -m venv .venv-ray
	.venv-ray/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements.txt -r requirements-ray.txt -r requirements-dev.txt
	@touch $@

test-browser: setup ## the HTML report in a real browser (Debian's chromium)
	$(BIN)/pytest tests/browser -q

echarts: setup ## compare the page's charts library with its npm tarball (REGISTRY=URL: another one than npm's own)
	$(BIN)/python tools/fetch_echarts.py $(REGISTRY)

report-examples: setup ## docs/examples and docs/images/report.png: the pages of the stored runs, made anew
	for run in docs/examples/*/*/run.json; do $(BIN)/python -m slabench report $$run || exit; done
	$(BIN)/python tools/make_report_picture.py

$(CLIENT_VENV)/.stamp: requirements-sglang.txt
	$(PYTHON) -m venv $(CLIENT_VENV)
	$(CLIENT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-sglang.txt
	$(CLIENT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps sglang==0.5.7
	@touch $@

sglang-server: ## the real sglang 0.5.7 on this machine's CPU, and its tiny model
	TORCH_INDEX="$(TORCH_INDEX)" PYTHON="$(PYTHON)" bash tools/sglang_cpu/install.sh $(SGLANG_VENV)

test-sglang: setup sglang-server $(CLIENT_VENV)/.stamp ## tests against sglang's own code and the real server on CPU
	$(BIN)/pytest tests/integration -q -m "sglang and not slow"

bench-sglang: setup sglang-server ## the reduced suite against the real sglang 0.5.7 on CPU
	bash tools/sglang_cpu/bench.sh $(SGLANG_VENV) $(SGLANG_MODEL) $(REDUCED_CPU)

bench-client: setup $(CLIENT_VENV)/.stamp ## our client beside bench_serving and a C floor, against the null server; some minutes
	$(BIN)/python -m benchmarks.bench_client $(BENCH_CLIENT)

bench-overhead: setup $(CLIENT_VENV)/.stamp ## what an evaluation costs beside its load: slabench against bench_serving, some minutes
	$(BIN)/python benchmarks/bench_overhead.py

faults-doc: setup $(CLIENT_VENV)/.stamp ## docs/faults.md: slabench and bench_serving against every fault, some minutes
	$(BIN)/python tools/make_faults_doc.py

docs: setup ## the pages and tables that come from declarations: options, metrics, validity checks, run.json
	$(BIN)/python tools/make_options_doc.py
	$(BIN)/python tools/make_metrics_doc.py
	$(BIN)/python tools/make_validity_doc.py
	$(BIN)/python tools/make_run_json_doc.py

wheel: setup ## dist/slabench-*.whl; a test installs such a wheel and runs it
	rm -rf build slabench.egg-info
	$(PIP) wheel --no-deps --wheel-dir dist .
	rm -rf build slabench.egg-info

lint: lint-types lint-text ## ruff, mypy --strict, import contracts, the words in names and sentences; both halves at once with -j2

lint-types: setup
	$(BIN)/mypy slabench fixtures tools benchmarks

lint-text: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/lint_language.py

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what setup made
	rm -rf $(VENV) $(CLIENT_VENV) $(SGLANG_VENV) .venv-ray .cache
