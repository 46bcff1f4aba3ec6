#!/usr/bin/env bash
# Makes .venv-peers/NAME for every scripts/peers-NAME.txt: the environments that scripts/benchmark.py compares ours with.
# Two, because dm_control needs a MuJoCo with which robosuite and Gymnasium-Robotics no longer start.
set -euo pipefail
cd "$(dirname "$0")/.."

for versions in scripts/peers-*.txt; do
  name=${versions#scripts/peers-}
  venv=.venv-peers/${name%.txt}
  wanted=$(cksum <"$versions")
  if [ "$(cat "$venv/.ready" 2>/dev/null)" != "$wanted" ]; then
    printf 'peers: installing into %s\n' "$venv"
    .venv/bin/python -m venv --clear "$venv"
    .venv/bin/uv pip install --quiet --no-deps --python "$venv/bin/python" -r "$versions" || {
      printf 'peers: uv could not install; trying pip\n' >&2
      "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$versions"
    }
    printf '%s\n' "$wanted" >"$venv/.ready"
  fi
done
