"""Every figure of the catalogue says beside it where it comes from."""

import ast
import inspect
import re

from v2p_sim import dishes
from v2p_sim.dishes import CATALOGUE, DishKind

ORIGIN = re.compile(r",  # (placeholder\b|source: \w+)")


def figures() -> dict[str, list[tuple[str, str]]]:
    """Return (field, its line of the source) of every number of every kind, by the kind's name."""
    source = inspect.getsource(dishes)
    lines, found = source.splitlines(), {}
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == DishKind.__name__:
            values = {word.arg: word.value for word in call.keywords}
            assert not call.args and isinstance(values["name"], ast.Constant)
            numbers = [(str(name), lines[value.lineno - 1]) for name, value in values.items() if name != "name"]
            found[values["name"].value] = numbers
    return found


def test_every_figure_of_every_kind_has_a_source_or_the_word_placeholder_beside_it():
    fields = set(DishKind.__dataclass_fields__) - {"name"}
    assert figures().keys() == CATALOGUE.keys()
    for name, numbers in figures().items():
        assert {field for field, _ in numbers} == fields
        for field, line in numbers:
            assert re.fullmatch(rf"    {field}=[\d.]+{ORIGIN.pattern}.*", line), f"{name}: {line.strip()}"
