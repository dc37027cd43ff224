"""The instruments that come with Hausmusik, from its own part of the catalogue; what else is installed plays no part."""

from __future__ import annotations

from typing import get_args

from hausmusik.instruments import builtin
from hausmusik.instruments.catalogue import Catalogue
from hausmusik.instruments.checkpoint import Checkpoint
from hausmusik.instruments.discovery import Plugin
from hausmusik.instruments.memory import memory_need
from hausmusik.instruments.model import Instrument, Weights
from hausmusik.types import Task
from pages.markdown import code, listed, paragraphs, table


def page() -> str:
    catalogue = Catalogue.load(packages=[Plugin("hausmusik", lambda: builtin.toml_files)])
    instruments = [each for task in get_args(Task) for each in catalogue.instruments(task)]
    routers = [(code(each.id), listed(map(code, each.candidates)), each.summary) for each in catalogue.routers()]
    environments = [
        (code(each.id), listed(map(code, each.requirements)), each.note) for each in catalogue.environments()
    ]
    columns = ("name", "what it is", "size", "licence", "sources", "origin")
    return "".join(
        [
            "# Instruments\n\n",
            paragraphs(
                """Those that come with Hausmusik. `haus instruments` shows which are ready on your machine, and
                [your own](../how-to/add-an-instrument.md) among them."""
            ),
            "\n",
            table(
                ("name", "task", "weights", "licence of weights", "commercial use", "what it is"),
                (_row(each, catalogue) for each in instruments),
            ),
            "\nA name that stands for several chooses one of them for each request:\n\n",
            table(("name", "chooses from", "how"), routers),
            *(_section(each, catalogue) for each in instruments),
            "\n## Environments\n\nPackages of an engine's own, for `haus install`.\n\n",
            table(("name", "packages", "note"), environments),
            "\n## Weights\n\nFor `haus pull`. Sources are tried in this order, after ",
            "[folders of your own](../how-to/keep-weights.md).\n\n",
            table(columns, map(_weights_row, catalogue.weight_sets())),
            "\n## Checkpoints\n\nWhole repositories of the Hugging Face hub, which planned instruments will load in a cloud.\n\n",
            table(
                ("name", "repository", "commit", "size", "where the size is from", "licence", "origin"),
                map(_checkpoint_row, catalogue.checkpoints()),
            ),
        ]
    )


def _row(each: Instrument, catalogue: Catalogue) -> tuple[str, ...]:
    commercial = "yes" if each.licence.commercial else "no"
    size = _size(catalogue.size_bytes_of(each))
    name = f"[{each.id}](#{_anchor(each.id)}){' (planned)' if each.planned else ''}"
    return name, each.task, size, each.licence.weights, commercial, each.title


def _anchor(name: str) -> str:
    """Return what a heading of that name is linked by: its letters, digits and hyphens."""
    return name.replace(".", "")


def _section(each: Instrument, catalogue: Catalogue) -> str:
    of = "" if each.shape else " of one core"
    speed = f"{each.measured.cpu_s_per_unit:g} s{of} per {each.measured.unit_name}, {each.measured.cold_start_s:g} s to start"
    facts = {
        "Licence": f"{each.licence.weights} (weights), {each.licence.code} (code)",
        "Credit": each.licence.credit,
        "Note": each.licence.note,
        "Planned": "it is not played in this version" if each.planned else "",
        "Weights": listed(
            f"{code(one.id)} ({_size(one.size_bytes)})"
            for one in (*catalogue.weights_of(each), *catalogue.checkpoints_of(each))
        ),
        "Environment": code(each.environment),
        "Memory": f"{each.memory_mib} MiB",
        "GPU memory": _gpu_memory(each),
        "Sample rate": f"{each.sample_rate_hz} Hz" if each.sample_rate_hz else "",
        "Runs": listed(each.places),
        "Speed": f"{speed} ({each.measured.on})",
    }
    out = f"\n## {each.id}\n\n**{each.title}.** {each.summary}\n\n"
    out += "".join(f"- {name}: {text}\n" for name, text in facts.items() if text)
    if each.voices:
        voices = [
            (code(one.id), one.language, f"{one.title}{' (default)' if one.id == each.default_voice else ''}")
            for one in each.voices
        ]
        out += "\n" + table(("voice", "language", "what it is"), voices)
    return out


def _gpu_memory(each: Instrument) -> str:
    if each.shape is None:
        return ""
    need = memory_need(each.shape)
    cache = f" with {each.shape.batch} x {each.shape.context_tokens} tokens" if each.shape.context_tokens else ""
    return f"{need.total_gib:.1f} GiB{cache}, {need.weights_gib:.1f} of it weights in {each.shape.dtype}"


def _checkpoint_row(each: Checkpoint) -> tuple[str, ...]:
    revision = code(each.revision[:8]) if each.revision else "not known"
    licence = f"{each.licence}{', asks for an account' if each.gated else ''}"
    return code(each.id), code(each.repo), revision, _size(each.size_bytes), each.size_source, licence, each.origin


def _weights_row(each: Weights) -> tuple[str, ...]:
    sources = dict.fromkeys(source.label for file in each.files for source in file.sources)
    return code(each.id), each.title, _size(each.size_bytes), each.licence, "; ".join(sources), each.origin


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else "none"
