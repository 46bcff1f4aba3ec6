"""Tests for copies between devices and for generators that are moved between them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import build_novelty
from agents.transfer import Arrival, load_generator, send_array
from tests.agents.auxiliary import test_tasks as video

CUDA_STATE = torch.arange(16, dtype=torch.uint8)
"""A state of the length that a CUDA generator's has."""


def test_what_is_sent_arrives():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    (back,) = Arrival(send_array(array, torch.device("cpu"))).wait()
    assert np.array_equal(back.numpy(), array)


def test_a_generator_goes_on_on_the_same_kind_of_device():
    generator = torch.Generator().manual_seed(3)
    state = generator.get_state()
    drawn = torch.rand(4, generator=generator)
    other = torch.Generator().manual_seed(9)
    load_generator(other, state)
    assert torch.equal(torch.rand(4, generator=other), drawn)


def test_a_generator_of_another_kind_of_device_seeds_this_one():
    drawn = []
    for state in (CUDA_STATE, CUDA_STATE, CUDA_STATE.flip(0)):
        generator = torch.Generator().manual_seed(len(drawn))
        load_generator(generator, state)
        drawn.append(torch.rand(4, generator=generator))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_an_agent_and_a_novelty_saved_on_a_gpu_go_on_here():
    agent, novelty = video.make_agent(), build_novelty("diffusion", 8)
    expected = torch.Generator()
    load_generator(expected, CUDA_STATE)
    for saved in (agent, novelty):
        saved.load_state_dict(saved.state_dict() | {"generator": CUDA_STATE})
        assert torch.equal(saved.state_dict()["generator"], expected.get_state())
    assert np.isfinite(agent.update(video.make_batch(), 0.0, 0.0).priorities).all()
    assert torch.isfinite(novelty.update(torch.randn(4, 8))["novelty_loss"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_an_update_is_begun_without_waiting_for_the_gpu():
    from agents.sac import SACAgent

    agent = video.make_agent(random_shift=2)
    agent = SACAgent(agent.spec, agent.encoder, agent.config, "cuda")
    novelty, batch = build_novelty("diffusion", agent.encoder.latent_dim, device="cuda"), video.make_batch()
    for _ in range(8):  # the ninth learns novelty, but leaves the root of the covariance, whose computation waits
        agent.update(batch, 0.0, 0.0, novelty)
    torch.cuda.set_sync_debug_mode("error")
    try:
        begun = agent.begin_update(batch, 0.0, 0.0, novelty)
        agent.follow()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert np.isfinite(begun.read().priorities).all()
