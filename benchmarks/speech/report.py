"""Writes the figures of a run as a page. Knows nothing of how they came about."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

DIFFERENCES = """\
What differs, besides the code around the model:

- Ours reads text with misaki's dictionaries, CMUdict and rules of its own; kokoro-onnx and Piper with espeak-ng. Words
  and pauses differ a little, so seconds are counted per second of audio each of them made.
- The same model file (Kokoro v1.0, int8), the same style vector, the same onnxruntime; one thread each. kokoro-onnx
  builds its session with no other options; ours turns memory patterns off.
- Ours makes chunks of at most about 9 s and gives the time of every word; kokoro-onnx makes batches of up to 510
  phonemes (some 30 s) and trims their ends. Piper is another, smaller model at 22,050 Hz, sentence by sentence, with
  its noise on.
- First audio: ours cuts the first sentence at a clause; `create_stream` gives its first batch, `create` the whole text.
  "Through the house" is what an application gets: the engine is then in a worker process, and a pipe lies between.
- Answers are not cached, but each engine keeps what it learns about words, and every text is said once per round."""


def page(result: dict) -> str:
    about, rounds = result["machine"], result["rounds"]
    passage = result["runs"]["passage"]
    how = (
        f"{about['cpu']}, {about['cores']} cores ({', '.join(about['int8_instructions']) or 'no int8 instructions'}), "
        f"Python {about['python']}; {rounds} rounds, medians (smallest to largest). Load average when it began: "
        f"{about['load_before'][0]:.1f} (above 0.5 others were at work too: wall times are then too long)."
    )
    length_s = statistics.median(run["audio_s"] for run in passage["ours"])
    lines = [
        *(f"# Speech, {result['date']}", "", how, "", f"## A passage of about {length_s:.0f} s, warm", ""),
        "| engine | CPU s per s of audio | wall s per s | audio s | peak MiB | load s | versions |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in passage.items():
        in_worker = name == "ours, through the house"  # whose figures this process does not have
        peak = "-" if in_worker else f"{max(run['peak_mib'] for run in runs):.0f}"
        counted = "-" if in_worker else spread(runs, lambda run: run["cpu_s"] / run["audio_s"])
        ready = result["load"][name]
        versions = ", ".join(f"{library} {number}" for library, number in ready["versions"].items())
        lines.append(
            f"| {name} | {counted} | {spread(runs, lambda run: run['wall_s'] / run['audio_s'])} "
            f"| {statistics.median(run['audio_s'] for run in runs):.1f} | {peak} "
            f"| {ready['load_s']:.1f} | {versions} |"
        )
    lines += ["", "CPU seconds per second of audio as a multiple of ours, within each round:", ""]
    lines += [
        f"- {name}: {each['median']:.2f} ({each['min']:.2f} to {each['max']:.2f})"
        for name, each in result["ratios"].items()
    ]
    lines += ["", "## Seconds to first audio, warm", ""]
    names = list(passage)
    lines += [f"| text | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for title, runs in result["runs"].items():
        cells = [f"{spread(runs[name], lambda run: run['first_s'])}" for name in names]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    lines += ["", "Seconds of audio in that first part:", "", f"| text | {' | '.join(names)} |"]
    lines += [f"|---|{'---|' * len(names)}"]
    for title, runs in result["runs"].items():
        cells = [f"{statistics.median(run['first_audio_s'] for run in runs[name]):.1f}" for name in names]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    if result["word_error_rate"]:
        lines += [
            "",
            "## Word error rate by whisper-base",
            "",
            "The twenty sentences of `tests/data/narration/proof.txt`:",
        ]
        lines += [""] + [f"- {name}: {100 * each['rate']:.1f} %" for name, each in result["word_error_rate"].items()]
    return "\n".join([*lines, "", DIFFERENCES, ""])


def spread(runs: Sequence[dict[str, float]], figure: Callable[[dict[str, float]], float]) -> str:
    each = [figure(run) for run in runs]
    return f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
