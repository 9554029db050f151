#!/usr/bin/env bash
# Makes .deps/peers, a Python environment with what tertium is held against: transformers, PEFT, nnsight and
# TransformerLens, on the torch wheel that tertium itself links. A peer that cannot be installed is left out.
# Usage: tools/peers.sh
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

peers=.deps/peers
torch=$PWD/.deps/torch
[[ ! -e $peers/ready ]] || exit 0

# The wheel is the one of Python 3.11 (tools/setup.sh); any other Python gets its own.
shares_torch() { [[ $("$peers/bin/python" -c 'import sys; print(sys.version_info[:2] == (3, 11))') == True ]]; }

# Lets the environment see .deps/torch, as a package that does not require the gigabytes of CUDA libraries.
share_torch() {
  local site info
  site=$("$peers/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  for info in "$torch"/torch-*.dist-info; do
    mkdir -p "$site/${info##*/}"
    sed '/^Requires-Dist:.*platform_system/d' "$info/METADATA" >"$site/${info##*/}/METADATA"
  done
  echo "$torch" >"$site/tertium-torch.pth"
}

# A torch with CUDA loads those libraries at the start, even where only the CPU is used. One library that defines
# every name asked of them, in the version that is asked for, is enough for that under all their names.
stand_in_for_cuda() {
  local folder=$peers/no-cuda library libraries
  libraries=$(ldd "$torch/torch/lib/libtorch_python.so" "$torch"/torch/lib/libtorch_cuda*.so 2>/dev/null |
    sed -n 's/^[[:space:]]*\([^ ]*\) => not found$/\1/p' | sort -u)
  [[ $libraries ]] || return 0
  mkdir -p "$folder"
  nm -D --undefined-only "$torch"/torch/lib/*.so |  # "U cublasDestroy@libcublas.so.13", or without a version
    sed -nE 's/^ +U ((cu(blas|dnn|fft|solver|sparse|File)|nccl|nvrtc|nvshmem)[A-Za-z0-9_]*)@?(.*)/\1 \4/p' |
    sort -u >"$folder/names"
  cut -d' ' -f1 "$folder/names" | sort -u | sed 's/.*/void &(void) {}/' >"$folder/nothing.c"
  awk '$2 { of[$2] = of[$2] $1 "; " } END { for (version in of) print version " { " of[version] "};" }' "$folder/names" \
    >"$folder/versions"
  g++ -w -shared -fPIC -x c "$folder/nothing.c" -Wl,--version-script="$folder/versions" -o "$folder/nothing.so"
  for library in $libraries; do ln -sf nothing.so "$folder/$library"; done
}

say "Installing the peers of the benchmarks into $peers (800 MB on disk)"
rm -rf "$peers"
python3 -m venv "$peers" || stop "Python cannot make an environment here; install its venv module (Debian: python3-venv), then run this again"
if shares_torch; then
  share_torch
  stand_in_for_cuda
fi
install() { "$peers/bin/python" -m pip install --quiet --disable-pip-version-check "$@" </dev/null; }
install 'torch==2.15.0' 'transformers>=5' safetensors gguf sentencepiece protobuf numpy peft ||
  stop "pip could not install transformers (its message is above)"
for peer in nnsight transformer_lens; do
  install "$peer" || say "$peer could not be installed: the tables will say so"
done
touch "$peers/ready"
