"""Stems on disk: one float wav per layer at pre-master level, written while mixing and read back as mix blocks.

Added up sample by sample in the order of the layers, stems are the pre-master exactly. Knows nothing of mastering.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hausmusik.audio.frames import frame_at
from hausmusik.audio.mixing import MixBlock
from hausmusik.audio.wav import WavReader, WavWriter
from hausmusik.errors import BadInput


class StemWriters:
    """Writes the layers of mix blocks; made by `writing_stems`.

    Args:
        writers: By layer; layers without one are not written.
    """

    def __init__(self, writers: Mapping[str, WavWriter]) -> None:
        self._writers = writers

    def write(self, block: MixBlock) -> None:
        """Append one block; raises StoreError when the disk is full, BadInput for samples that are no numbers."""
        for layer, writer in self._writers.items():
            writer.write(block.layers[layer])


@contextmanager
def writing_stems(
    paths: Mapping[str, Path], sample_rate_hz: int, channels: int, *, durable: bool = True
) -> Generator[StemWriters]:
    """Open one file per layer; they appear together when the block ends well, and not at all when it raises.

    Args:
        paths: Where each layer's stem shall appear.
        sample_rate_hz: Of the mix.
        channels: Of the mix.
        durable: Wait until the bytes are on the disk.
    """
    with ExitStack() as stack:
        writers = {
            layer: stack.enter_context(WavWriter.create(path, sample_rate_hz, channels, durable=durable))
            for layer, path in paths.items()
        }
        yield StemWriters(writers)


def stem_blocks(paths: Mapping[str, Path], *, block_s: float = 1.0) -> Iterator[MixBlock]:
    """Yield stems as mix blocks, as `iter_mix` would have.

    Args:
        paths: File of each layer, in the order in which they are added up.
        block_s: Length of the blocks.

    Raises:
        BadInput: the stems differ in rate, channels or length, or there is none.
        NotFoundError: one is missing.
        StoreError: one is damaged.
    """
    with ExitStack() as stack:
        readers = {layer: stack.enter_context(WavReader.open(path)) for layer, path in paths.items()}
        shapes = {(one.info.sample_rate_hz, one.info.channels, one.info.frames) for one in readers.values()}
        if len(shapes) != 1:
            raise BadInput("the stems differ in sample rate, channels or length" if shapes else "there are no stems")
        rate, _, frames = shapes.pop()
        step = max(1, frame_at(block_s, rate))
        for start in range(0, frames, step):
            yield MixBlock(start, {layer: reader.read(start, step) for layer, reader in readers.items()})
