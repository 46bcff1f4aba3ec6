"""The settings of a run's novelty measure."""

import pytest

from agents import NOVELTIES
from agents.novelty import DiffusionNovelty
from scripts._build import make_cells, make_learner
from scripts._cli import compose_settings
from scripts._explain import UsageError
from scripts._settings import SCORE_LEVEL, TRAIN_LEVEL, load_settings


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["novelty.prediction=x0"], "novelty.prediction: 'x0' is not one of eps, v; nearest valid: v"),
        (["novelty.train_level=0"], "novelty.train_level: must be more than 0.0, got 0"),
        (["novelty.train_level=0.02"], "novelty.train_level: scores ask about noise of 0.04; nearest valid: 0.04"),
        (
            ["novelty.score_levels=[0.1,0.8]"],
            "novelty.score_levels: the denoiser learns noise up to 0.1; nearest valid:",
        ),
        (["novelty.score_levels=[]"], "novelty.score_levels: "),
        (
            ["novelty=knn", "novelty.schedule=linear"],
            "novelty.schedule: the chosen novelty has no such setting; nearest",
        ),
        (
            ["novelty=knn", "+novelty.schedule=linear"],
            "novelty.schedule: knn has no such setting; nearest valid: leave",
        ),
    ],
)
def test_a_setting_that_does_not_fit_is_one_line_with_key_and_cure(overrides, said):
    with pytest.raises(UsageError) as caught:
        compose_settings(overrides)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_the_novelty_of_a_run_is_the_one_that_was_asked_for():
    for name in NOVELTIES:
        settings = compose_settings(["task=dishwashing", f"novelty={name}"])
        novelty = make_learner(settings, make_cells(settings, 1)).novelty
        assert isinstance(novelty, NOVELTIES[name])
    words = ["novelty=diffusion", "novelty.prediction=eps", "novelty.schedule=linear"]
    settings = compose_settings(["task=dishwashing", *words])
    novelty = make_learner(settings, make_cells(settings, 1)).novelty
    assert isinstance(novelty, DiffusionNovelty)
    assert (novelty.config.prediction, novelty.config.schedule) == ("eps", "linear")
    assert (novelty.config.train_level, novelty.config.score_levels) == (TRAIN_LEVEL, (SCORE_LEVEL,))
    words = ["novelty.hidden=32", "novelty.train_level=0.2", "novelty.score_levels=[0.05,0.1]"]
    settings = compose_settings(["task=dishwashing", *words])
    novelty = make_learner(settings, make_cells(settings, 1)).novelty
    assert isinstance(novelty, DiffusionNovelty)
    assert (novelty.config.hidden, novelty.config.train_level, novelty.config.score_levels) == (32, 0.2, (0.05, 0.1))


def test_a_run_that_named_its_novelty_alone_is_still_read():
    saved = compose_settings(["task=dishwashing"]).model_dump() | {"novelty": {"name": "diffusion"}}
    assert load_settings(saved) == compose_settings(["task=dishwashing"])
