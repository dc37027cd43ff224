"""Vectors of texts by small BERT encoders, without torch: MiniLM, and what has its shape, such as multilingual E5.

`engine` plays; `tokens` cuts texts into word pieces, `batches` decides which texts are computed together, `bert` reads
the weights, `graph` writes them down as an ONNX graph (`protobuf` is its spelling), `network` runs that.
Model: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), after MiniLM (Wang et al. 2020, arXiv 2002.10957) and
Sentence-BERT (Reimers and Gurevych 2019, arXiv 1908.10084).
"""

from hausmusik.engines.minilm.engine import MiniLmEngine

__all__ = ["MiniLmEngine"]
