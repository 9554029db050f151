#!/usr/bin/env bash
# Installs what the build needs and this machine lacks: Debian packages, LibTorch (the torch wheel) into .deps/torch, and
# what the report's page is bundled from into .deps/report. With `tests`, also a browser for the page's tests.
# Usage: tools/setup.sh [tests]
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

torch_version=2.15.0
torch=.deps/torch
least_cargo=1.85  # of the crates that the tokenizer is built from
apt_log=.deps/apt.log
commands=(g++ cmake pkg-config sqlite3)  # packages of the same name
libraries=(libtomlplusplus-dev libcli11-dev nlohmann-json3-dev libfmt-dev libicu-dev libsqlite3-dev libssl-dev libboost-math-dev
  libeigen3-dev libpugixml-dev zlib1g-dev libgtest-dev libgmock-dev libbenchmark-dev)

has() { command -v "$1" >/dev/null; }
has_pip() { python3 -m pip --version >/dev/null 2>&1; }

missing_packages() {
  local name
  for name in "${commands[@]}"; do has "$name" || echo "$name"; done
  has ninja || echo ninja-build
  has node || echo nodejs
  has npm || echo npm
  has_torch || has_pip || echo python3-pip
  for name in "${libraries[@]}"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || echo "$name"
  done
}

install_packages() {
  local missing
  if ! has apt-get; then
    has g++ && has cmake && has ninja && has_pip && has npm && return
    complain "this is no Debian; install by your own means: ${commands[*]} ninja pip node npm, and what Debian calls ${libraries[*]}"
    return 1
  fi
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    complain "Debian packages are missing; install them, then run this again: sudo apt-get install ${missing[*]}"
    return 1
  fi
  say "Installing Debian packages: ${missing[*]}"
  if ! apt_install "${missing[@]}"; then
    tail -n 15 "$apt_log" >&2
    complain "apt-get could not install them (all it said is in $apt_log); put that right, then run this again"
    return 1
  fi
}

apt_install() {
  mkdir -p .deps
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q && apt-get install -y -q -o DPkg::Lock::Timeout=300 --no-install-recommends "$@"; } >"$apt_log" 2>&1 </dev/null
}

# The page's tests need a browser, and a converter for `tertium plot`; without them these tests are skipped.
install_browser() {
  local missing=()
  has chromium || missing+=(chromium)
  has rsvg-convert || missing+=(librsvg2-bin)
  ((${#missing[@]})) || return 0
  if has apt-get && ((EUID == 0)); then
    say "Installing for the report's tests: ${missing[*]} (130 MB to fetch)"
    apt_install "${missing[@]}" && return
  fi
  say "Without ${missing[*]} the report's tests in a browser are SKIPPED; install by: apt-get install ${missing[*]}"
}

check_cargo() {
  local cargo version
  cargo=$(command -v cargo || command -v "${HOME:-}/.cargo/bin/cargo") || cargo=
  version=$([[ $cargo ]] && "$cargo" --version | cut -d' ' -f2) || version=
  [[ $version && $(printf '%s\n' "$least_cargo" "$version" | sort -V | head -n 1) == "$least_cargo" ]] && return
  complain "cargo $least_cargo or later is needed, this machine has ${version:-none}; get it by: apt-get install cargo-web (Debian 12)," \
    "apt-get install cargo (Debian 13), or rustup (rustup update stable, where it is there)"
  return 1
}

# Whether LibTorch's CUDA half is wanted: where there is an NVIDIA driver, or TERTIUM_CUDA=1 says so.
wants_cuda() { [[ ${TERTIUM_CUDA:-} == 1 || ( -z ${TERTIUM_CUDA:-} && -e /proc/driver/nvidia/version ) ]]; }
has_cuda() { [[ -d $torch/nvidia/cudnn ]]; }
has_torch() { compgen -G "$torch/torch-$torch_version*.dist-info" >/dev/null || [[ -e $torch/lib/libtorch_cpu.so ]]; }

# What a file of tools/pins names, and nothing whose SHA-256 is not there.
# --python-version: no Python code of it is run, so a wheel for any Python will do, whatever python3 is here.
pip_into() {
  local folder=$1 pins=tools/pins/$2.txt options=()
  [[ -t 1 ]] || options=(--quiet)
  pip install "${options[@]}" --no-deps --require-hashes --only-binary=:all: --python-version 3.11 --target "$folder" -r "$pins" ||
    stop "pip could not install what $pins names (its message is above); check the network and the disk (3 GB free), then run this again"
}

# Shared libraries that libtorch_cpu.so needs and nothing provides: "libcudart.so.13".
libraries_torch_lacks() { ldd "$1/torch/lib/libtorch_cpu.so" | sed -n 's/^[[:space:]]*\([^ ]*\) => not found$/\1/p'; }

# All that the wheel asks for, in one go: its CUDA half needs a dozen libraries of NVIDIA's.
install_torch_with_cuda() {
  local partial=$torch.partial
  say "Installing LibTorch $torch_version with CUDA into $torch (3 GB to fetch, 6 GB on disk; TERTIUM_CUDA=0 leaves CUDA out)"
  rm -rf "$partial"
  pip_into "$partial" torch_with_cuda
  rm -rf "$torch"
  mv "$partial" "$torch"
}

install_torch() {
  if has_torch && { ! wants_cuda || has_cuda || [[ ! -e $torch/torch/lib/libtorch_cuda.so ]]; }; then return; fi
  if wants_cuda; then
    install_torch_with_cuda
    return
  fi
  has ldd || stop "ldd is missing; install the C library's tools (Debian: libc-bin)"
  local partial=$torch.partial lacking
  say "Installing LibTorch $torch_version into $torch (540 MB to fetch, 1.3 GB on disk)"
  rm -rf "$partial"
  mkdir -p "$partial"
  pip_into "$partial" torch
  # A wheel with CUDA links two of its libraries even where only the CPU is used.
  if libraries_torch_lacks "$partial" | grep -qE '^libcu(dart|pti)\.so'; then pip_into "$partial" cuda_libraries; fi
  lacking=$(libraries_torch_lacks "$partial" | paste -sd' ')
  [[ -z $lacking ]] || stop "LibTorch needs shared libraries that are not here: $lacking; install them, then run this again"
  rm -rf "$torch"
  mv "$partial" "$torch"
}

# The crates' exact versions and SHA-256, as crates.lock has them. Cargo wants its registry named beside each; which that
# is, it says itself in a lock of its own making.
pin_crates() {
  local crate=tertium/tokenizer/ffi cargo source
  local lock=$crate/Cargo.lock pins=$crate/crates.lock
  [[ ! -e $lock || $pins -nt $lock ]] || return 0
  cargo=$(command -v cargo || echo "$HOME/.cargo/bin/cargo")
  rm -f "$lock"
  "$cargo" generate-lockfile --quiet --manifest-path "$crate/Cargo.toml" </dev/null ||
    stop "cargo could not reach its registry (its message is above); check the network, then run this again"
  source=$(grep -m 1 '^source = ' "$lock")
  awk -v source="$source" '/^checksum = / { print source } { print }' "$pins" >"$lock.partial"
  mv "$lock.partial" "$lock"
}

# Exactly what the lock file says, once for each state of it; nothing of it runs while it is installed.
install_report_modules() {
  local folder=.deps/report lock=report/package-lock.json
  cmp --quiet "$lock" "$folder/installed.json" && return
  say "Fetching what the report's page is bundled from into $folder (50 MB on disk)"
  mkdir -p "$folder"
  cp report/package.json "$lock" "$folder/"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null </dev/null) ||
    stop "npm could not install what $lock names (its message is above); check the network, then run this again"
  cp "$lock" "$folder/installed.json"
}

ready=yes
check_cargo || ready=no
install_packages || ready=no
[[ $ready == yes ]] || exit 1
install_torch
pin_crates
install_report_modules
[[ ${1:-} != tests ]] || install_browser
