"""Tests for precompute_embeddings.py and train_on_embeddings.py: what is written, what is learned, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents import EnvSpec, ReplayBuffer, ReplayConfig, load_policy, save_policy
from scripts import precompute_embeddings, train_on_embeddings
from scripts._build import make_agent, make_cells
from scripts._cli import compose_settings, guarded
from scripts._embeddings import Embeddings, load_embeddings, save_embeddings
from scripts._episodes import roll_episodes
from scripts._latent_cells import Comparison, LatentCells, on_latents
from scripts._novelty_latents import encode
from scripts._offline import fill_replay
from scripts._runs import RunPlan, make_folder

SMALL = ["task=dishwashing", "task.observation=video", "encoder.latent_dim=16", "agent.hidden=16", "threads=1"]
STEPS = 60


def make_run(root: Path, *overrides: str) -> Path:
    """A run folder of an untrained policy."""
    settings = compose_settings([*SMALL, "device=cpu", *overrides])
    make_folder(RunPlan(root, None), settings)
    env = make_cells(settings, 1)
    save_policy(root, make_agent(settings, env))
    env.close()
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("embedded") / "run")


@pytest.fixture(scope="module")
def embeddings(root: Path) -> Embeddings:
    """Two shifts of the run's own policy."""
    assert precompute_embeddings.run([f"run_dir={root}", "episodes=2", "seed=5"]) == 0
    return load_embeddings(root / "embeddings.npz")


def said(capsys: pytest.CaptureFixture[str], script, *words: str) -> str:
    """The one line that a script refuses its arguments with."""
    assert guarded(lambda: script.run(words)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line.partition(": ")[2]


def test_the_file_holds_whole_shifts_of_latents(root, embeddings):
    assert embeddings.latents.shape == (2 * (STEPS + 1), 16)
    assert embeddings.latents.dtype == np.float32
    assert np.flatnonzero(embeddings.ends).tolist() == [STEPS - 1, 2 * STEPS - 1]
    assert embeddings.seeds.tolist() == [5, 6]
    assert (str(embeddings.encoder), str(embeddings.policy)) == ("simple2dcnn", "checkpoint")
    env = make_cells(compose_settings(SMALL), 2)
    policy = load_policy(root)
    shifts = list(roll_episodes(policy, env, [5, 6]))
    np.testing.assert_allclose(embeddings.actions, np.concatenate([shift.actions for shift in shifts]), atol=1e-5)
    np.testing.assert_allclose(embeddings.profit_usd, np.concatenate([s.rewards_usd for s in shifts]), atol=1e-6)
    assert embeddings.errors.sum() == sum(shift.info["errors"] for shift in shifts)
    assert embeddings.attempts.sum() == sum(shift.info["attempts"] for shift in shifts)
    first, _ = env.reset(seed=[5, 6])
    latents = encode(policy.encoder, first)
    np.testing.assert_allclose(embeddings.latents[[0, STEPS + 1]], latents, atol=1e-5)


def test_pixels_and_written_latents_give_the_same_actions(root, embeddings):
    policy = load_policy(root)
    acted = np.delete(embeddings.latents, [STEPS, 2 * STEPS + 1], axis=0)
    np.testing.assert_allclose(on_latents(policy)(acted), embeddings.actions, atol=1e-5)


def test_another_policy_may_work_and_the_comparison_is_still_made(root, tmp_path, capsys):
    path = tmp_path / "random.npz"
    assert precompute_embeddings.run([f"run_dir={root}", "episodes=1", "policy=random", f"output={path}"]) == 0
    assert load_embeddings(path).actions.std(axis=0).min() > 0.2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{STEPS} steps of 1 shifts written to {path} in ")
    assert lines[1].startswith("actions from pixels and from latents differ by at most ")
    assert lines[1].endswith(" over 60 observations (as promised: 1e-05)")


@pytest.mark.usefixtures("other_on_latents")
def test_actions_that_differ_are_told_and_nothing_is_written(root, tmp_path, capsys):
    path = tmp_path / "none.npz"
    assert precompute_embeddings.run([f"run_dir={root}", "episodes=1", f"output={path}"]) == 1
    assert "MORE THAN PROMISED" in capsys.readouterr().out
    assert not path.exists()


def test_a_comparison_of_nothing_does_not_hold(root):
    policy = load_policy(root)
    assert not Comparison(policy, on_latents(policy)).holds


def test_cells_show_latents_of_what_is_seen(root):
    policy = load_policy(root)
    cells = LatentCells(make_cells(compose_settings(SMALL), 2), policy.encoder)
    latents, _ = cells.reset(seed=0)
    assert cells.single_observation_space.contains(latents[0])
    assert cells.observation_space.contains(latents)
    np.testing.assert_array_equal(latents, encode(policy.encoder, cells.seen))
    following, *_ = cells.step(np.full((2, 2), 0.5, np.float32))
    np.testing.assert_array_equal(following, encode(policy.encoder, cells.seen))


def test_replay_is_filled_with_every_step_and_none_across_shifts(embeddings):
    count, spec = len(embeddings.latents), EnvSpec((16,), "float32", (0.0, 0.0), (1.0, 1.0))
    replay = ReplayBuffer(spec, 1, ReplayConfig(capacity=count, gamma=0.5, prioritized=False))
    fill_replay(replay, embeddings)
    batch = replay.sample(4000, np.random.default_rng(0))
    assert set(batch.rows) == set(range(count)) - {STEPS, 2 * STEPS + 1}
    np.testing.assert_array_equal(batch.observations, embeddings.latents[batch.rows])
    np.testing.assert_array_equal(batch.next_observations, embeddings.latents[batch.rows + 1])
    steps = batch.rows - (batch.rows > STEPS)
    np.testing.assert_array_equal(batch.profit, embeddings.profit_usd[steps])
    np.testing.assert_array_equal(batch.errors, embeddings.errors[steps])
    np.testing.assert_array_equal(batch.attempts, embeddings.attempts[steps])
    np.testing.assert_array_equal(batch.actions, embeddings.actions[steps])
    assert set(batch.discount) == {0.5}


def test_what_was_learned_from_latents_acts_on_pixels(root, embeddings, tmp_path, capsys):
    output = tmp_path / "learned"
    words = [f"run_dir={root}", "updates=5", "batch_size=16", "shifts=1", f"output={output}"]
    assert train_on_embeddings.run(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"5 updates of 16 of {len(embeddings)} steps in ")
    assert lines[-2] == f"written to {output}"
    assert "over 60 observations (as promised: 1e-05)" in lines[-1]
    learned, own = load_policy(output), load_policy(root)
    assert learned.spec == own.spec
    seen = make_cells(compose_settings(SMALL), 3).reset(seed=1)[0]
    np.testing.assert_allclose(encode(learned.encoder, seen), encode(own.encoder, seen), atol=1e-6)
    assert np.abs(learned(seen) - own(seen)).max() > 1e-3
    assert (output / "config.yaml").read_text() == (root / "config.yaml").read_text()
    assert said(capsys, train_on_embeddings, *words).startswith(f"output: {output} exists; remove it")


def test_what_a_run_does_to_pixels_and_their_encoder_is_left_out_where_there_are_none(tmp_path):
    pixels = ("agent.random_shift=4", "agent.history_dropout=0.5", "agent.infonce_coefficient=0.1")
    auxiliary = ("agent.consistency_coefficient=0.1", "agent.n_step=2", "agent.segment_length=4")
    root = make_run(tmp_path / "run", *pixels, *auxiliary)
    assert precompute_embeddings.run([f"run_dir={root}", "episodes=1"]) == 0
    assert train_on_embeddings.run([f"run_dir={root}", "updates=1", "batch_size=16", "shifts=1"]) == 0


def test_wrong_files_and_runs_are_one_line(root, embeddings, tmp_path, capsys):
    def refused(*words: str) -> str:
        return said(capsys, train_on_embeddings, f"run_dir={root}", f"output={tmp_path / 'out'}", *words)

    path = tmp_path / "other.npz"
    assert refused(f"embeddings={path}").startswith(f"embeddings: there is no {path}; write it:")
    path.write_bytes((root / "embeddings.npz").read_bytes()[:1000])
    assert refused(f"embeddings={path}").startswith(f"embeddings: {path} is damaged (")
    save_embeddings(path, replace(embeddings, latents=embeddings.latents[1:]))
    assert (
        refused(f"embeddings={path}") == f"embeddings: {path} is damaged (latents do not fit the steps); write it again"
    )
    save_embeddings(path, replace(embeddings, digest=np.array("0123")))
    assert refused(f"embeddings={path}").startswith(f"embeddings: {path} was written by another encoder than that of")
    assert refused("updates=0").startswith("updates: must be at least 1, got 0")
    assert not (tmp_path / "out").exists()


def test_the_agent_of_the_run_must_be_sac(embeddings, root, tmp_path, capsys):
    ppo = make_run(tmp_path / "ppo", "agent=ppo")
    assert precompute_embeddings.run([f"run_dir={ppo}", "episodes=1"]) == 0
    capsys.readouterr()
    line = said(capsys, train_on_embeddings, f"run_dir={ppo}")
    assert line == "run_dir: its agent is ppo, but embeddings teach sac; choose a run of agent=sac"
