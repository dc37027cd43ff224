"""Vectors of texts: the engine against the straightforward numpy form, paired, on one core; writes results/<date>.*.

    python benchmarks/embedding/run.py FOLDER [--rounds 7] [--core 0]

FOLDER is a weights folder with MiniLM in it (`haus pull minilm`); scipy must be installed. One process on one core with
one thread, tokenizing included; the contenders take turns within each round, so that a busy moment hits all. Processor
time is what is compared: wall time on a shared machine is the others'.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported

import numpy as np  # noqa: E402
from naive import ERFS, Naive  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

from hausmusik.engines.minilm import MiniLmEngine  # noqa: E402
from hausmusik.engines.minilm.tokens import Tokens  # noqa: E402
from hausmusik.instruments.catalogue import Catalogue  # noqa: E402
from hausmusik.seams import EngineContext  # noqa: E402
from hausmusik.types import Embeddings, EmbedRequest  # noqa: E402
from hausmusik.weights.store import WeightsStore  # noqa: E402

HERE = Path(__file__).parent
LENGTHS = {"16 tokens": ([16], 64), "64 tokens": ([64], 32), "256 tokens": ([256], 12), "5 to 256, mixed": ([], 40)}
WORDS = ("rain", "door", "music", "night", "house", "letter", "river", "train", "voice", "window", "garden", "bread")
OURS = ("ours, one at a time", "ours, in one request")


def texts_of(lengths: list[int], count: int) -> list[str]:
    """Return texts of so many tokens (every word is one piece, two are marks)."""
    dice = np.random.Generator(np.random.PCG64(1))
    each = lengths * count or [int(length) for length in dice.integers(5, 257, count)]
    return [" ".join(dice.choice(WORDS, length - 2)) for length in each]


def timed(play: Callable[[], np.ndarray]) -> tuple[dict[str, float], np.ndarray]:
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = play()
    return {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}, vectors


def contenders(files: dict[str, str]) -> dict[str, Callable[[list[str]], np.ndarray]]:
    path = {name.rpartition("/")[2]: Path(full) for name, full in files.items()}
    tensors, tokens = load_file(path["model.safetensors"]), Tokens(path["tokenizer.json"], 256)
    engine = MiniLmEngine(EngineContext(files=files))
    for stage in (engine.prepare, lambda: engine.load("cpu"), engine.warm_up):
        list(stage())

    def ours(texts: list[str]) -> np.ndarray:
        told = engine.play([EmbedRequest(texts=tuple(texts))], threading.Event())
        return next(event.values for _, event in told if isinstance(event, Embeddings))

    def theirs(naive: Naive) -> Callable[[list[str]], np.ndarray]:
        return lambda texts: np.stack([naive.embed(tokens.read(text).numbers) for text in texts])

    one, together = OURS
    return {name: theirs(Naive(tensors, erf)) for name, erf in ERFS.items()} | {
        one: lambda texts: np.concatenate([ours([text]) for text in texts]),
        together: ours,
    }


def run(folder: Path, rounds: int) -> dict[str, object]:
    files = WeightsStore(folder, offline=True).located([Catalogue.load().weight_set("all-minilm-l6-v2")])
    plays = contenders(files)
    load = os.getloadavg()
    found: dict[str, object] = {}
    for title, (lengths, count) in LENGTHS.items():
        texts = texts_of(lengths, count)
        for play in plays.values():
            play(texts[:4])
        times: dict[str, list[dict[str, float]]] = {name: [] for name in plays}
        vectors: dict[str, np.ndarray] = {}
        for number in range(rounds):
            for name, play in plays.items():
                took, vectors[name] = timed(lambda play=play, texts=texts: play(texts))
                times[name].append({clock: 1000 * value / count for clock, value in took.items()})
            print(f"{title}, round {number + 1}", {name: f"{each[-1]['cpu_s']:.1f}" for name, each in times.items()})
        apart = max(float(np.abs(each - vectors[OURS[1]]).max()) for each in vectors.values())
        found[title] = {"texts": count, "ms_per_text": times, "most_apart": apart, "ratios": ratios(times)}
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "rounds": rounds,
        "machine": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "used": 1,
            "python": platform.python_version(),
            "libraries": {
                each: version(each)
                for each in ("hausmusik", "numpy", "scipy", "onnxruntime", "tokenizers", "safetensors")
            },
            "load_before": load,
        },
        "published": published(plays[OURS[1]]),
        "results": found,
    }


def ratios(times: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Return how many times the processor time of ours each naive form took, within each round."""
    return {
        ours: {
            naive: spread([a["cpu_s"] / b["cpu_s"] for a, b in zip(times[naive], times[ours], strict=True)])
            for naive in ERFS
        }
        for ours in OURS
    }


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def published(play: Callable[[list[str]], np.ndarray]) -> float:
    """Return the largest difference to what the published model says of the texts of tests/data/embeddings."""
    data = HERE.parents[1] / "tests" / "data" / "embeddings"
    texts = json.loads((data / "minilm.json").read_text("utf-8"))
    with np.load(data / "minilm.npz", allow_pickle=False) as file:
        return float(np.abs(play(texts) - file["vectors"]).max())


def cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")


def report(result: dict) -> str:
    about = result["machine"]
    apart = max(part["most_apart"] for part in result["results"].values())
    versions = ", ".join(f"{name} {number}" for name, number in about["libraries"].items())
    conditions = (
        f"Processor milliseconds per text, tokenizing included; medians of {result['rounds']} rounds. One core of "
        f"{about['cores']} ({about['cpu']}), one thread, Python {about['python']}, {versions}. Load average when it "
        f"began: {about['load_before'][0]:.1f}; others were at work on the machine. Ours is nowhere further than "
        f"{result['published']:.1e} from the published model (torch), and the naive forms than {apart:.1e} from ours."
    )
    head = ["| | " + " | ".join(result["results"]) + " |", "|---|" + "---|" * len(result["results"])]
    lines = [f"# Vectors of texts, {result['date']}", "", conditions, "", *head]
    for name in (*ERFS, *OURS):
        cells = [
            f"{statistics.median(each['cpu_s'] for each in part['ms_per_text'][name]):.1f}"
            for part in result["results"].values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "How many times ours, within each round (smallest to largest):", "", *head]
    for ours in OURS:
        for naive in ERFS:
            cells = [
                f"{one['median']:.1f} ({one['min']:.1f} to {one['max']:.1f})"
                for one in (part["ratios"][ours][naive] for part in result["results"].values())
            ]
            lines.append(f"| {naive} / {ours} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--core", type=int, default=0)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {given.core})
    result = run(given.folder, given.rounds)
    target = HERE / "results" / str(result["date"])
    target.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    target.with_suffix(".md").write_text(report(result), "utf-8")
    print(report(result))


if __name__ == "__main__":
    main()
