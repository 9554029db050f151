#!/usr/bin/env bash
# Builds and runs the benchmarks, and writes their tables into docs/performance.md.
# Usage: tools/bench.sh [OPTIONS], for example: tools/bench.sh --part sweep --rounds 2 --items 12 --print-only (--help lists all)
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

tools/build.sh tertium_bench tertium_cli
tools/fetch_model.sh gemma3-270m
tools/peers.sh || say "Without its peers tertium is timed alone"
python3 -B bench/bench.py "$@"
