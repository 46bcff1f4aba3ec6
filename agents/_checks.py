"""One-line checks of configuration numbers and names, and seeded construction of networks."""

import difflib
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch


def check_float(
    name: str, value: float, low: float, high: float = math.inf, open_low: bool = False, finite: bool = True
) -> None:
    """Raise a ValueError that names the field unless `value` is within [low, high], and finite where it has to be."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_number = is_number and (math.isfinite(value) if finite else not math.isnan(value))
    if is_number and (value > low if open_low else value >= low) and value <= high:
        return
    bound = f"{'>' if open_low else '>='} {low:g}" + ("" if math.isinf(high) else f" and <= {high:g}")
    raise ValueError(f"{name} must be a {'finite ' if finite else ''}number {bound}, got {value}")


def check_int(name: str, value: int, low: int) -> None:
    """Raise a ValueError that names the field unless `value` is a whole number of at least `low`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} must be a whole number >= {low}, got {value}")


def unknown_name(kind: str, name: str, valid: Iterable[str]) -> ValueError:
    """Make the error for a name that is not in a table, with the nearest valid one."""
    names = sorted(valid)
    nearest = difflib.get_close_matches(str(name), names, n=1, cutoff=0.0)
    return ValueError(f"unknown {kind} {name!r}; nearest is {nearest[0]!r}, valid are {', '.join(names)}")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw initial weights on the CPU from `seed` and leave torch's global generator of the CPU as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
