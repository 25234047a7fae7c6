# Two commands: `make demo` paints, `make test` proves. Both make their own environment in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
OUT := out
GRAPHS := $(OUT)/graphs
WEIGHTS := stylex/models/adain/weights.safetensors
CODE := $(shell find stylex -name '*.py')

.PHONY: demo test lint clean

demo: $(GRAPHS)/adain-fp32.onnx $(GRAPHS)/adain-fp16.onnx $(GRAPHS)/adain-int8.onnx
	$(BIN)/python tools/demo.py --graphs $(GRAPHS) --out $(OUT)

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[export,test]'
	touch $@

$(GRAPHS)/adain-fp32.onnx: $(READY) $(WEIGHTS) $(CODE)
	mkdir -p $(GRAPHS)
	$(BIN)/stylex export adain -o $(GRAPHS)

$(GRAPHS)/adain-%.onnx: $(READY) $(WEIGHTS) $(CODE)
	mkdir -p $(GRAPHS)
	$(BIN)/stylex export adain --$* -o $(GRAPHS)

clean:
	rm -rf $(OUT) $(VENV) build dist
