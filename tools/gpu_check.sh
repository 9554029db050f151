#!/usr/bin/env bash
# What a GPU machine is to show: parity of every golden model on the GPU, the real model's answers on both devices, and
# how fast either is. Prints a verdict, and exits 1 if something departs.
# Usage: tools/gpu_check.sh [FOLDER OF GOLDEN FOLDERS]
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

device=${TERTIUM_DEVICE:-cuda}
golden=${1:-tests/fixtures/golden}
tertium=build/release/tertium
experiment=examples/demo.toml
model=.deps/models/gemma3-270m/gemma3-270m-q4_k_m.gguf
failed=0

show() { say "" "== $*"; }
check() { "$@" || failed=1; }

tools/build.sh tertium_cli
tools/fetch_model.sh gemma3-270m
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader

show "Golden models on $device, f32 (tolerance 2e-4)"
check "$tertium" parity --all "$golden" --device "$device"

show "The demo on the CPU and on $device, f32: the same answers?"
for place in cpu "$device"; do
  "$tertium" run "$experiment" --set dtype=f32 --device "$place" --out "build/gpu_check/${place/:/_}" --force --quiet >/dev/null || failed=1
done
check "$tertium" compare build/gpu_check/cpu "build/gpu_check/${device/:/_}"

show "The demo on $device in bf16, by fused attention, beside f32: at most one answer in twenty differs?"
"$tertium" run "$experiment" --set dtype=bf16 --device "$device" --out build/gpu_check/bf16 --force --quiet >/dev/null || failed=1
"$tertium" compare "build/gpu_check/${device/:/_}" build/gpu_check/bf16 --json | python3 -c '
import json, sys
answers = json.load(sys.stdin)["answers"]
changed, items = sum(each["won"] + each["lost"] for each in answers), sum(each["n"] for each in answers)
print(f"{changed} of {items} answers differ")
sys.exit(20 * changed > items)' || failed=1

show "Rows a second"
for place in cpu "$device"; do
  for dtype in f32 bf16; do
    say "$place, $dtype"
    check "$tertium" bench "$model" --device "$place" --dtype "$dtype"
  done
done

if ((failed)); then
  say "" "VERDICT: something departs or failed; see above"
  exit 1
fi
say "" "VERDICT: $device computes what the CPU and Hugging Face compute"
