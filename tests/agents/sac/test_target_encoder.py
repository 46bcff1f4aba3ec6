"""The copy of the critics' encoder through which their targets see what comes next."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.agents.auxiliary import test_tasks as video
from tests.agents.sac.test_agent import make_agent, make_batch
from tests.agents.sac.test_told_critic import TOLD, tell

KINDS = {
    "state": lambda **settings: (make_agent(**settings), make_batch(profit=1.0, discount=0.9)),
    "told": lambda **settings: (
        make_agent(spec=TOLD, privileged_critic=True, **settings),
        tell(make_batch(profit=1.0, discount=0.9)),
    ),
    "video": lambda **settings: (video.make_agent(**settings), video.make_batch()),
}


@pytest.fixture(params=KINDS)
def made(request):
    return lambda **settings: KINDS[request.param](target_encoder=True, **settings)


def test_it_follows_the_critics_encoder_slowly(made):
    agent, batch = made(tau=0.25)
    old = [parameter.clone() for parameter in agent.target_encoder.parameters()]
    agent.update(batch, 0.0, 0.0)
    moved = list(agent.critic_encoder.parameters())
    assert any(not torch.equal(*pair) for pair in zip(old, moved, strict=True))
    for before, after, online in zip(old, agent.target_encoder.parameters(), moved, strict=True):
        torch.testing.assert_close(after, 0.75 * before + 0.25 * online.detach())


def test_the_targets_alone_see_through_it(made):
    agent, batch = made()
    other = copy.deepcopy(agent)
    with torch.no_grad():
        for parameter in other.target_encoder.parameters():
            parameter.mul_(-1.0)
    before, after = ([each.detach() for each in seen(one, batch)] for one in (agent, other))
    for same, still in zip(before[:-1], after[:-1], strict=True):
        assert torch.equal(same, still)
    assert not torch.allclose(before[-1], after[-1])


def seen(agent, batch):
    """Latents, next latents, what the critics know, and what their targets know."""
    latents, following, target_latents = agent._encode(agent.auxiliary.prepare(batch))
    return latents, following, *agent._know(batch, latents, target_latents)


def test_what_targets_know_begins_as_the_critics_see_it(made):
    agent, batch = made()
    plain = copy.deepcopy(agent)
    plain.target_encoder = plain.critic_encoder
    torch.testing.assert_close(seen(agent, batch)[-1], seen(plain, batch)[-1])


def test_it_goes_on_bit_for_bit_and_begins_where_there_was_none(made):
    agent, batch = made()
    agent.update(batch, 0.0, 0.0)
    again, _ = made(seed=9)
    again.load_state_dict(copy.deepcopy(agent.state_dict()))
    for _ in range(2):
        assert again.update(batch, 0.0, 0.0).metrics == agent.update(batch, 0.0, 0.0).metrics
    saved = copy.deepcopy(agent.state_dict())
    del saved["weights"]["target_encoder"]
    again.load_state_dict(saved)
    for kept, online in zip(again.target_encoder.parameters(), agent.critic_encoder.parameters(), strict=True):
        assert torch.equal(kept, online)


def test_cost_critics_see_through_it_too():
    agent = make_agent(target_encoder=True, constraint_form="cost_critic")
    batch = replace(make_batch(profit=1.0, discount=0.9), errors=np.ones(8, np.float32))
    other = copy.deepcopy(agent)
    other.generator = torch.Generator()
    other.generator.set_state(agent.generator.get_state())
    with torch.no_grad():
        for parameter in other.target_encoder.parameters():
            parameter.mul_(-1.0)
    targets = [one._targets(batch, *one._encode(batch)[1:], 0.0, 0.1) for one in (agent, other)]
    assert all(not torch.allclose(*pair) for pair in zip(*targets, strict=True))
    same = agent._targets(replace(batch, discount=np.zeros(8, np.float32)), *agent._encode(batch)[1:], 0.0, 0.1)
    assert torch.equal(same[1], torch.full((8,), 1.0))
