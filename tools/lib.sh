# Shared by the scripts beside it, which source it: strict mode, the repository root, messages, pip.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*"; }
complain() { printf 'Error: %s\n' "$*" >&2; }
stop() {
  complain "$*"
  exit 1
}

# We only unpack what pip brings, so its advice about root, versions and dependencies does not apply.
pip() { PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip "$@" </dev/null; }
