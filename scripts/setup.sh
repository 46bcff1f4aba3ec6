#!/usr/bin/env bash
# Makes .venv with the exact versions of constraints.txt and sees that offscreen GL works. A second call only checks stamps.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.ready

die() { printf 'setup: %s\n' "$*" >&2; exit 2; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.12 python3.11 python3 python; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done
  die "Python 3.11 or 3.12 is needed (dm_control's labmaze stops there); install python3.12 and python3.12-venv, or set PYTHON=/path/to/python"
}

wanted() { cat pyproject.toml constraints.txt scripts/setup.sh | cksum; }

install_packages() {
  local python
  python=$(find_python)
  "$venv/bin/python" -c '' 2>/dev/null || "$python" -m venv --clear "$venv" ||
    die "the venv module is missing; install it with: apt-get install python3-venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$(grep '^uv==' constraints.txt)"
  "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" -c constraints.txt -e '.[dev]' || {
    printf 'setup: uv could not install; trying pip\n' >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
  }
}

gl_works() { timeout 60 "$venv/bin/python" -m v2p_sim.gl; }

install_gl() {
  local packages="libegl1 libgl1 libgles2 libopengl0 libegl-mesa0 libgl1-mesa-dri"
  local root=""
  command -v apt-get >/dev/null || die "no offscreen GL; install Mesa's EGL libraries with your package manager"
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || die "no offscreen GL; run once: sudo apt-get install -y $packages"
    root="sudo -n"
  fi
  printf 'setup: no offscreen GL yet; installing Mesa (%s)\n' "$packages"
  $root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

if [ "$(cat "$stamp" 2>/dev/null)" != "$(wanted)" ]; then
  printf 'setup: installing into %s (a few minutes the first time)\n' "$venv"
  install_packages
  gl_works || { install_gl; gl_works || die "offscreen GL still does not work; see the line above"; }
  wanted >"$stamp"
  printf 'setup: ready\n'
fi
