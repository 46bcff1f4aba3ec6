"""The package as a whole: its examples run, it needs nobody else, and its promises are kept."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import economics

ROOT = Path(__file__).parents[2]
MODULES = sorted(module.name for module in pkgutil.iter_modules(economics.__path__))
PUBLIC = [getattr(economics, name) for name in economics.__all__]
FUNCTIONS = [value for value in PUBLIC if inspect.isfunction(value)]
BLOCKED = ("torch", "mujoco", "gymnasium", "dm_control", "matplotlib", "v2p_sim", "agents", "scripts")
ALONE = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocked())
import numpy as np
import economics
for name in {modules}:
    __import__("economics." + name)
for kind in (economics.SgdValue, economics.BayesianRidgeValue):
    estimator = kind()
    for novelty in np.linspace(0.0, 1.0, 12):
        estimator.update(novelty, 3.0 * novelty)
    assert np.isfinite(estimator.predict(0.5).low)
assert abs(economics.irr([-100.0, 110.0]) - 0.1) < 1e-9
assert economics.simulate_macro(economics.MacroConfig(years=3)).deflation().holds
assert economics.load_series("eci_private_wages").years.size > 10
assert economics.claim_structural_deflation([0.0, 0.5, 1.0], [1.0, 0.9, 0.8]).holds
print("alone")
"""


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module):
    found = doctest.testmod(importlib.import_module(f"economics.{module}"))
    assert found.failed == 0


def test_most_public_functions_show_an_example():
    shown = [function for function in FUNCTIONS if ">>>" in (inspect.getdoc(function) or "")]
    assert len(shown) >= 0.75 * len(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_public_function_names_its_arguments_result_and_reference(function):
    text = inspect.getdoc(function) or ""
    for name in inspect.signature(function).parameters:
        assert f"{name}:" in text, f"{name} is not documented"
    assert "Returns:" in text or function.__annotations__.get("return") == "None"
    assert "Reference:" in text or function.__name__ in {"save_estimator", "load_estimator"}
    assert len(inspect.signature(function).parameters) <= 7


def test_it_works_where_simulator_and_learner_are_blocked():
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(modules=MODULES, blocked=BLOCKED)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "alone", done.stderr


def test_it_imports_nothing_but_numpy_scipy_scikit_learn_and_the_standard_library():
    allowed = {"numpy", "scipy", "sklearn", "economics", *sys.stdlib_module_names}
    for path in (ROOT / "economics").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= allowed, path.name


def test_importing_it_does_not_load_the_slow_libraries():
    code = "import sys, economics; print(sorted({'sklearn', 'scipy.stats', 'scipy.optimize'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_name_that_it_promises_is_there_once():
    assert len(set(economics.__all__)) == len(economics.__all__)
