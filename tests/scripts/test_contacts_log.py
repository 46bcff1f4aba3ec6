"""Tests for _contacts.py and _contact_file.py: each event of a numbered shift is on disk once, however the run went."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv
from pyarrow import parquet

from agents import OffPolicyLearner
from scripts import _build, _contacts, _session, _summary, evaluate
from scripts._cli import compose_settings, guarded, run_with_hydra
from scripts._contact_file import COLUMNS, ContactFile
from scripts._contacts import ShiftContacts, TrainingContacts
from scripts._explain import UsageError
from scripts._runs import read_rows
from scripts.train import run
from v2p_sim.dishes import CATALOGUE
from v2p_sim.faces import CellsVectorEnv
from v2p_sim.skills import PHASES

WASHING = [
    *("task=dishwashing_mujoco", "task.observation=state", "task.cells=2", "task.shift_minutes=0.4"),
    *("agent.warmup_steps=100000", "checkpoint_every=2", "eval_every=1000", "final_shifts=1"),
    *("video=false", "threads=1"),
]
SHIFT_STEPS = 48
STEP_S = 0.5
HASTY = np.array([1.0, 0.0], np.float32)


def wash(root: Path, *overrides: str) -> int:
    return run_with_hydra(run, [*WASHING, f"run_dir={root}", *overrides])


def parquet_rows(path: Path) -> list[dict[str, str]]:
    table = parquet.read_table(path)
    assert table.column_names == list(COLUMNS)
    return [{name: str(value) for name, value in row.items()} for row in table.to_pylist()]


@pytest.fixture(scope="module", autouse=True)
def hasty(tiny_run):
    """Explore at full speed without care, so that there is something to write; leave the end of a run out.

    The shared tiny run is made first: it must not be made under these patches.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OffPolicyLearner, "act", lambda self, seen: np.tile(HASTY, (len(seen), 1)))
        patch.setattr(_session, "draw_plots", lambda *_: None)
        patch.setattr(_summary, "write_summary", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def washed(tmp_path_factory: pytest.TempPathFactory, hasty) -> Path:
    root = tmp_path_factory.mktemp("washed") / "run"
    assert wash(root, "episodes=4", "contact_log=csv") == 0
    return root


def event(dish: int, energy_j: float = 0.1 + 0.2) -> dict[str, Any]:
    names = {"kind": "glass", "partner": "rack", "phase": "place", "outcome": "pending"}
    return {"dish": dish, "peak_n": 20.0, "impulse_ns": 0.5, "energy_j": energy_j, "sustained_n": 15.0} | names


def row(episode: int, dish: int) -> dict[str, Any]:
    return {"episode": episode, "cell": 0, "time_s": 1.5} | event(dish)


class Striking(VectorEnv):
    """Cells whose shifts take `lengths` steps; the events of a step carry its number as the dish."""

    def __init__(self, *lengths: int) -> None:
        self.num_envs = len(lengths)
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self.lengths, self.steps = np.array(lengths), np.zeros(len(lengths), np.int64)

    def reset(self, *, seed: Any = None, options: Any = None):
        self.steps[:] = 0
        return np.zeros(self.num_envs), {}

    def step(self, actions: Any):
        self.steps = np.where(self.steps == self.lengths, 0, self.steps + 1)
        over = self.steps == self.lengths
        return np.zeros(self.num_envs), np.zeros(self.num_envs), ~over & over, over, {"hours": self.steps / 3600.0}

    def contacts(self, cell: int) -> list[dict[str, Any]]:
        return [event(int(self.steps[cell]))] if self.steps[cell] > 0 else []


def test_a_run_writes_each_event_once_with_the_number_of_its_shift(washed):
    rows = read_rows(washed / "contacts.csv")
    assert tuple(rows[0]) == tuple(COLUMNS)
    assert {int(row["episode"]) for row in rows} == {1, 2, 3, 4}
    assert all(int(row["cell"]) == (int(row["episode"]) - 1) % 2 for row in rows)
    assert {row["kind"] for row in rows} <= set(CATALOGUE)
    assert {row["phase"] for row in rows} <= set(PHASES)
    times = [(int(row["episode"]), float(row["time_s"])) for row in rows]
    assert times == sorted(times)
    assert all(0.0 < time_s <= SHIFT_STEPS * STEP_S for _, time_s in times)
    assert len({tuple(row.values()) for row in rows}) == len(rows)


def test_a_run_in_two_parts_writes_what_one_in_one_part_does_also_as_parquet(washed, tmp_path, monkeypatch):
    told: list[int] = []
    contacts = CellsVectorEnv.contacts

    def count(self, cell):
        events = contacts(self, cell)
        told.append(len(events))
        return events

    monkeypatch.setattr(CellsVectorEnv, "contacts", count)
    root = tmp_path / "run"
    assert wash(root, "episodes=2", "contact_log=parquet") == 0
    first = parquet_rows(root / "contacts.parquet")
    assert wash(root, "episodes=4", "contact_log=parquet", "resume=auto") == 0
    rows = parquet_rows(root / "contacts.parquet")
    assert rows == read_rows(washed / "contacts.csv")
    assert rows[: len(first)] == first
    assert len(rows) == sum(told) > len(first)
    assert not (root / "contacts.part.csv").exists()


def test_ctrl_c_in_mid_shift_loses_and_doubles_nothing(washed, tmp_path, monkeypatch):
    root, stop_at, steps = tmp_path / "run", 15, []
    step = CellsVectorEnv.step

    def interrupted(self, actions):
        steps.append(None)
        if len(steps) == stop_at:
            signal.raise_signal(signal.SIGINT)
        return step(self, actions)

    monkeypatch.setattr(CellsVectorEnv, "step", interrupted)
    with pytest.raises(SystemExit) as caught:
        wash(root, "episodes=2", "contact_log=parquet")
    assert caught.value.code == 130
    assert parquet_rows(root / "contacts.parquet") == []
    monkeypatch.setattr(CellsVectorEnv, "step", step)
    assert wash(root, "episodes=2", "contact_log=parquet", "resume=auto") == 0
    rows = parquet_rows(root / "contacts.parquet")

    def before(rows):
        return [row for row in rows if int(row["episode"]) <= 2 and float(row["time_s"]) <= stop_at * STEP_S]

    assert before(rows) == before(read_rows(washed / "contacts.csv")) != []
    assert len(rows) > len(before(rows))


def test_without_the_setting_there_is_neither_file_nor_wrapper(tiny_run):
    assert not list(tiny_run.glob("contacts*"))
    checkpoint = next((tiny_run / "checkpoints").glob("checkpoint_*"))
    assert '"contacts"' not in (checkpoint / "state.json").read_text()


def test_shifts_are_kept_apart_and_those_without_a_number_are_forgotten(tmp_path):
    env = TrainingContacts(Striking(2, 3))
    env.open(ContactFile(tmp_path / "contacts.csv"), None)
    env.reset()
    for number in range(1, 8):
        _, _, _, over, _ = env.step(None)
        if over[0]:
            env.finish(0, number)
    env.close()
    rows = read_rows(tmp_path / "contacts.csv")
    assert [(row["episode"], row["dish"], row["time_s"]) for row in rows] == [
        *(("2", "1", "1.0"), ("2", "2", "2.0"), ("5", "1", "1.0"), ("5", "2", "2.0")),
    ]
    assert [[row[2] for row in rows] for rows in env.open_rows()] == [[1], []]


def test_open_shifts_go_on_after_a_checkpoint(tmp_path):
    before, after = TrainingContacts(Striking(3)), TrainingContacts(Striking(3))
    before.reset()
    after.reset()
    before.step(None)
    after.open(ContactFile(tmp_path / "contacts.csv"), json.loads(json.dumps(before.open_rows())))
    after.env.unwrapped.steps[:] = 1  # type: ignore[attr-defined]
    after.step(None)
    after.step(None)
    after.finish(0, 1)
    assert [row["dish"] for row in read_rows(tmp_path / "contacts.csv")] == ["1", "2", "3"]
    after.close()


def test_evaluated_shifts_are_numbered_over_the_rounds_and_padding_is_left_out(tmp_path):
    env = ShiftContacts(Striking(1, 2), ContactFile(tmp_path / "contacts.csv"), shifts=3)
    for _ in range(2):
        env.reset()
        for _ in range(4):
            env.step(None)
    env.close()
    rows = [(row["episode"], row["cell"], row["dish"]) for row in read_rows(tmp_path / "contacts.csv")]
    assert rows == [("1", "0", "1"), ("2", "1", "1"), ("2", "1", "2"), ("3", "0", "1")]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_is_gone_on_with_drops_what_came_after_the_checkpoint(tmp_path, suffix):
    path = tmp_path / f"contacts.{suffix}"
    for begun, last, written in ((None, 0, (1, 2, 3)), (path, 2, (3, 4))):
        file = ContactFile(path, begun, last)
        file.write(row(episode, 10 * last + episode) for episode in written)
        file.close()
        file.close()
    rows = read_rows(path) if suffix == "csv" else parquet_rows(path)
    assert [(row["episode"], row["dish"]) for row in rows] == [("1", "1"), ("2", "2"), ("3", "23"), ("4", "24")]
    assert {float(row["energy_j"]) for row in rows} == {0.1 + 0.2}


def test_a_killed_parquet_run_goes_on_from_its_rows(tmp_path):
    path, part = tmp_path / "contacts.parquet", tmp_path / "contacts.part.csv"
    file = ContactFile(path)
    file.write([row(1, 1), row(2, 2)])
    part.write_text(part.read_text() + "3,0,")
    other = tmp_path / "fork.parquet"
    file = ContactFile(other, begun=path, last_episode=1)
    file.close()
    assert [row["dish"] for row in parquet_rows(other)] == ["1"]
    assert part.exists()


def test_a_parquet_file_that_cannot_be_written_leaves_its_rows(tmp_path):
    file = ContactFile(tmp_path / "contacts.parquet")
    file.write([row(1, 1)])
    (tmp_path / "contacts.parquet").mkdir()
    with pytest.raises(UsageError, match=r"cannot be written \(.*\); its rows are in .*contacts\.part\.csv"):
        file.close()
    assert len(read_rows(tmp_path / "contacts.part.csv")) == 1


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["contact_log=csv", "task=dishwashing"], "contact_log: the abstract task has no contacts; nearest valid: "),
        (["contact_log=xml"], "contact_log: 'xml' is not one of csv, parquet; nearest valid: "),
        (["contact_log=parquet"], "contact_log: Parquet needs pyarrow; cure: pip install 'v2p[export]'"),
    ],
)
def test_a_log_that_cannot_be_is_one_line_and_leaves_no_folder(overrides, said, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_contacts, "find_spec", lambda name: None)
    argv = ["episodes=1", "video=false", f"run_dir={tmp_path / 'run'}", *overrides]
    assert guarded(lambda: run(compose_settings(argv))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "run").exists()


def test_evaluate_writes_contacts_and_draws_the_asked_level(washed, tmp_path, monkeypatch):
    monkeypatch.setattr(_build, "EVALUATION_CELLS", 2)
    found = {}
    for name, *arguments in (
        ("plain.csv", "randomization=off"),
        ("again.parquet",),
        ("drawn.csv", "randomization=strong"),
    ):
        path, output = tmp_path / name, tmp_path / f"{name}.json"
        argv = [f"run_dir={washed}", "shifts=3", f"contacts={path}", f"output={output}", *arguments]
        assert evaluate.run(argv) == 0
        level = json.loads(output.read_text())["randomization"]
        found[level, name] = read_rows(path) if path.suffix == ".csv" else parquet_rows(path)
    plain, again, drawn = found["off", "plain.csv"], found["off", "again.parquet"], found["strong", "drawn.csv"]
    assert plain == again != drawn
    assert {int(row["episode"]) for row in drawn} <= {1, 2, 3}
    assert {row["cell"] for row in plain if row["episode"] == "3"} <= {"0"}


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("contacts=x.csv", "contacts: the abstract task has no contacts"),
        ("randomization=mild", "randomization: dishwashing has no such setting; nearest valid: leave it out"),
        ("randomization=stron", "randomization: 'stron' is not one of off, mild, strong; nearest valid: strong"),
    ],
)
def test_evaluate_says_what_the_abstract_task_lacks(argument, said, tiny_run, capsys):
    assert guarded(lambda: evaluate.run([f"run_dir={tiny_run}", argument])) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("name", "said"),
    [("x.xml", "x.xml ends neither in .csv nor in .parquet; nearest valid: x.csv"), ("no/x.csv", "cannot write")],
)
def test_evaluate_refuses_a_file_that_cannot_be(name, said, washed, tmp_path, capsys):
    assert guarded(lambda: evaluate.run([f"run_dir={washed}", f"contacts={tmp_path / name}"])) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.split(": ")[1] == "contacts"
    assert said.replace("x.xml ends", f"{tmp_path / 'x.xml'} ends") in line
