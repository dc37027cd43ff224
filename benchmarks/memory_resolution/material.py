"""The documents of the hand-checked set, by half: meetings of QMSum and chats of LiHua-World, drawn by lot.

Of QMSum four meetings of each of its three kinds, of LiHua-World two months; the first and third meeting of a kind and
the first month are for tuning, the others are reported. Each collection of a half is a memory of its own. Sources:
Yale-LILY/QMSum (MIT; AMI and ICSI transcripts CC BY 4.0, committees public record), HKUDS/MiniRAG (MIT).
"""

from __future__ import annotations

import gzip
import json
import random
import zipfile
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

Half: TypeAlias = Literal["tune", "report"]
HALVES: Final[tuple[Half, Half]] = ("tune", "report")
SEED: Final = 4
OF_A_KIND: Final = 4
MONTHS: Final = 2


def written(data: Path, folder: Path) -> dict[Half, dict[str, list[Path]]]:
    """Write the documents as files and return them, by half and collection, in the order in which they are added.

    Args:
        data: With `qmsum` and `lihua-world` as their repositories have them.
        folder: Where to; it is empty.
    """
    found: dict[Half, dict[str, list[Path]]] = {half: {"qmsum": [], "lihua": []} for half in HALVES}
    for half, name, text in [*_meetings(data), *_chats(data)]:
        collection = "lihua" if name.startswith("2026") else "qmsum"
        path = folder / half / collection / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        found[half][collection].append(path)
    return {half: {name: sorted(paths) for name, paths in each.items()} for half, each in found.items()}


def _meetings(data: Path) -> list[tuple[Half, str, str]]:
    with gzip.open(data / "qmsum" / "qmsum_meetings.jsonl.gz", "rt", encoding="utf-8") as lines:
        meetings: dict[str, dict[str, Any]] = {each["id"]: each for each in map(json.loads, lines)}
    kinds: dict[str, list[str]] = {}
    for each in meetings.values():
        kinds.setdefault(each["domain"], []).append(each["id"])
    draw = random.Random(SEED)
    found: list[tuple[Half, str, str]] = []
    for _, names in sorted(kinds.items()):
        for place, name in enumerate(draw.sample(sorted(names), OF_A_KIND)):
            turns = meetings[name]["meeting_transcripts"]
            text = "\n".join(f"{turn['speaker']}: {' '.join(turn['content'].split())}" for turn in turns)
            found.append((HALVES[place % 2], name, text + "\n"))
    return found


def _chats(data: Path) -> list[tuple[Half, str, str]]:
    with zipfile.ZipFile(data / "lihua-world" / "LiHuaWorld.zip") as archive:
        chats = {Path(name).stem: archive.read(name) for name in archive.namelist() if name.endswith(".txt")}
    months = sorted({name[:6] for name in chats})
    drawn = random.Random(SEED).sample(months, MONTHS)
    return [
        (half, name, text.decode("utf-8"))
        for half, month in zip(HALVES, drawn, strict=True)
        for name, text in chats.items()
        if name.startswith(month)
    ]
