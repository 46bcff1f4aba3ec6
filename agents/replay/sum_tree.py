"""A binary tree of sums for sampling in proportion to priorities; the walks over its levels are compiled."""

import math

import numpy as np
from numba import njit


def effective_sample_share(priorities: np.ndarray) -> float:
    """Measure how evenly transitions are drawn: the effective sample size over their number.

    ESS / n = (sum_i p_i)^2 / (n sum_i p_i^2), of the n transitions with p_i > 0: 1 where all are drawn alike, 1 / n
    where one is drawn always.

    Args:
        priorities: In proportion to the probabilities with which rows are drawn, >= 0 (rows,).

    Returns:
        The share; nan where no priority is above 0.

    Reference: L. Kish, "Survey sampling" (1965), section 11.7: the loss by unequal weights
    """
    total = float(priorities.sum())
    if total == 0.0:
        return math.nan
    return total**2 / (int(np.count_nonzero(priorities)) * float(priorities @ priorities))


class SumTree:
    """Holds one priority >= 0 per leaf; inner node i is the sum of nodes 2i and 2i + 1.

    Inner nodes are computed from their children, never incremented: a tree rebuilt from its leaves is bit-identical.
    """

    def __init__(self, num_leaves: int):
        if num_leaves < 1:
            raise ValueError(f"num_leaves must be >= 1, got {num_leaves}")
        self.num_leaves = num_leaves
        self._depth = max(num_leaves - 1, 1).bit_length()
        self._first = 1 << self._depth
        self._nodes = np.zeros(2 * self._first)

    @property
    def total(self) -> float:
        """Return the sum of all priorities."""
        return float(self._nodes[1])

    @property
    def nbytes(self) -> int:
        """Return the bytes that the tree takes."""
        return self._nodes.nbytes

    def get(self, leaves: np.ndarray) -> np.ndarray:
        """Return the priorities of `leaves` (B,)."""
        return self._nodes[self._first + leaves]

    def set(self, leaves: np.ndarray, priorities: np.ndarray | float) -> None:
        """Set priorities; of a leaf named twice the last value counts.

        Args:
            leaves: Leaf numbers (B,).
            priorities: Finite values >= 0, (B,) or a scalar.
        """
        values = np.broadcast_to(np.asarray(priorities, np.float64), leaves.shape)
        _set(self._nodes, self._first, leaves, values)

    def find(self, mass: np.ndarray) -> np.ndarray:
        """Find the leaves at which the running sum of priorities passes `mass`.

        Args:
            mass: Values in [0, total) (B,).

        Returns:
            Leaf numbers (B,), never one of priority 0 while the total is positive.
        """
        return _find(self._nodes, self._first, mass.astype(np.float64))

    def values(self, count: int) -> np.ndarray:
        """Return a view of the first `count` priorities."""
        return self._nodes[self._first : self._first + count]

    def leaves(self, count: int) -> np.ndarray:
        """Return a copy of the first `count` priorities."""
        return self.values(count).copy()

    def rebuild(self, priorities: np.ndarray) -> None:
        """Set the first leaves to `priorities`, the rest to 0, and sum anew."""
        self._nodes[:] = 0.0
        self._nodes[self._first : self._first + len(priorities)] = priorities
        for level in range(self._depth - 1, -1, -1):
            nodes = np.arange(1 << level, 2 << level)
            self._nodes[nodes] = self._nodes[2 * nodes] + self._nodes[2 * nodes + 1]


@njit(cache=True)
def _set(nodes, first, leaves, values):
    """Write all leaves, then sum up from each: what the last of them passes has children that are final."""
    for k in range(len(leaves)):
        nodes[first + leaves[k]] = values[k]
    for leaf in leaves:
        node = (first + leaf) >> 1
        while node > 0:
            nodes[node] = nodes[2 * node] + nodes[2 * node + 1]
            node >>= 1


@njit(cache=True)
def _find(nodes, first, mass):
    """Descend from the root: right where the mass is not below the left sum, and there is anything."""
    found = np.empty(len(mass), np.int64)
    for k in range(len(mass)):
        node, left_over = 1, mass[k]
        while node < first:
            node *= 2
            if left_over >= nodes[node] and nodes[node + 1] > 0.0:
                left_over -= nodes[node]
                node += 1
        found[k] = node - first
    return found
