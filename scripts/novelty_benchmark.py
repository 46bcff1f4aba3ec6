"""Ask novelty measures about anomalies: `python scripts/novelty_benchmark.py [run_dir=RUN] output=FOLDER`.

Trains diffusion, RND and kNN on latents of normal shifts and tests them on a kind of dish never seen, a moved camera,
changed light, a broken dish, pure noise and, where several frames are seen at once, frozen ones: AUROC with 95 %
intervals (bootstrap over shifts), of single observations and of shifts, by the mean score of what each shows of the
anomaly. Latents come from the encoder of run_dir=, whose policy is then at work too, or from a fresh random one
(encoder=, seed=) and steady work. train_shifts=96 test_shifts=32 every=8 updates=4000 kind=glass are the defaults,
shifts of task.shift_minutes=3; other overrides of a run count as well. Writes auroc.csv, novelty.json, auroc.png and
examples.png; the same output goes on after an interrupt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from scripts._arguments import settings_for, split_arguments
from scripts._cli import Arguments, entry_point
from scripts._explain import UsageError
from scripts._settings import PathText, Settings, load_settings

DEFAULTS = ("task.observation=video", "task.shift_minutes=3.0")


class NoveltyArguments(Arguments):
    """What the command line can say beside the overrides of a run."""

    run_dir: PathText | None = None
    output: PathText | None = None
    kind: str = "glass"
    train_shifts: Annotated[int, Field(ge=1)] = 96
    test_shifts: Annotated[int, Field(ge=2)] = 32
    every: Annotated[int, Field(ge=1)] = 8
    updates: Annotated[int, Field(ge=1)] = 4000


def run(argv: Sequence[str]) -> int:
    """Collect, train, test, print, draw.

    Args:
        argv: arguments after the program's name

    Returns:
        Exit status: 0, or 130 or 143 after an interrupt.

    Raises:
        UsageError: an argument is wrong, or output holds something else.
    """
    arguments, overrides = split_arguments(argv, NoveltyArguments, str(__doc__))
    settings = settings_for([*_run_words(arguments, overrides), *overrides], DEFAULTS)
    if settings.task.observation != "video":
        raise UsageError("task.observation: anomalies are seen in video; nearest valid: task.observation=video")

    import torch

    from scripts._interrupts import Interrupted, Interrupts
    from scripts._measurement import open_measurement
    from scripts._meter import Meter
    from scripts._novelty_cases import make_cases
    from scripts._placement import usable_threads

    torch.set_num_threads(usable_threads(settings))
    cases = make_cases(settings, arguments.kind)
    plan, identity = _plan(settings, arguments)
    root, goes_on = open_measurement(arguments.output, "novelty", identity)
    with Interrupts() as stop, Meter(1.0, "shifts") as meter:
        meter.say(f"{settings.task.name}: the benchmark in {root} {'goes on' if goes_on else 'begins'}")
        try:
            measure(settings, arguments, plan(root), cases, stop, meter)
        except Interrupted:
            meter.say(f"interrupted; finished cases are kept, go on with the same command and output={root}")
    return stop.status


def measure(settings: Settings, arguments: NoveltyArguments, plan: Any, cases: Sequence[Any], stop: Any, meter: Any):
    """Collect what the folder lacks, train and test the measures, write and print.

    Args:
        settings: task, seed, threads
        arguments: updates
        plan: shifts of each case, encoder, folder
        cases: what is shown
        stop: says whether somebody asked to stop
        meter: shows where the work stands

    Raises:
        Interrupted: the user asked to stop.
    """
    from scripts._interrupts import Interrupted
    from scripts._novelty_latents import collect_case, encoder_digest
    from scripts._novelty_measure import MEASURES, fit, judge_units, score
    from scripts._novelty_report import EXAMPLES, draw_examples, table_text, verdict_text, write_report

    def tick() -> None:
        meter.add(1.0)
        if stop.requested:
            raise Interrupted

    meter.at(0.0, float(len(MEASURES) * arguments.updates + _steps(settings, plan, cases)))
    seen: dict[str, Any] = {}
    for number, case in enumerate(cases):
        meter.label(case.name)
        seen |= collect_case(settings, plan, case, number, lambda act: _ticking(act, tick))
        meter.say(f"{case.name}: {len(seen[case.name].latents)} observations of {plan.shifts(case)} shifts")
    draw_examples(plan.root / EXAMPLES, {name: own.example for name, own in seen.items() if name != "train"})
    scored = {}
    for name in MEASURES:
        meter.label(name)
        scored[name] = score(fit(name, seen["train"].latents, settings, arguments.updates, tick), seen)
    found, counts = judge_units(scored, settings.seed)
    about = {"task": settings.task.name, "encoder": settings.encoder.name, "digest": encoder_digest(plan.encoder)}
    about |= arguments.model_dump(exclude={"output"}) | {"seed": settings.seed}
    rows = write_report(plan.root, found, counts, about)
    meter.say(table_text(rows))
    meter.say(verdict_text(found))
    meter.say(f"written to {plan.root}: auroc.csv, novelty.json, auroc.png, {EXAMPLES}")


def _run_words(arguments: NoveltyArguments, overrides: Sequence[str]) -> list[str]:
    """Task, frames and encoder of the run, as overrides; what the command line says of them must not differ."""
    from scripts._runs import read_config

    if arguments.run_dir is None:
        return []
    saved = load_settings(read_config(Path(arguments.run_dir).expanduser()))
    words = [f"task={saved.task.name}", f"encoder={saved.encoder.name}"]
    words.append(f"encoder.latent_dim={saved.encoder.latent_dim}")
    words += [] if saved.task.frames is None else [f"task.frames={saved.task.frames}"]
    for word in overrides:
        own = [mine for mine in words if mine.partition("=")[0] == word.partition("=")[0] and mine != word]
        if own:
            raise UsageError(f"{word}: the run in run_dir has {own[0]}; nearest valid: leave it out")
    return [word for word in words if word not in overrides]


def _plan(settings: Settings, arguments: NoveltyArguments) -> tuple[Any, dict[str, Any]]:
    """Load or make the encoder; return how a folder makes a plan of it, and what decides the latents."""
    from functools import partial

    from agents import load_policy
    from scripts._build import for_training, make_agent, make_cells
    from scripts._measurement import task_identity
    from scripts._novelty_latents import Plan, encoder_digest
    from scripts._placement import choose_device

    if arguments.run_dir is None:
        env = make_cells(for_training(settings), 1)
        encoder, policy = make_agent(settings, env).encoder, None
        env.close()
    else:
        policy = load_policy(Path(arguments.run_dir).expanduser(), choose_device(settings.device))
        encoder = policy.encoder
    sizes = arguments.model_dump(include={"kind", "train_shifts", "test_shifts", "every"})
    identity = task_identity(settings) | sizes | {"encoder": encoder_digest(encoder)}
    return partial(Plan, **sizes, encoder=encoder, policy=policy), identity


def _steps(settings: Settings, plan: Any, cases: Sequence[Any]) -> float:
    """Estimate the calls of a policy that the cases which the folder lacks will need."""
    from scripts._build import make_cells
    from scripts._novelty_cases import MAX_CELLS

    missing = [plan.shifts(case) for case in cases if not (plan.root / f"latents_{case.name}.npz").exists()]
    if not missing:
        return 0.0
    env = make_cells(settings, 1)
    steps = env.unwrapped.task.steps_per_shift
    env.close()
    return float(sum(steps * -(-shifts // MAX_CELLS) for shifts in missing))


def _ticking(act: Any, tick: Any) -> Any:
    """Wrap a policy so that every call moves the meter along."""

    def ticking(observations: Any) -> Any:
        tick()
        return act(observations)

    return ticking


main = entry_point(run)


if __name__ == "__main__":
    main()
