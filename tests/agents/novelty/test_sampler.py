"""Tests for sampler.py, and the whole process against diffusers where that is installed."""

import pytest
import torch

from agents.novelty.sampler import denoise_step, descending_steps
from agents.novelty.schedule import add_noise, make_alphas_bar, velocity, velocity_to_noise

STEPS = 100
SETTINGS = {
    "cosine": {"beta_schedule": "squaredcos_cap_v2"},
    "linear": {"beta_schedule": "linear", "beta_start": 1e-3, "beta_end": 0.2},
}


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_step_with_the_true_noise_follows_the_forward_process_back():
    alphas_bar = make_alphas_bar("cosine", STEPS)
    clean, noise = drawn(4, 8), drawn(4, 8, seed=1)
    noisy, less = (add_noise(clean, noise, alphas_bar[step].expand(4)) for step in (60, 20))
    torch.testing.assert_close(denoise_step(noisy, noise, alphas_bar[60], alphas_bar[20]), less)
    torch.testing.assert_close(denoise_step(noisy, noise, alphas_bar[60], torch.tensor(1.0)), clean)


def test_a_step_of_literal_numbers():
    step = denoise_step(torch.tensor([[1.0]]), torch.tensor([[0.5]]), torch.tensor(0.64), torch.tensor(0.96))
    torch.testing.assert_close(step, torch.tensor([[0.96**0.5 * (1.0 - 0.6 * 0.5) / 0.8 + 0.2 * 0.5]]))


def test_noise_that_is_put_back_needs_noise():
    with pytest.raises(ValueError, match="a step with eta 1 needs noise"):
        denoise_step(drawn(1, 2), drawn(1, 2), torch.tensor(0.5), torch.tensor(0.6), eta=1.0)


def test_descending_steps():
    assert descending_steps(30, 1) == [30]
    assert descending_steps(30, 3) == [30, 20, 10]


@pytest.mark.parametrize("schedule", SETTINGS)
def test_schedules_agree_with_diffusers(schedule):
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDPMScheduler(STEPS, **SETTINGS[schedule])
    torch.testing.assert_close(make_alphas_bar(schedule, STEPS), theirs.alphas_cumprod, atol=1e-6, rtol=0.0)
    clean, noise, steps = drawn(5, 8), drawn(5, 8, seed=1), torch.tensor([0, 10, 50, 98, 99])
    ours = make_alphas_bar(schedule, STEPS)[steps]
    noisy = add_noise(clean, noise, ours)
    torch.testing.assert_close(noisy, theirs.add_noise(clean, noise, steps), atol=1e-6, rtol=0.0)
    v = velocity(clean, noise, ours)
    torch.testing.assert_close(v, theirs.get_velocity(clean, noise, steps), atol=1e-6, rtol=0.0)
    # Back to the noise where float32 does not round: at the last steps it is divided by what is nearly nothing.
    exact = [tensor.double() for tensor in (clean, noise, ours)]
    restored = velocity_to_noise(velocity(*exact), add_noise(*exact), exact[2])
    torch.testing.assert_close(restored, exact[1], atol=1e-6, rtol=0.0)


@pytest.mark.parametrize("schedule", SETTINGS)
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_ddim_step_agrees_with_diffusers(schedule, prediction):
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDIMScheduler(
        STEPS, clip_sample=False, prediction_type=prediction, set_alpha_to_one=True, **SETTINGS[schedule]
    )
    theirs.set_timesteps(20)  # 95, 90, ..., 0
    noisy, predicted = drawn(3, 8), drawn(3, 8, seed=1)
    alphas_bar = theirs.alphas_cumprod
    for step, following in ((50, alphas_bar[45]), (5, alphas_bar[0]), (0, torch.tensor(1.0))):
        eps = predicted
        if prediction == "v_prediction":
            eps = velocity_to_noise(predicted, noisy, alphas_bar[step].expand(3))
        ours = denoise_step(noisy, eps, alphas_bar[step], following)
        torch.testing.assert_close(ours, theirs.step(predicted, step, noisy).prev_sample, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("schedule", SETTINGS)
def test_the_ancestral_step_agrees_with_diffusers(schedule):
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDPMScheduler(STEPS, clip_sample=False, **SETTINGS[schedule])
    theirs.alphas_cumprod = theirs.alphas_cumprod.double()
    noisy, predicted = drawn(3, 8).double(), drawn(3, 8, seed=1).double()
    for step in (80, 40, 1):
        generator = torch.Generator().manual_seed(7)
        noise = torch.randn((3, 8), generator=torch.Generator().manual_seed(7), dtype=torch.float64)
        expected = theirs.step(predicted, step, noisy, generator=generator).prev_sample
        signal, following = theirs.alphas_cumprod[step], theirs.alphas_cumprod[step - 1]
        ours = denoise_step(noisy, predicted, signal, following, eta=1.0, noise=noise)
        torch.testing.assert_close(ours, expected, atol=1e-6, rtol=0.0)
