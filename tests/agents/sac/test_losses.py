"""Tests for losses.py: literal inputs, literal answers."""

import math

import torch

from agents.sac import losses


def test_penalized_reward():
    reward = losses.penalized_reward(
        torch.tensor([0.6, 0.3]), torch.tensor([1.0, 0.0]), torch.tensor([3.0, 2.0]), lam=2.0, e_target=0.1
    )
    torch.testing.assert_close(reward, torch.tensor([0.6 - 2.0 * 0.7, 0.3 + 2.0 * 0.2]))


def test_soft_target_takes_the_smaller_critic_and_stops_at_the_end():
    target = losses.soft_target(
        reward=torch.tensor([1.0, 1.0]),
        discount=torch.tensor([0.9, 0.0]),
        next_q=torch.tensor([[4.0, 7.0], [2.0, 9.0]]),
        next_log_pi=torch.tensor([-1.0, 3.0]),
        alpha=torch.tensor(0.5),
    )
    torch.testing.assert_close(target, torch.tensor([1.0 + 0.9 * (2.0 + 0.5), 1.0]))


def test_critic_loss_weighs_and_sums_both_critics():
    loss = losses.critic_loss(
        torch.tensor([[1.0, 2.0], [3.0, 2.0]]), torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.5])
    )
    torch.testing.assert_close(loss, torch.tensor(0.5 * ((1.0 + 2.0) / 2 + (9.0 + 2.0) / 2)))


def test_critic_loss_sends_no_gradient_into_the_target():
    target = torch.ones(2, requires_grad=True)
    q = torch.zeros(2, 2, requires_grad=True)
    losses.critic_loss(q, target, torch.ones(2)).backward()
    assert target.grad is None
    torch.testing.assert_close(q.grad, torch.full((2, 2), -0.5))


def test_actor_loss():
    loss = losses.actor_loss(torch.tensor([[1.0, 5.0], [2.0, 3.0]]), torch.tensor([-1.0, 1.0]), torch.tensor(0.1))
    torch.testing.assert_close(loss, torch.tensor(((-0.1 - 1.0) + (0.1 - 3.0)) / 2))


def test_actor_loss_is_an_average_by_weight():
    q, log_pi, alpha = torch.tensor([[1.0, 5.0], [2.0, 3.0]]), torch.tensor([-1.0, 1.0]), torch.tensor(0.1)
    loss = losses.actor_loss(q, log_pi, alpha, torch.tensor([0.2, 0.6]))
    torch.testing.assert_close(loss, torch.tensor((-0.1 - 1.0) / 4 + 3 * (0.1 - 3.0) / 4))
    even = losses.actor_loss(q, log_pi, alpha, torch.full((2,), 0.3))
    torch.testing.assert_close(even, losses.actor_loss(q, log_pi, alpha))


def test_temperature_rises_while_the_entropy_is_below_its_target():
    log_alpha = torch.tensor(0.0, requires_grad=True)
    log_pi = torch.tensor([3.0, 5.0])  # entropy -4, below the target of -2
    losses.temperature_loss(log_alpha, log_pi, target_entropy=-2.0).backward()
    torch.testing.assert_close(log_alpha.grad, torch.tensor(-2.0))
    torch.testing.assert_close(losses.temperature_loss(torch.tensor(0.5), log_pi, -2.0), torch.tensor(-1.0))


def test_novelty_weights():
    weights = losses.novelty_weights(torch.tensor([0.1, 0.6, 0.8]))
    torch.testing.assert_close(weights, torch.tensor([1.0, 1.2, 1.6]))


def test_bounds_map_there_and_back():
    low, high = torch.tensor([0.0, -2.0]), torch.tensor([1.0, 2.0])
    actions = torch.tensor([[0.25, 1.0], [0.0, -2.0], [1.0, 2.0]])
    squashed = losses.squash_bounds(actions, low, high)
    torch.testing.assert_close(squashed, torch.tensor([[-0.5, 0.5], [-1.0, -1.0], [1.0, 1.0]]))
    torch.testing.assert_close(losses.unsquash_bounds(squashed, low, high), actions)


def test_unsquashing_never_leaves_the_bounds():
    high = torch.tensor([math.pi])
    edge = losses.unsquash_bounds(torch.tensor([1.0 + 1e-6]), torch.tensor([0.1]), high)
    assert edge <= high
