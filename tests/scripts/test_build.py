"""Tests for _build.py."""

import pytest

from scripts._build import make_cells, make_learner
from scripts._cli import compose_settings
from scripts._explain import UsageError


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("agent.random_shift=4", "agent.random_shift needs video, got observations of shape (4,); 0 switches it off"),
        (
            "agent.consistency_coefficient=1",
            "agent.consistency_coefficient needs n_step 1 or segment_length 2 and more to see the next step, "
            "got n_step 3 and segment_length 1",
        ),
    ],
)
def test_what_the_agent_refuses_is_one_line_with_its_key(override, said):
    settings = compose_settings(["task=dishwashing", "encoder=mlp", override])
    env = make_cells(settings, 1)
    with pytest.raises(UsageError) as caught:
        make_learner(settings, env)
    assert str(caught.value) == said
