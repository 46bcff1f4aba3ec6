"""The command line: Hydra composes, every job is validated before the first one starts, errors take one line."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, ValidationError

from scripts._agent_settings import AGENT_SECTIONS
from scripts._explain import UsageError, explain, key_names, nearest
from scripts._pipes import PIPE_STATUS, drop_unread
from scripts._settings import Settings, load_settings

USAGE_STATUS = 2
DIVERGED_STATUS = 3
Model = TypeVar("Model", bound=BaseModel)


class Arguments(BaseModel):
    """What a script's command line can say: no unknown key, no conversion, no infinite number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def configs_dir() -> Path:
    """Find the Hydra groups: beside the package in a checkout, inside it in a wheel."""
    here = Path(__file__).resolve().parent
    inside = here / "configs"
    return inside if inside.is_dir() else here.parent / "configs"


def run_with_hydra(work: Callable[[Settings], int], argv: Sequence[str] | None = None) -> int:
    """Run a job, or a multirun of jobs, from the command line.

    Args:
        work: does one job and returns its exit status
        argv: arguments after the program's name; None = the process's own

    Returns:
        Exit status; after one line on standard error 2 where the input is wrong, 3 where numbers are not finite.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    args = get_args_parser().parse_args(arguments)

    def job(config: DictConfig) -> None:
        status = guarded(lambda: work(_settings(config)))
        if status != 0:
            raise SystemExit(status)

    def start() -> int:
        if not (args.help or args.hydra_help or args.cfg or args.info or args.shell_completion):
            _check_jobs(args.overrides, args.multirun)
        program = hydra.main(version_base="1.3", config_path=str(configs_dir()), config_name="config")(job)
        if not (args.cfg or args.info):
            program()
            return 0
        shown = io.StringIO()  # Hydra would report a reader that leaves with a traceback of its own
        with redirect_stdout(shown):
            program()
        print(shown.getvalue(), end="")
        return 0

    with _arguments(arguments):
        return guarded(start)


def compose_settings(overrides: Sequence[str] = ()) -> Settings:
    """Compose and validate one job without running it.

    Args:
        overrides: as on the command line

    Returns:
        The settings.

    Raises:
        UsageError: an override is wrong; the message is one line.
    """
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(configs_dir())):
        return load_settings(_compose(overrides), partial(_defaults, overrides))


def guarded(work: Callable[[], int]) -> int:
    """Do the work; turn what the user can cure into one line on standard error and status 2, a divergence into 3.

    Args:
        work: returns an exit status

    Returns:
        That status, 2 after a curable error, 3 after numbers that became NaN or infinite, or 1 where nobody reads the
        output any more.
    """
    try:
        try:
            return _explained(work)
        finally:
            sys.stdout.flush()  # what is still buffered may have no reader either
    except BrokenPipeError:
        if not drop_unread():
            raise
        return PIPE_STATUS


def entry_point(run: Callable[[Sequence[str]], int]) -> Callable[[], NoReturn]:
    """Make a script's `main`, which exits with the status of the guarded run.

    Args:
        run: takes the arguments after the program's name
    """

    def main() -> NoReturn:
        sys.exit(guarded(lambda: run(sys.argv[1:])))

    return main


def load_arguments(argv: Sequence[str], model: type[Model], usage: str) -> Model:
    """Read `key=value` arguments into a small schema.

    Args:
        argv: arguments after the program's name
        model: the schema; its defaults count where a key is absent
        usage: what `--help` prints

    Returns:
        The validated arguments.

    Raises:
        UsageError: an argument is unknown, malformed or out of range.
    """
    if any(word in ("-h", "--help") for word in argv):
        print(usage)
        raise SystemExit(0)
    for word in argv:
        if "=" not in word:
            raise UsageError(f"{word}: not of the form key=value; nearest valid: {nearest(word, key_names(model))}=...")
    try:
        values = OmegaConf.to_container(OmegaConf.from_dotlist(list(argv)))
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(explain(error, model, {})) from error
    except OmegaConfBaseException as error:
        raise UsageError(_one_line(error)) from error


def _explained(work: Callable[[], int]) -> int:
    try:
        return work()
    except BrokenPipeError:
        raise
    except Exception as error:
        status = next((status for kind, status in _expected().items() if isinstance(error, kind)), None)
        if status is None:
            raise
        print(f"{Path(sys.argv[0]).name}: {_one_line(error)}", file=sys.stderr, flush=True)
        return status


def _expected() -> dict[type[Exception], int]:
    """Exit statuses of the errors whose message is written for the user; imported late, they cost seconds."""
    from agents import BackboneError, CheckpointError, DivergenceError, NonFiniteError
    from v2p_sim.gl import GLUnavailableError

    return {
        UsageError: USAGE_STATUS,
        BackboneError: USAGE_STATUS,
        CheckpointError: USAGE_STATUS,
        GLUnavailableError: USAGE_STATUS,
        DivergenceError: DIVERGED_STATUS,
        NonFiniteError: DIVERGED_STATUS,
    }


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def _arguments(argv: Sequence[str]) -> Iterator[None]:
    """Hydra reads sys.argv."""
    saved = sys.argv
    sys.argv = [saved[0], *argv]
    try:
        yield
    finally:
        sys.argv = saved


def _settings(config: DictConfig) -> Settings:
    return load_settings(_container(config))


def _container(config: DictConfig) -> dict[str, Any]:
    try:
        return OmegaConf.to_container(config, resolve=True)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise UsageError(f"{getattr(error, 'full_key', None) or 'config'}: {_one_line(error)}") from error


def _check_jobs(overrides: Sequence[str], multirun: bool) -> None:
    """Compose and validate every job, so that the last one's error is met before the first one works."""
    from scripts._runs import plan_run

    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(configs_dir())):
        jobs = _jobs(overrides, multirun)
        folders: list[Path] = []
        for job in jobs:
            settings = load_settings(_compose(job), partial(_defaults, job))
            root = plan_run(settings).root
            folders += [root] if settings.run_dir is not None else []
        if len(set(folders)) < len(folders):
            raise UsageError(
                "run_dir: several of the runs share it; nearest valid: 'run_dir=" + f"{folders[0]}" + "/${seed}'"
            )


def _jobs(overrides: Sequence[str], multirun: bool) -> list[list[str]]:
    if not multirun or any(word.startswith("hydra/sweeper") for word in overrides):
        return [list(overrides)]
    try:
        parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        return BasicSweeper.split_arguments(parser.parse_overrides(list(overrides)), None)[0]
    except HydraException as error:
        raise UsageError(_one_line(error)) from error


def _compose(overrides: Sequence[str]) -> dict[str, Any]:
    try:
        return _container(hydra.compose("config", list(overrides)))
    except MissingConfigException as error:
        raise UsageError(_missing_option(error)) from error
    except HydraException as error:
        raise UsageError(_composition(error, overrides)) from error


def _defaults(overrides: Sequence[str]) -> dict[str, Any]:
    """The configuration with the chosen groups and no single key changed: what an error proposes."""
    groups = {path.name for path in configs_dir().iterdir() if path.is_dir()}
    return _compose([word for word in overrides if word.partition("=")[0] in groups])


def _missing_option(error: MissingConfigException) -> str:
    group, _, name = (error.missing_cfg_file or "").rpartition("/")
    if not error.options:
        return _one_line(error)
    options = sorted(error.options)
    return (
        f"{group}: there is no {name!r}; valid: {', '.join(options)}; nearest valid: {group}={nearest(name, options)}"
    )


def _known_keys(overrides: Sequence[str]) -> list[str]:
    """Keys of the schema, those of agents that were not chosen left out."""
    chosen = [word.partition("=")[2] for word in overrides if word.startswith("agent=")]
    own = _agent_keys(chosen[-1] if chosen and chosen[-1] in AGENT_SECTIONS else "sac")
    return [key for key in key_names(Settings) if not key.startswith("agent.") or key in own]


def _agent_keys(name: str) -> list[str]:
    return key_names(AGENT_SECTIONS[name], "agent.")


def _composition(error: HydraException, overrides: Sequence[str]) -> str:
    """Name the override that Hydra refused, and the nearest valid key."""
    known = _known_keys(overrides)
    cause = error.__cause__
    refused = [getattr(error, "override", None), getattr(cause, "full_key", None)]
    for word in overrides:
        key = word.partition("=")[0].lstrip("+~")
        if key not in known and not key.startswith("hydra") and (key in str(error) or key in refused):
            owners = [f"agent={name}, which has it" for name in AGENT_SECTIONS if key in _agent_keys(name)]
            return f"{key}: unknown key; nearest valid: {owners[0] if owners else nearest(key, known)}"
        if key == refused[1] and key in known:
            return f"{key}: the chosen {key.partition('.')[0]} has no such setting; nearest valid: leave it out"
    for word in overrides:
        key, _, value = word.partition("=")
        if word == refused[0] or word in str(error):
            hint = (
                "several values need -m (multirun)"
                if "," in value
                else "write key=value, quotes around special characters"
            )
            return f"{key}: cannot be read as given ({word}); {hint}"
    return _one_line(error)
