#!/usr/bin/env bash
# Everything that needs an NVIDIA GPU, in under ten minutes: which providers start, speed, and pictures against the CPU's.
#
#     benchmarks/gpu.sh GRAPHS [OUT]
#
# GRAPHS has the files to measure, exported on any machine, each technique at FP32 for the CPU's picture and at others:
#
#     stylex export fast --style starry-night --size 512 -o GRAPHS
#     stylex export fast --style starry-night --size 512 --fp16 --target tensorrt -o GRAPHS
#     stylex export adain --size 512 --fp16 --target tensorrt -o GRAPHS
#
# OUT, gpu/ by default, gets doctor.json, and for each technique, precision and provider a bench-*.json and a
# picture-*.json; steps.tsv says how each step ended: its exit code (124: the ten minutes were over) and its seconds.
# PYTHON names the Python that has stylex. Exit codes: 0, 1 where a step failed, 2 without a GPU, 64 for wrong arguments.
set -euo pipefail
shopt -s extglob

LIMIT=570
SIZE=512
PYTHON=${PYTHON:-python3}
HERE=$(cd "$(dirname "$0")" && pwd)

if ! nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU'; then
    echo "no NVIDIA GPU here: nvidia-smi --list-gpus names none; run benchmarks/gpu.sh on a machine that has one" >&2
    exit 2
fi
if [[ $# -lt 1 || $# -gt 2 || ! -d $1 ]]; then
    echo "usage: benchmarks/gpu.sh GRAPHS [OUT], where GRAPHS is a folder of exported graphs" >&2
    exit 64
fi

graphs=$1 out=${2:-gpu} failed=0
if ! compgen -G "$graphs/*-@(fp32|fp16|int8).onnx" > /dev/null; then
    echo "$graphs has no graph that stylex export wrote: export one there first, see the head of benchmarks/gpu.sh" >&2
    exit 64
fi
mkdir -p "$out"
printf 'step\texit\tseconds\n' > "$out/steps.tsv"

# Runs a command under a name, for as long as is left of the limit, and notes how it ended.
step() {
    local name=$1 start=$SECONDS code=124
    shift
    if ((LIMIT > start)); then
        code=0
        timeout "$((LIMIT - start))" "$@" 2> "$out/$name.log" || code=$?
    fi
    ((code == 0)) || failed=1
    printf '%s\t%s\t%s\n' "$name" "$code" "$((SECONDS - start))" | tee -a "$out/steps.tsv"
}

doctor() { "$PYTHON" -m stylex doctor --json > "$out/doctor.json"; }
export -f doctor
export PYTHON out

step doctor bash -c doctor
for technique in fast cyclegan adain multiscale attention; do
    for precision in fp32 fp16 int8; do
        compgen -G "$graphs/$technique*-$precision.onnx" > /dev/null || continue
        for provider in cuda tensorrt; do
            name=$technique-$precision-$provider
            chosen=("$technique" --size "$SIZE" --precision "$precision" --provider "$provider" --graphs "$graphs")
            step "bench-$name" "$PYTHON" -m stylex bench "${chosen[@]}" --json "$out/bench-$name.json"
            step "picture-$name" "$PYTHON" "$HERE/providers.py" "${chosen[@]}" --json "$out/picture-$name.json"
        done
    done
done
exit "$failed"
