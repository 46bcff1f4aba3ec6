"""Running averages that begin short."""

WARM_UP = 10.0
"""Steps that an average of what is being learned spans at first; what it holds from before is to go soon."""


def moving_share(decay: float, count: int, warm_up: float = 1.0) -> float:
    """Return what a running average takes of what is new: max(1 - decay, w / (w + n)).

    With w = 1 it is the plain mean until there were many steps, with a larger one it forgets its beginning sooner.

    Args:
        decay: Share of the average that a step keeps in the long run.
        count: Steps n taken so far.
        warm_up: Steps w.

    Returns:
        1 at the first step, `1 - decay` in the long run.
    """
    return max(1.0 - decay, warm_up / (warm_up + count))
