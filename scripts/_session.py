"""A run at work: the observer that keeps the ledger, evaluates, films, plots and saves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from agents import (
    EpisodeResult,
    GreedyPolicy,
    LoopState,
    Observer,
    Progress,
    pack_run,
    save_checkpoint,
    save_policy,
)
from economics import LEDGER_COLUMNS, LedgerRow, Prices, SlaConstraint, make_row, marginal_product
from scripts._build import (
    EVALUATION_CELLS,
    AnyLearner,
    for_evaluation,
    for_training,
    make_cell,
    make_cells,
    make_constraint,
    make_learner,
    make_prices,
)
from scripts._contact_file import ContactFile
from scripts._contacts import TrainingContacts, check_contacts
from scripts._evaluate import FIRST_SEED, eval_columns, evaluate_shifts, evaluation_line, gauges, sum_up
from scripts._interrupts import Interrupted, Interrupts, Policy
from scripts._media import Film, record
from scripts._plots import draw_plots
from scripts._progress import Display
from scripts._runs import CsvLog, RunPlan, keep_rows, read_rows
from scripts._settings import Settings

FILM_WALL_S = 8.0
FRESH: Mapping[str, Any] = {"evaluated": 0}  # of a session that continues nothing
LEARNER_COLUMNS = ("novelty_raw", "novelty_norm", "mean_weight", "critic_loss", "actor_loss", "alpha", "buffer_size")
PPO_NAMES = {"critic_loss": "value_loss", "actor_loss": "policy_loss"}
"""What PPO calls the metric of a column of the ledger."""


@dataclass
class Parts:
    """What a run is made of; `make_parts` makes one before anything is on disk."""

    env: Any
    evaluation_env: Any
    learner: AnyLearner
    constraint: SlaConstraint
    prices: Prices


def make_parts(settings: Settings) -> Parts:
    """Make environments, learner, constraint and prices.

    Args:
        settings: the run

    Returns:
        The parts.

    Raises:
        UsageError: a part refuses a setting.
    """
    env = make_cells(for_training(settings), settings.task.cells)
    if settings.contact_log is not None:
        check_contacts(env, "contact_log", settings.contact_log)
        env = TrainingContacts(env)
    shifts = max(_known(settings.eval_shifts), _known(settings.final_shifts))
    return Parts(
        env=env,
        evaluation_env=make_cells(for_evaluation(settings), min(EVALUATION_CELLS, shifts)),
        learner=make_learner(settings, env),
        constraint=make_constraint(settings.economics),
        prices=make_prices(settings.economics),
    )


class Session(Observer):
    """Hears of episodes and boundaries, and puts on disk what they gave."""

    def __init__(self, settings: Settings, plan: RunPlan, parts: Parts, display: Display, stop: Interrupts) -> None:
        self.settings, self.plan, self.parts = settings, plan, parts
        self._display, self._stop = display, stop
        self._evaluated = self._saved = 0
        self._saved_steps: int | None = None
        self._mp_before = math.nan  # of the row before: what the next one gained on
        self._film_env: Any = None
        self._train: CsvLog | None = None
        self._eval: CsvLog | None = None
        self._contacts = parts.env if isinstance(parts.env, TrainingContacts) else None
        self._board: SummaryWriter | None = None

    @property
    def title(self) -> str:
        """Name the run in plots."""
        settings = self.settings
        seen = f"{settings.task.name}, {settings.task.observation}"
        return f"{seen}, {settings.agent.name}, {settings.encoder.name}, seed {settings.seed}"

    @property
    def interrupted(self) -> bool:
        """Whether the user asked to stop."""
        return self._stop.requested

    def say(self, text: str) -> None:
        """Show one line."""
        self._display.say(text)

    def watched(self, policy: Policy) -> Policy:
        """Make a policy interruptible."""
        return self._stop.watched(policy)

    def open(self, episode: int = 0, saved: Mapping[str, Any] = FRESH) -> None:
        """Open the files; rows past the checkpoint that is continued are dropped.

        Args:
            episode: shifts trained at the checkpoint, 0 for a fresh run
            saved: what the checkpoint holds of the session
        """
        evaluated = saved["evaluated"]
        root, checkpoint = self.plan.root, self.plan.checkpoint
        source = root if checkpoint is None else checkpoint.parent.parent
        columns = eval_columns(self.parts.evaluation_env)
        keep_rows(source / "train.csv", root / "train.csv", LEDGER_COLUMNS, episode)
        keep_rows(source / "eval.csv", root / "eval.csv", columns, evaluated)
        kept = read_rows(root / "train.csv")
        self._mp_before = float(kept[-1]["mp_r"]) if kept else math.nan
        self._train, self._eval = CsvLog(root / "train.csv", LEDGER_COLUMNS), CsvLog(root / "eval.csv", columns)
        self._board = SummaryWriter(str(root / "tensorboard"), purge_step=episode + 1 if episode else None)
        self._evaluated, self._saved = evaluated, episode
        if self._contacts is not None:
            name = f"contacts.{self.settings.contact_log}"
            self._contacts.open(ContactFile(root / name, source / name, episode), saved.get("contacts"))

    def on_episode(self, result: EpisodeResult) -> None:
        """Write the ledger's row, and the contact events."""
        if self._contacts is not None:
            self._contacts.finish(result.cell, result.episode)
        if result.info.get("hours", 0.0) <= 0.0:
            self.say(f"episode {result.episode}: the physics diverged at once; no row")
            return
        row = self._priced(result)
        if row.physics_error > 0.0:
            self.say(f"episode {row.episode}: the physics diverged after {60 * row.hours:.1f} min; its row says so")
        self._mp_before = row.mp_r
        assert self._train is not None
        self._train.write(asdict(row))
        self._log("train", {name: value for name, value in asdict(row).items() if name != "task"}, row.episode)
        self._log("learner", result.metrics, row.episode)
        self._display.row(row)

    def on_progress(self, progress: Progress) -> None:
        """Show where the loop stands."""
        self._display.progress(progress)

    def on_boundary(self, state: LoopState) -> None:
        """Evaluate, then save: a checkpoint knows of the evaluation before it."""
        if self._stop.requested:
            return
        self.catch_up(state)
        if state.episode // _known(self.settings.checkpoint_every) > self._saved // _known(
            self.settings.checkpoint_every
        ):
            self.save(state)

    def catch_up(self, state: LoopState) -> None:
        """Evaluate, film and plot if that is due and the last evaluation does not follow anyway."""
        every = _known(self.settings.eval_every)
        last = state.episode >= _known(self.settings.episodes)
        if last or state.episode // every <= self._evaluated // every:
            return
        try:
            self.evaluate(state, _known(self.settings.eval_shifts))
            self.film(state)
        except Interrupted:
            return
        self.plot()

    def evaluate(self, state: LoopState, shifts: int) -> list[dict[str, Any]]:
        """Work greedy shifts on the fixed seeds and write their rows.

        Args:
            state: where the loop stands
            shifts: how many

        Returns:
            The rows.

        Raises:
            Interrupted: the user asked to stop; no row is written then.
        """
        policy = self.watched(GreedyPolicy(self.parts.learner.agent))
        rows = evaluate_shifts(policy, self.parts.evaluation_env, shifts, self.parts.prices, state.episode)
        assert self._eval is not None
        for row in rows:
            self._eval.write(row)
        found = sum_up(rows)
        self._log("eval", gauges(found), state.episode)
        self.say(evaluation_line(found, state.episode))
        self._evaluated = state.episode
        return rows

    def film(self, state: LoopState) -> None:
        """Film the greedy policy; a failure is one line, not an end.

        Args:
            state: where the loop stands

        Raises:
            Interrupted: the user asked to stop.
        """
        if not self.settings.video:
            return
        path = self.plan.videos / f"episode_{state.episode:06d}.mp4"
        film = Film(FIRST_SEED, seconds=self.settings.video_seconds, wall_s=FILM_WALL_S)
        try:
            if self._film_env is None:
                self._film_env = make_cell(for_evaluation(self.settings))
            policy = self.watched(GreedyPolicy(self.parts.learner.agent))
            record(self._film_env, policy, path, film, self.parts.prices)
        except Interrupted:
            raise
        except Exception as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            self.say(f"video {path.name} failed: {reason}")

    def plot(self) -> None:
        """Draw the plots; a failure is one line, not an end."""
        train, evaluation = read_rows(self.plan.root / "train.csv"), read_rows(self.plan.root / "eval.csv")
        try:
            draw_plots(self.plan.plots, train, evaluation, self.title)
        except (OSError, ValueError, RuntimeError) as error:
            self.say(f"plots failed: {str(error).splitlines()[0]}")

    def save(self, state: LoopState) -> None:
        """Write a checkpoint and the policy beside it, unless this very state is saved already."""
        if self._saved_steps == state.env_steps:
            return
        parts = self.parts
        packed = pack_run(parts.env, parts.learner, parts.constraint, state)
        session: dict[str, Any] = {"evaluated": self._evaluated}
        if self._contacts is not None:
            session["contacts"] = self._contacts.open_rows()
        save_checkpoint(self.plan.checkpoints, packed | {"session": session})
        save_policy(self.plan.root, parts.learner.agent)
        self._saved, self._saved_steps = state.episode, state.env_steps

    def close(self) -> None:
        """Close files, environments and the display."""
        for log in (self._train, self._eval, self._board):
            if log is not None:
                log.close()
        for env in (self.parts.evaluation_env, self._film_env):
            if env is not None:
                env.close()
        self._display.close()
        self.parts.env.close()

    def _priced(self, result: EpisodeResult) -> LedgerRow:
        metrics, info = result.metrics, result.info
        return make_row(
            info,
            self.parts.prices,
            metrics["error_target"],
            metrics["lambda_dual"],
            episode=result.episode,
            task=self.settings.task.name,
            seed=self.settings.seed,
            env_steps=result.env_steps,
            wall_s=result.wall_s,
            physics_error=info.get("physics_error", 0.0),
            delta_mpl_total=float(marginal_product(info["completed"], info["hours"])) - self._mp_before,
            **{name: metrics.get(name, metrics.get(PPO_NAMES.get(name, name), math.nan)) for name in LEARNER_COLUMNS},
        )

    def _log(self, group: str, values: dict[str, Any], step: int) -> None:
        assert self._board is not None
        for name, value in values.items():
            if isinstance(value, (int, float)) and math.isfinite(value):
                self._board.add_scalar(f"{group}/{name}", value, step)


def _known(value: int | None) -> int:
    """A number of the schedule; `load_settings` filled it in."""
    assert value is not None
    return value
