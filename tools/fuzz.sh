#!/usr/bin/env bash
# Builds the fuzz targets with clang, AddressSanitizer and UndefinedBehaviorSanitizer, and runs each for FUZZ_SECONDS
# (600), FUZZ_JOBS (1) of them at a time. What was learnt stays in build/fuzz/corpus/, what was found in build/fuzz/findings/.
# Usage: [FUZZ_SECONDS=60] [FUZZ_JOBS=2] tools/fuzz.sh [TARGET…], for example tools/fuzz.sh gguf_fuzz
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

clang=14  # the version that Debian 12 has
packages=("clang-$clang" "libclang-rt-$clang-dev")
seconds=${FUZZ_SECONDS:-600}
at_once=${FUZZ_JOBS:-1}
build=build/fuzz
limits=(-timeout=10 -rss_limit_mb=2048 -max_len=4096)

can_fuzz() {
  echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
    clang++-$clang -x c++ -fsanitize=fuzzer,address,undefined -o "$build/probe" - 2>/dev/null
}

install_clang() {
  can_fuzz && return
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    stop "clang with libFuzzer is missing; install it, then run this again: apt-get install ${packages[*]}"
  fi
  say "Installing Debian packages: ${packages[*]}"
  if ! { apt-get update -q && apt-get install -y -q --no-install-recommends "${packages[@]}"; } >$build/apt.log 2>&1 </dev/null; then
    stop "apt-get could not install them (all it said is in $build/apt.log); put that right, then run this again"
  fi
  can_fuzz || stop "clang++-$clang cannot build with -fsanitize=fuzzer,address,undefined; is libclang-rt-$clang-dev whole?"
}

# The last number that follows $1 in the log $2.
last() { grep -oE "$1 *[0-9]+" "$2" | tail -n 1 | grep -oE '[0-9]+$' || echo 0; }

run_target() {
  local target=$1 log=$build/$1.log finding=none seeds=()
  mkdir -p "$build/corpus/$target"
  for folder in "fuzz/seeds/${target%_fuzz}" "$build/seeds/$target"; do [[ ! -d $folder ]] || seeds+=("$folder"); done
  if ! "$build/$target" "$build/corpus/$target" "${seeds[@]}" "${limits[@]}" \
    -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$build/findings/$target-" >"$log" 2>&1; then
    finding=$(grep -oE "$build/findings/[^ ]+" "$log" | tail -n 1 || true)
    finding="${finding:-it ended}, see $log"
  fi
  printf '%-22s %7s %12s %8s %9s  %s\n' "$target" "$(last 'Done [0-9]+ runs in' "$log")" \
    "$(last 'number_of_executed_units:' "$log")" "$(last 'cov:' "$log")" "$(last 'ft:' "$log")" "$finding" >>"$build/table"
}

mkdir -p $build/findings
export DEBIAN_FRONTEND=noninteractive UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS=quarantine_size_mb=16  # most of a run would go into fresh pages
tools/setup.sh
install_clang
say "Building the fuzz targets"
cmake -S fuzz -B $build -G Ninja -DCMAKE_C_COMPILER=clang-$clang -DCMAKE_CXX_COMPILER=clang++-$clang --log-level=WARNING >/dev/null
cmake --build $build
$build/write_seeds $build/seeds

targets=("$@")
if ((${#targets[@]} == 0)); then for source in fuzz/*_fuzz.cc; do targets+=("$(basename "$source" .cc)"); done; fi
printf '%-22s %7s %12s %8s %9s  %s\n' target seconds executions cov features finding >$build/table
for target in "${targets[@]}"; do
  [[ -x $build/$target ]] || stop "no fuzz target \"$target\"; the targets are fuzz/*_fuzz.cc"
  while (($(jobs -rp | wc -l) >= at_once)); do wait -n; done
  say "Running $target for $seconds s"
  run_target "$target" &
done
wait
cat $build/table
! grep -qv -e ' none$' -e '^target ' $build/table
