"""What goes into replay and what comes out."""

from dataclasses import dataclass

import numpy as np

from agents.divergence import check_finite


@dataclass(frozen=True)
class Step:
    """One step of N cells, under NEXT_STEP autoreset.

    Attributes:
        actions: Actions taken (N, A); ignored for cells that reset.
        rewards: Dollars of the step (N,).
        errors: Errors of the step (N,).
        attempts: Attempts of the step (N,).
        next_observations: Observations after the step (N, ...).
        terminated: Cells whose episode ended for real (N,); time limits do not count.
        reset: Cells for which this was the reset row: no transition, only a first observation (N,).
        broken: Cells whose simulation failed in this step: what it shows is no outcome, so that the step is no
            transition, and what came before is cut off as by a time limit (N,); None where none did.
        ended: Cells whose episode ended in this step, time limits included (N,); None where it is not known.
        privileged: What a critic is told beside the next observations (N, P); None where it is told nothing.
    """

    actions: np.ndarray
    rewards: np.ndarray
    errors: np.ndarray
    attempts: np.ndarray
    next_observations: np.ndarray
    terminated: np.ndarray
    reset: np.ndarray
    broken: np.ndarray | None = None
    ended: np.ndarray | None = None
    privileged: np.ndarray | None = None

    @property
    def acted(self) -> np.ndarray:
        """Cells for which this step is a transition (N,)."""
        return ~self.reset if self.broken is None else ~(self.reset | self.broken)

    def check(self, where: str) -> None:
        """Raise a NonFiniteError that names `where` and the field where NaN or infinity would be learned from."""
        taken = {name: getattr(self, name) for name in ("actions", "rewards", "errors", "attempts")}
        check_finite(where, taken, self.acted)
        # The first observation of an episode counts too; what a broken simulation shows is never sampled.
        shown = None if self.broken is None else ~self.broken
        check_finite(where, {"next_observations": self.next_observations}, shown)
        if self.privileged is not None:
            check_finite(where, {"privileged": self.privileged}, shown)


@dataclass(frozen=True)
class Batch:
    """B sampled n-step transitions. Where replay centres, sums are of what exceeds the mean of the newest steps.

    Attributes:
        observations: States (B, ...), or for video indices into `frames` (B, T), oldest first.
        next_observations: The same for the observation to bootstrap from.
        actions: Actions in the task's units (B, A).
        profit: Discounted sum of dollars over the n steps (B,).
        errors: Discounted sum of errors (B,).
        attempts: Discounted sum of attempts (B,).
        discount: gamma^n with the steps really summed, 0 where the episode terminated (B,).
        weights: Importance weights in (0, 1] (B,).
        rows: Where the transitions lie in replay (B,).
        frames: For video the distinct frames (M, C, H, W) uint8, else None.
        num_current: Number of leading frames that hold all of `observations`; the rest serve `next_observations` only.
        privileged: What a critic is told beside `observations` (B, P), else None.
        next_privileged: The same beside `next_observations`.
    """

    observations: np.ndarray
    next_observations: np.ndarray
    actions: np.ndarray
    profit: np.ndarray
    errors: np.ndarray
    attempts: np.ndarray
    discount: np.ndarray
    weights: np.ndarray
    rows: np.ndarray
    frames: np.ndarray | None = None
    num_current: int = 0
    privileged: np.ndarray | None = None
    next_privileged: np.ndarray | None = None
