"""Makes minilm.npz with the published model: `python make.py FOLDER`, in an environment with torch and transformers.

FOLDER holds the model's `config.json`, `model.safetensors` and `tokenizer.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    import torch
    from transformers import BertModel, PreTrainedTokenizerFast

    model = BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), pad_token="[PAD]")
    rows = []
    for text in json.loads((HERE / "minilm.json").read_text(encoding="utf-8")):
        ids = tokenizer(text, truncation=True, max_length=256, padding=False, return_tensors="pt")
        with torch.inference_mode():
            states = model(input_ids=ids["input_ids"], attention_mask=ids["attention_mask"]).last_hidden_state
        mean = states[0].mean(0)
        rows.append((mean / mean.norm()).numpy())
    np.savez_compressed(HERE / "minilm.npz", vectors=np.stack(rows).astype(np.float32))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
