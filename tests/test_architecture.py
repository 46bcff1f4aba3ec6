"""The rules of the house that a program can check: who imports whom, and how long things grow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for package in ("agents", "economics", "scripts", "v2p_sim", "tests")
    for path in (ROOT / package).rglob("*.py")
)
IMPORT_ALL = """
import importlib, pkgutil, sys
package, *blocked = sys.argv[1:]
sys.modules.update(dict.fromkeys(blocked))
root = importlib.import_module(package)
for module in pkgutil.walk_packages(root.__path__, package + "."):
    importlib.import_module(module.name)
"""


@pytest.mark.parametrize(
    ("package", "blocked"),
    [
        ("economics", ("torch", "mujoco", "gymnasium", "dm_control", "agents", "v2p_sim", "scripts")),
        ("agents", ("mujoco", "dm_control", "economics", "v2p_sim", "scripts")),
        ("v2p_sim", ("torch", "agents", "scripts")),
    ],
)
def test_every_module_of_a_package_imports_without_what_it_must_not_know(package, blocked):
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, package, *blocked], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path):
    text = path.read_text()
    assert text.count("\n") <= 300, "files stop at 300 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = node.end_lineno - body[0].lineno + 1 if body and node.end_lineno is not None else 0
            assert lines <= 50, f"{node.name} has {lines} lines, functions stop at 50"
