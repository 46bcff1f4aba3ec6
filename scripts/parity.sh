#!/usr/bin/env bash
# Makes .venv-parity: Stable-Baselines3 with the versions of constraints.txt, for scripts/parity.py.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv-parity
packages=(stable-baselines3 'gymnasium[mujoco]')

wanted=$(cat constraints.txt scripts/parity.sh | cksum)
if [ "$(cat "$venv/.ready" 2>/dev/null)" != "$wanted" ]; then
  printf 'parity: installing into %s\n' "$venv"
  .venv/bin/python -m venv --clear "$venv"
  .venv/bin/uv pip install --quiet --python "$venv/bin/python" -c constraints.txt "${packages[@]}" || {
    printf 'parity: uv could not install; trying pip\n' >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt "${packages[@]}"
  }
  printf '%s\n' "$wanted" >"$venv/.ready"
fi
