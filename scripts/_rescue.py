"""What is left of a run whose numbers became NaN or infinite."""

from __future__ import annotations

from agents import DivergenceError, LoopState, all_finite, latest_checkpoint
from scripts._session import Session

CURE = "cure: a smaller agent.lr or reward_scale, or agent.max_grad_norm=1"


def rescue(session: Session, state: LoopState, error: Exception) -> None:
    """Save the last good state where it is at hand, and add to the error where it lies.

    After a divergence that is the state itself: no step was taken from what was not finite. A learner that holds such
    numbers all the same is not saved, nor is one whose task is a step ahead of it: then the newest checkpoint counts.

    Args:
        session: the run at work
        state: where the loop stopped
        error: why; its message gets the place and the cure
    """
    if isinstance(error, DivergenceError) and all_finite(session.parts.learner.state_dict()):
        session.save(state)
    checkpoint = latest_checkpoint(session.plan.checkpoints)
    where = "no checkpoint was saved before" if checkpoint is None else f"the last good state is {checkpoint}"
    error.args = (f"{error}; {where}; {CURE}" if isinstance(error, DivergenceError) else f"{error}; {where}",)
