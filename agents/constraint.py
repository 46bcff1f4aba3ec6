"""The shape of a constraint as the loop sees it, and the one that never binds."""

from typing import Any, Protocol


class Constraint(Protocol):
    """Prices errors by a dual variable that moves once a shift."""

    @property
    def value(self) -> float:
        """Dual variable lambda in dollars an error."""
        ...

    @property
    def error_target(self) -> float:
        """Error rate e* that the constraint aims at now."""
        ...

    def update(self, errors: float, attempts: float) -> Any:
        """Take the errors and attempts of a finished shift."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        ...


class NoConstraint:
    """Leaves the reward as it is: lambda 0."""

    value = 0.0
    error_target = 0.0

    def update(self, errors: float, attempts: float) -> None:
        """Learn nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back the empty state."""
