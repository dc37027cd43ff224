"""What a worker sees of its caller: a short list of environment variables, and our package on its import path.

Secrets in the caller's environment stay there, because only listed names pass. Our package reaches an engine's own
interpreter through a folder with nothing in it but a link to it, so the caller's other packages stay out. Knows
nothing of processes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import hausmusik
from hausmusik.atomic import private_folder
from hausmusik.temporary import sweep, temporary_folder

_PASSED: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "XDG_CACHE_HOME", "XDG_DATA_HOME"),
        *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"),
    }
)
_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def worker_environment(
    caller: Mapping[str, str], *, threads: int, imports: Path, keep_python_path: bool
) -> dict[str, str]:
    """Return all environment variables of a worker.

    Args:
        caller: The caller's own, of which listed names pass.
        threads: For the numeric libraries; results can depend on it, so it is always set.
        imports: See `import_folder`.
        keep_python_path: Whether the caller's PYTHONPATH follows ours: only for the caller's own interpreter, which
            may have its libraries from there.
    """
    variables = {name: value for name, value in caller.items() if name in _PASSED or name.startswith("LC_")}
    path = [str(imports)]
    if keep_python_path and caller.get("PYTHONPATH"):
        path.append(caller["PYTHONPATH"])
    return (
        variables
        | numeric_variables(threads)
        | {
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONSAFEPATH": "1",  # `-m` would put the working folder in front of everything
            "PYTHONUNBUFFERED": "1",  # the last words before a crash reach the log
        }
    )


def numeric_variables(threads: int) -> dict[str, str]:
    """Return the variables on which an engine's bytes can depend; every host starts its interpreters with them."""
    return dict.fromkeys(_THREADS, str(max(1, threads))) | {
        "PYTHONHASHSEED": "0",  # an engine that iterates over a set plays the same in every process
        "PYTHONUTF8": "1",
    }


def import_folder(root: Path) -> Path:
    """Return a folder below `root` that holds our package and nothing else; made on first use.

    A symbolic link where the file system has them, else a copy whose name changes whenever a source file does. Safe
    when two processes make it at once.
    """
    package = Path(hausmusik.__file__).resolve().parent
    folder = root / hashlib.sha256(str(package).encode()).hexdigest()[:12]
    sweep(folder)
    if (folder / "hausmusik" / "__init__.py").exists() and (folder / "hausmusik").resolve() == package:
        return folder
    private_folder(root)
    temporary, lock = temporary_folder(folder)
    try:
        try:
            (temporary / "hausmusik").symlink_to(package, target_is_directory=True)
        except OSError:
            folder = root / f"{folder.name}-{_newest(package)}"
            if folder.exists():
                return folder
            shutil.copytree(package, temporary / "hausmusik", ignore=shutil.ignore_patterns("__pycache__"))
        return _put(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        os.close(lock)


def _put(temporary: Path, folder: Path) -> Path:
    """Rename to the final name, unless somebody else was faster or an older link is in the way."""
    try:
        temporary.rename(folder)
    except OSError:
        if (folder / "hausmusik" / "__init__.py").exists():
            return folder
        shutil.rmtree(folder)  # the link of a package that has gone
        temporary.rename(folder)
    return folder


def _newest(package: Path) -> int:
    return max(path.stat().st_mtime_ns for path in package.rglob("*.py"))
