"""Online estimators of what data is worth: from its novelty to the gain in marginal product that it brings."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from economics._checks import FloatOrArray, plain, require_finite, require_positive, require_whole
from economics.evidence import LinePosterior, fit_line
from economics.forecast import MIN_SAMPLES, Prediction, PrequentialScore

PATIENCE = 10
SHRINK = 5.0
LEAST_STEP = 1e-5
SMOOTHING = 0.1


class DataValueEstimator(ABC):
    """Learn delta MPL from novelty, one shift at a time, and score every forecast before its outcome is seen.

    Attributes:
        confidence: coverage of the predictive interval, in (0, 1)
        samples: outcomes seen
    """

    kind: str

    def __init__(self, confidence: float = 0.90) -> None:
        if not 0.0 < confidence < 1.0:
            raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
        self.confidence = confidence
        self.samples = 0
        self._score = PrequentialScore()

    @property
    def prequential_r2(self) -> float:
        """R2 of all forecasts so far, each made before its outcome; nan before the first."""
        return self._score.r2

    def predict(self, novelty: FloatOrArray) -> Prediction:
        """Forecast the gain that data of this novelty brings.

        Args:
            novelty: of the data, any shape

        Returns:
            Mean and predictive interval [units / h]; 0 without bounds below `MIN_SAMPLES` samples.

        Raises:
            ValueError: novelty is not finite.
        """
        require_finite(novelty=novelty)
        asked = np.asarray(novelty, np.float64)
        if self.samples < MIN_SAMPLES:
            nothing, unknown = np.zeros(asked.shape), np.full(asked.shape, math.inf)
            return Prediction(plain(nothing), plain(-unknown), plain(unknown), self.samples)
        mean, deviation = self._forecast(asked)
        half = float(ndtri(0.5 + 0.5 * self.confidence)) * deviation
        return Prediction(plain(mean), plain(mean - half), plain(mean + half), self.samples)

    def update(self, novelty: float, delta_mpl: float) -> None:
        """Score the forecast of an outcome, then learn from it.

        Args:
            novelty: of the data
            delta_mpl: gain in marginal product that followed [units / h]

        Raises:
            ValueError: a number is not finite; nothing was learnt then.
        """
        require_finite(novelty=novelty, delta_mpl=delta_mpl)
        said = self.predict(novelty)
        self._score.add(float(delta_mpl), math.nan if said.abstains else float(np.asarray(said.mean)))
        self._learn(float(novelty), float(delta_mpl))
        self.samples += 1

    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs, as plain numbers and lists: JSON holds it."""
        common = {"kind": self.kind, "confidence": self.confidence, "samples": self.samples}
        return common | {"score": self._score.state_dict()} | self._memory()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`.

        Args:
            state: what `state_dict` returned

        Raises:
            ValueError: it is of another kind of estimator.
        """
        if state["kind"] != self.kind:
            raise ValueError(f"state must be of kind {self.kind}, got {state['kind']}")
        self.confidence, self.samples = float(state["confidence"]), int(state["samples"])
        self._score.load_state_dict(dict(state["score"]))
        self._remember(state)

    @abstractmethod
    def _forecast(self, novelty: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return mean and standard deviation of the outcome, shaped as novelty."""

    @abstractmethod
    def _learn(self, novelty: float, delta_mpl: float) -> None:
        """Take in one outcome."""

    @abstractmethod
    def _memory(self) -> dict[str, Any]:
        """Return what was learnt."""

    @abstractmethod
    def _remember(self, state: Mapping[str, Any]) -> None:
        """Take back what was learnt."""


class SgdValue(DataValueEstimator):
    """Linear regression by stochastic gradient descent on standardised novelty, with an adaptive rate.

    One step of scikit-learn's SGDRegressor a sample. Its own adaptive schedule needs whole epochs, so the rule is
    applied here to the smoothed squared error of the forecasts: after 10 samples without a new low the rate is
    divided by 5. The interval is that of the errors which the forecasts made.

    Reference:
        L. Bottou, "Large-Scale Machine Learning with Stochastic Gradient Descent", COMPSTAT 2010.
    """

    kind = "sgd"

    def __init__(self, confidence: float = 0.90, eta: float = 0.05) -> None:
        super().__init__(confidence)
        require_positive(eta=eta)
        self._state = {"coef": 0.0, "intercept": 0.0, "eta": eta, "mean": 0.0, "square": 0.0}
        self._state |= {"loss": math.nan, "best": math.inf, "stalled": 0.0, "errors": 0.0}

    def _forecast(self, novelty: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        state = self._state
        mean = state["intercept"] + state["coef"] * self._standard(novelty)
        deviation = math.sqrt(state["errors"] / self.samples)
        return mean, np.full(novelty.shape, deviation)

    def _learn(self, novelty: float, delta_mpl: float) -> None:
        from sklearn.linear_model import SGDRegressor  # late: every worker of a simulation imports this package

        state = self._state
        self._count_novelty(novelty)
        x = float(self._standard(np.asarray(novelty)))
        missed = delta_mpl - (state["intercept"] + state["coef"] * x)
        state["errors"] += missed * missed
        self._adapt(missed * missed)
        model: Any = SGDRegressor(learning_rate="constant", eta0=state["eta"], alpha=1e-4, random_state=0)
        model.coef_, model.intercept_ = np.array([state["coef"]]), np.array([state["intercept"]])
        model.n_features_in_ = 1
        model.partial_fit(np.array([[x]]), np.array([delta_mpl]))
        state["coef"], state["intercept"] = float(model.coef_[0]), float(model.intercept_[0])

    def _count_novelty(self, novelty: float) -> None:
        step = novelty - self._state["mean"]
        self._state["mean"] += step / (self.samples + 1)
        self._state["square"] += step * (novelty - self._state["mean"])

    def _standard(self, novelty: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        deviation = math.sqrt(self._state["square"] / max(1, self.samples))
        return (novelty - self._state["mean"]) / (deviation if deviation > 0.0 else 1.0)

    def _adapt(self, loss: float) -> None:
        state = self._state
        state["loss"] = loss if math.isnan(state["loss"]) else state["loss"] + SMOOTHING * (loss - state["loss"])
        if state["loss"] < state["best"]:
            state["best"], state["stalled"] = state["loss"], 0.0
            return
        state["stalled"] += 1.0
        if state["stalled"] >= PATIENCE:
            state["eta"], state["stalled"] = max(LEAST_STEP, state["eta"] / SHRINK), 0.0

    def _memory(self) -> dict[str, Any]:
        # JSON knows neither nan nor inf, and both stand for "nothing yet".
        return {"sgd": {name: value if math.isfinite(value) else None for name, value in self._state.items()}}

    def _remember(self, state: Mapping[str, Any]) -> None:
        nothing = {"loss": math.nan, "best": math.inf}
        self._state = {name: nothing[name] if value is None else value for name, value in state["sgd"].items()}


class BayesianRidgeValue(DataValueEstimator):
    """Bayesian ridge regression on the last outcomes, its precisions set by the evidence, with predictive intervals.

    Reference:
        D. J. C. MacKay, "Bayesian Interpolation", Neural Computation 4 (1992); M. E. Tipping, "Sparse Bayesian Learning
        and the Relevance Vector Machine", JMLR 1 (2001).
    """

    kind = "bayesian_ridge"

    def __init__(self, confidence: float = 0.90, window: int = 2000) -> None:
        super().__init__(confidence)
        require_whole(MIN_SAMPLES, window=window)
        self._novelties: deque[float] = deque(maxlen=window)
        self._gains: deque[float] = deque(maxlen=window)
        self._line: LinePosterior | None = None

    def _forecast(self, novelty: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        if self._line is None:
            count = len(self._gains)
            columns = (np.fromiter(column, np.float64, count) for column in (self._novelties, self._gains))
            self._line = fit_line(*columns)
        return self._line.predict(novelty)

    def _learn(self, novelty: float, delta_mpl: float) -> None:
        self._novelties.append(novelty)
        self._gains.append(delta_mpl)
        self._line = None

    def _memory(self) -> dict[str, Any]:
        seen = [list(pair) for pair in zip(self._novelties, self._gains, strict=True)]
        return {"window": self._gains.maxlen, "seen": seen}

    def _remember(self, state: Mapping[str, Any]) -> None:
        window, seen = int(state["window"]), [(float(novelty), float(gain)) for novelty, gain in state["seen"]]
        self._novelties = deque((novelty for novelty, _ in seen), maxlen=window)
        self._gains, self._line = deque((gain for _, gain in seen), maxlen=window), None


ESTIMATORS: dict[str, type[DataValueEstimator]] = {cls.kind: cls for cls in (SgdValue, BayesianRidgeValue)}
"""The estimators, by kind."""


def save_estimator(estimator: DataValueEstimator, path: Path) -> None:
    """Write an estimator as JSON, whole or not at all.

    Args:
        estimator: what to write
        path: file to make or replace

    Raises:
        OSError: the file cannot be written.
    """
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(json.dumps(estimator.state_dict(), allow_nan=False), encoding="utf-8")
    draft.replace(path)


def load_estimator(path: Path) -> DataValueEstimator:
    """Read an estimator that `save_estimator` wrote; it continues bit for bit.

    Args:
        path: the file

    Returns:
        The estimator.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no estimator; the message lists the kinds.
    """
    state = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(state, dict) or state.get("kind") not in ESTIMATORS:
        raise ValueError(f"{path} must hold an estimator of kind {', '.join(ESTIMATORS)}")
    estimator = ESTIMATORS[state["kind"]]()
    estimator.load_state_dict(state)
    return estimator
