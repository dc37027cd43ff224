"""The licence texts that travel with weights: ours under `licences/`, a third party's beside its TOML file.

Knows nothing of what a licence allows; that is the catalogue entry's `licence` field.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from hausmusik.errors import ConfigError
from hausmusik.instruments.model import Weights


def licence_text(weights: Weights) -> str:
    """Return what is kept beside a set's files: its notice, the licence text, and the credit of each file that has one.

    Raises:
        ConfigError: the set names a text that is not there.
    """
    credits_ = [f"{file.name}: {file.credit}" for file in weights.files if file.credit]
    parts = [f"{weights.title}\nLicence: {weights.licence}\nOrigin: {weights.origin}", weights.notice.strip()]
    parts += ["\n".join(credits_), _text(weights)]
    return "\n\n".join(part for part in parts if part) + "\n"


def has_licence_text(name: str) -> bool:
    """Return whether one of our own licence texts has that file name."""
    return (resources.files("hausmusik.instruments") / "licences" / name).is_file()


def _text(weights: Weights) -> str:
    path = Path(weights.licence_text)
    source = path if path.is_absolute() else resources.files("hausmusik.instruments") / "licences" / path.name
    try:
        return source.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the licence text {path.name} of the weights {weights.id} cannot be read: {error}",
            hint="put it beside the TOML file that names it",
        ) from error
