"""The command `haus`. Thin: each command parses its words, asks the house, and shows what came.

Conventions: stdout is data, stderr is talk; `--json` on every command that reports; exit codes as in
`hausmusik.errors`; nothing is asked when stdin is no terminal; Ctrl-C once finishes what is in flight and keeps it,
twice stops at once. Heavy modules are imported inside commands: `haus --help` stays under 0.3 s.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line; the entry point of `haus`."""
    import os

    # Our matrices are small: with two BLAS threads on two busy cores a second of audio is measured in 5 ms instead of
    # 2, and sums, so loudness and so bytes, would depend on the number of threads. Must be set before numpy loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from hausmusik.cli.app import run

    run()
