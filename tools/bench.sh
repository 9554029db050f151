#!/usr/bin/env bash
# Builds and runs the benchmarks.
# Usage: tools/bench.sh [BENCHMARK OPTIONS…]
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"
export OMP_WAIT_POLICY=passive  # as tertium itself does: cli/process.h

tools/build.sh tertium_bench
build/release/bench/tertium_bench "$@"
