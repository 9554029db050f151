#!/usr/bin/env bash
# Builds everything, fetches the two models that tests use, and runs all tests.
# Usage: tools/test.sh [CTEST OPTIONS…], for example tools/test.sh -R Strand
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"
export OMP_WAIT_POLICY=passive  # as tertium itself does: cli/process.h

tools/setup.sh tests
tools/build.sh
for model in gemma3-270m smollm2-135m; do
  tools/fetch_model.sh "$model" || say "Without $model the tests that need it are skipped"
done
ctest --preset release --parallel 2 "$@"
