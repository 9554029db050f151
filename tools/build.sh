#!/usr/bin/env bash
# Sets up, then builds the given CMake targets of the release preset (default: all).
# Usage: tools/build.sh [TARGET…]
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

tools/setup.sh
[[ -e build/release/tertium ]] || say "Building tertium: the first time takes some minutes"
cmake --preset release --log-level=WARNING >/dev/null || stop "CMake could not configure (its message is above); try: make clean"
cmake --build --preset release --target "${@:-all}"
