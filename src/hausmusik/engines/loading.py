"""Find an engine's class by its entry point, `package.module:Class` or `/path/engine.py:Class`, and build it.

The only place where code is imported by name. Every way in which that can go wrong becomes one clear sentence. Knows
nothing of catalogues, hosts or weights; needs nothing beyond the foundation, because workers import it.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Final, TypeAlias, cast

from hausmusik.errors import BadInput, ConfigError, EngineError, MissingExtra
from hausmusik.seams import Engine, EngineContext

EngineClass: TypeAlias = Callable[[EngineContext], Engine]

_MEMBERS: Final = ("spec", "prepare", "load", "warm_up", "play", "close")


def load_engine(entry_point: str, context: EngineContext) -> Engine:
    """Return a new engine; imports its module, but loads no weights (see `Engine.load`).

    Raises:
        ConfigError: see `engine_class`.
        MissingExtra: see `engine_class`.
        EngineError: the constructor failed, which by contract does no work.
    """
    build = engine_class(entry_point)
    try:
        return build(context)
    except TypeError as error:
        raise EngineError(
            f"the engine {entry_point} cannot be built from an EngineContext: {error}",
            hint="its constructor must take exactly one argument, the context",
        ) from error


def check_device(engine: Engine, device: str) -> None:
    """Refuse a device that an engine does not name, before it loads anything; raises BadInput."""
    spec = engine.spec
    if device not in spec.devices:
        raise BadInput(f"{spec.name} cannot play on {device}", hint=f"it plays on {' or '.join(spec.devices)}")


def engine_class(entry_point: str) -> EngineClass:
    """Return the class that an entry point names.

    Args:
        entry_point: `package.module:Class`, or `/path/engine.py:Class` with an absolute path.

    Raises:
        ConfigError: it has another form; module, file or class do not exist; the file is not valid Python; the class
            lacks something of the `Engine` protocol.
        MissingExtra: the module exists and needs a library that is not installed.
        EngineError: the module fails while it is imported.
    """
    where, colon, name = entry_point.rpartition(":")
    if not colon or not where or not name.isidentifier():
        raise ConfigError(
            f"'{entry_point}' is not an engine's entry point",
            hint="write package.module:Class or /path/engine.py:Class",
        )
    module = _file_module(Path(where)) if where.endswith(".py") else _named_module(where)
    found = getattr(module, name, None)
    if found is None:
        raise ConfigError(f"{where} has no class {name}", hint=_nearest(module, name))
    missing = [member for member in _MEMBERS if not hasattr(found, member)]
    if not isinstance(found, type) or missing:
        raise ConfigError(
            f"{entry_point} is not an engine: {'it lacks ' + ', '.join(missing) if missing else 'it is not a class'}",
            hint="see the protocol hausmusik.seams.Engine",
        )
    return cast("EngineClass", found)


def _named_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # `a.b.c` not being there names `a`, `a.b` or `a.b.c`; any other name is something that the module itself needs.
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise ConfigError(
                f"there is no Python module {name}", hint="check the spelling, or install the package that brings it"
            ) from error
        raise _missing_library(name, error) from error
    except Exception as error:
        raise _broken(name, error) from error


def _file_module(path: Path) -> ModuleType:
    if not path.is_absolute():
        raise ConfigError(f"the engine file {path} must be given by its absolute path")
    if not path.is_file():
        raise ConfigError(f"there is no engine file {path}", hint="check the path in the instrument's TOML file")
    name = f"hausmusik_engine_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} cannot be read as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and msgspec look their own module up there
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, SyntaxError):
            raise ConfigError(f"line {error.lineno} of {path} is not valid Python: {error.msg}") from error
        if isinstance(error, ModuleNotFoundError):
            raise _missing_library(str(path), error) from error
        if isinstance(error, Exception):
            raise _broken(str(path), error) from error
        raise
    return module


def _missing_library(where: str, error: ModuleNotFoundError) -> MissingExtra:
    ours = where.startswith("hausmusik.")
    return MissingExtra(
        f"the engine {where} needs the Python package {error.name}, which is not installed",
        hint="pip install 'hausmusik[embedded]'" if ours else "install it into the interpreter that plays this engine",
    )


def _broken(where: str, error: Exception) -> EngineError:
    return EngineError(f"the engine {where} fails while it is imported: {type(error).__name__}: {error}"[:2000])


def _nearest(module: ModuleType, name: str) -> str:
    classes = [each for each, value in vars(module).items() if isinstance(value, type) and not each.startswith("_")]
    close = difflib.get_close_matches(name, classes, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"it has {', '.join(sorted(classes)[:8])}" if classes else "it has no classes at all"
