"""Tests for _novelty_auroc.py, _novelty_measure.py and _novelty_report.py: counting, intervals, verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.novelty import KNNNovelty
from scripts._novelty_auroc import MEAN, Interval, auroc, bootstrap, count_wins, shift_means, summarise
from scripts._novelty_latents import CaseLatents
from scripts._novelty_measure import compare, fit, judge, observed, score
from scripts._novelty_report import table_rows, table_text, verdict_text

SCORES = st.lists(st.integers(0, 5), min_size=1, max_size=12)
PIXEL = np.zeros((1, 1, 3), np.uint8)


def scored(rng: np.random.Generator, shifts: int, offset: float = 0.0, spread: float = 0.0, per_shift: int = 10):
    """Scores of shifts whose means differ by `spread`."""
    means = offset + spread * rng.standard_normal(shifts)
    which = np.repeat(np.arange(shifts), per_shift)
    return means[which] + rng.standard_normal(len(which)), which


def test_auroc_of_literal_scores():
    assert auroc([1.0, 2.0], [3.0, 4.0]) == 1.0
    assert auroc([3.0, 4.0], [1.0, 2.0]) == 0.0
    assert auroc([1.0, 2.0, 3.0], [2.0]) == 0.5
    assert auroc([1.0, 2.0, 2.0, 3.0], [2.0, 4.0]) == pytest.approx((1 + 2 * 0.5 + 4) / 8)
    assert math.isnan(auroc([], [1.0])) and math.isnan(auroc([1.0], []))


@given(SCORES, SCORES)
def test_auroc_counts_pairs_and_ties_half(normal, anomalous):
    pairs = [(a > n) + 0.5 * (a == n) for n in normal for a in anomalous]
    assert auroc(normal, anomalous) == pytest.approx(np.mean(pairs))
    assert auroc(anomalous, normal) == pytest.approx(1.0 - np.mean(pairs))
    assert auroc(np.exp(normal), np.exp(anomalous)) == pytest.approx(np.mean(pairs))


def test_wins_are_counted_by_pairs_of_shifts():
    normal = np.array([1.0, 2.0, 3.0]), np.array([4, 4, 9])
    anomalous = np.array([2.5, 3.0, 0.0]), np.array([7, 2, 2])
    wins = count_wins(normal, anomalous)
    assert wins.won.tolist() == [[2.0, 2.0], [0.5, 0.0]]  # rows 4 and 9, columns 2 and 7
    assert (wins.normal.tolist(), wins.anomalous.tolist()) == ([2.0, 1.0], [2.0, 1.0])
    assert wins.value == pytest.approx(auroc(normal[0], anomalous[0]))


def test_shifts_are_told_apart_by_their_mean_scores():
    means, shifts = shift_means((np.array([1.0, 5.0, 3.0]), np.array([7, 2, 7])))
    assert (means.tolist(), shifts.tolist()) == ([5.0, 2.0], [2, 7])
    rng = np.random.default_rng(0)
    cases = {"normal": scored(rng, 40), "x": scored(rng, 40, 0.7, per_shift=40)}
    single = compare(cases)["x"]
    whole = compare({name: shift_means(own) for name, own in cases.items()})["x"]
    assert single.value < 0.75 and whole.value > 0.95  # noise of one observation is averaged away
    assert (single.anomalous.sum(), whole.anomalous.sum()) == (1600, 40)


def test_intervals_cover_the_truth_and_are_wider_where_shifts_differ():
    covered, widths = [], {0.0: [], 2.0: []}
    for trial in range(60):
        rng = np.random.default_rng(trial)
        for spread, found in widths.items():
            wins = {"x": count_wins(scored(rng, 12, 0.0, spread), scored(rng, 12, 1.0, spread))}
            own = summarise(wins, bootstrap(wins, trial, 400))["x"]
            found.append(own.high - own.low)
            if spread == 0.0:
                covered.append(own.low <= 0.760 <= own.high)  # Phi(1 / sqrt 2)
    assert np.mean(covered) > 0.85
    assert np.mean(widths[2.0]) > 2.0 * np.mean(widths[0.0])


def test_shifts_that_belong_together_are_drawn_together():
    rng = np.random.default_rng(0)
    normal = scored(rng, 10, 0.0, 3.0)
    lifted = normal[0] + 0.5, normal[1]
    paired = bootstrap({"x": count_wins(normal, lifted, paired=True)}, 0)["x"]
    apart = bootstrap({"x": count_wins(normal, lifted)}, 0)["x"]
    assert paired.std() < 0.5 * apart.std()


def test_the_same_seed_gives_the_same_draws_and_measures_share_their_shifts():
    rng = np.random.default_rng(0)
    normal, anomalous = scored(rng, 8, 0.0, 2.0), scored(rng, 8, 1.0, 2.0)
    first = bootstrap({"x": count_wins(normal, anomalous)}, 3)["x"]
    worse = count_wins((normal[0], normal[1]), (anomalous[0] - 0.1, anomalous[1]))
    second = bootstrap({"x": worse}, 3)["x"]
    assert np.array_equal(first, bootstrap({"x": count_wins(normal, anomalous)}, 3)["x"])
    assert np.all(first >= second)
    assert np.std(first - second) < 0.3 * np.std(first)


def test_an_anomaly_that_was_never_seen_counts_for_nothing():
    rng = np.random.default_rng(0)
    normal, nothing = scored(rng, 4), (np.zeros(0), np.zeros(0, int))
    wins = {"none": count_wins(normal, nothing), "x": count_wins(normal, scored(rng, 4, 9.0))}
    found = summarise(wins, bootstrap(wins, 0))
    assert math.isnan(found["none"].value) and math.isnan(found["none"].low)
    assert found[MEAN].value == found["x"].value == pytest.approx(1.0)
    assert observed(wins) == {"none": (0, 0), "x": (40, 4)}
    alone = {"none": count_wins(normal, nothing)}
    assert math.isnan(summarise(alone, bootstrap(alone, 0))[MEAN].value)


def made(offsets: dict[str, float]) -> dict:
    """Counts by measure of two anomalies that lie `offset` above normal."""
    rng = np.random.default_rng(1)
    normal, anomalous = scored(rng, 10), [scored(rng, 10) for _ in range(2)]
    return {
        measure: {f"a{i}": count_wins(normal, (own[0] + offset, own[1])) for i, own in enumerate(anomalous)}
        for measure, offset in offsets.items()
    }


@pytest.mark.parametrize(
    ("offsets", "goals"),
    [
        ({"diffusion": 3.0, "rnd": 1.0, "knn": 2.0}, [True, True]),
        ({"diffusion": 3.0, "rnd": 1.0, "knn": 4.0}, [True, False]),
        ({"diffusion": 1.0, "rnd": 0.5, "knn": 0.4}, [False, True]),
        ({"diffusion": 1.0, "rnd": 1.1, "knn": 0.4}, [False, False]),
    ],
)
def test_the_verdict_compares_diffusion_with_the_best_baseline(offsets, goals):
    found = judge(made(offsets), seed=0)
    assert list(found["goals"].values()) == goals
    assert found["best_baseline"] == max(("rnd", "knn"), key=lambda name: offsets[name])
    assert found["margin"].low <= found["margin"].value <= found["margin"].high
    assert (found["margin"].value > 0.0) == (offsets["diffusion"] > offsets[found["best_baseline"]])
    text = verdict_text({"observation": found, "shift": judge(made({"diffusion": 9.0, "rnd": 1.0}), seed=0)})
    assert text.count("not reached") == 2 - sum(goals)
    assert [line.split(":")[0] for line in text.splitlines()] == ["observations", "shifts"]


def test_the_table_has_measures_side_by_side_and_the_mean_last():
    auroc_of = {name: {"x": Interval(0.9, 0.8, 1.0), MEAN: Interval(0.9, 0.8, 1.0)} for name in ("diffusion", "knn")}
    auroc_of["knn"]["x"] = Interval(math.nan, math.nan, math.nan)
    rows = table_rows(auroc_of, {"x": (40, 4)}, "observation")
    assert [(row.anomaly, row.measure) for row in rows] == [
        ("x", "diffusion"),
        ("x", "knn"),
        (MEAN, "diffusion"),
        (MEAN, "knn"),
    ]
    head, line, mean = table_text(rows).splitlines()
    assert head.split() == ["observation", "seen", "shifts", "diffusion", "knn"]
    assert line.split() == ["x", "40", "4", "0.900", "[0.800,", "1.000]", "not", "seen"]
    assert mean.startswith("mean")


@pytest.mark.parametrize("name", ["diffusion", "rnd", "knn"])
def test_a_measure_fitted_to_normal_latents_finds_strange_ones(name):
    from scripts._cli import compose_settings

    rng, ticks = np.random.default_rng(0), []
    basis = rng.standard_normal((3, 16)).astype(np.float32)

    def latents(count: int) -> np.ndarray:
        return (rng.standard_normal((count, 3)) @ basis).astype(np.float32)

    def case(values: np.ndarray) -> CaseLatents:
        return CaseLatents(values, np.arange(len(values)) // 10, PIXEL)

    settings = compose_settings(["task=dishwashing"])
    novelty = fit(name, latents(400), settings, 120, lambda: ticks.append(1))
    assert len(ticks) == (4 if name == "knn" else 120)
    if isinstance(novelty, KNNNovelty):
        assert len(novelty.reservoir.unique(dim=0)) == novelty.size == 400
    strange = rng.standard_normal((50, 16)).astype(np.float32)
    cases = {"train": case(latents(20)), "normal": case(latents(50)), "strange": case(strange)}
    wins = compare(score(novelty, cases))
    assert list(wins) == ["strange"]
    assert wins["strange"].value > 0.95
    with pytest.raises(ValueError, match="train_shifts: normal shifts gave 1 observations"):
        fit(name, latents(1), settings, 1, lambda: None)
