# `make demo` paints, `make test` proves, `make campaign` tries to break it for hours. All make their own environment in .venv.

# make PYTHON=python3.12 chooses the interpreter, make PIP_ARGS="--index-url ..." another registry, such as one that has
# torch without CUDA, which is a far smaller download.

PYTHON ?= python3
PIP_ARGS ?=
AUDIT_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
OUT := out
GRAPHS := $(OUT)/graphs
WEIGHTS := stylex/models/adain/weights.safetensors
CODE := $(shell find stylex -name '*.py')

.PHONY: demo test campaign clean sbom pins audit

demo: $(GRAPHS)/adain-fp32.onnx $(GRAPHS)/adain-fp16.onnx $(GRAPHS)/adain-int8.onnx
	$(BIN)/python tools/demo.py --graphs $(GRAPHS) --out $(OUT)

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n logical --dist loadfile --no-loadscope-reorder

campaign: $(READY)
	-$(BIN)/pip install --quiet --disable-pip-version-check $(PIP_ARGS) 'atheris>=3'
	PYTHONPATH=benchmarks $(BIN)/python -m reliability

# What is installed, and what is known against it: tools in an environment of their own, so that they aren't part of it.
AUDIT := .venv-audit

sbom: $(READY) $(AUDIT)/ready
	mkdir -p $(OUT)
	$(AUDIT)/bin/cyclonedx-py environment --no-validate --pyproject pyproject.toml --output-reproducible -o $(OUT)/sbom.json $(BIN)/python

# Whether the pinned versions are in the registry and not taken back (yanked), for every Python; this needs no more than an index.
pins: $(AUDIT)/ready
	@for python in 3.10 3.11 3.12 3.13; do \
		$(AUDIT)/bin/uv pip compile --no-deps --no-header --no-python-downloads --python-version $$python constraints.txt > $(AUDIT)/pins.txt 2>&1 || \
			{ cat $(AUDIT)/pins.txt; exit 1; }; \
		! grep yanked $(AUDIT)/pins.txt || exit 1; \
	done

# What is known against the installed versions: asks pypi.org itself, or with AUDIT_ARGS="-s osv" osv.dev.
audit: pins $(READY)
	$(BIN)/pip freeze --exclude-editable | sed 's/+cpu//' > $(AUDIT)/installed.txt
	$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip $(AUDIT_ARGS) -r $(AUDIT)/installed.txt

$(AUDIT)/ready:
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/pip install --quiet --disable-pip-version-check $(PIP_ARGS) 'cyclonedx-bom>=7' 'pip-audit>=2.10' 'uv>=0.9'
	touch $@

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "stylex needs Python 3.10 or newer; choose one with make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing; on Debian: apt install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e '.[cpu,export,serve,video,bench,test]'
	touch $@

$(GRAPHS)/adain-fp32.onnx: $(READY) $(WEIGHTS) $(CODE)
	mkdir -p $(GRAPHS)
	$(BIN)/stylex export adain -o $(GRAPHS)

$(GRAPHS)/adain-%.onnx: $(READY) $(WEIGHTS) $(CODE)
	mkdir -p $(GRAPHS)
	$(BIN)/stylex export adain --$* -o $(GRAPHS)

clean:
	rm -rf $(OUT) $(VENV) $(AUDIT) build dist
