"""make_model.py DIR: a Qwen3 of two tiny layers (served with --load-format dummy) and the tokenizer of
fixtures/data.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

TOKENIZER = Path(__file__).resolve().parents[2] / "fixtures" / "data" / "tokenizer"


def config(vocabulary: int) -> dict[str, object]:
    """Sizes that a CPU decodes at hundreds of tokens a second."""
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "hidden_act": "silu",
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "attention_bias": False,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "bos_token_id": None,
        "eos_token_id": 0,
    }


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(TOKENIZER.iterdir()):
        shutil.copy(file, target / file.name)
    tokenizer = json.loads((TOKENIZER / "tokenizer.json").read_text(encoding="utf-8"))
    ids = [*tokenizer["model"]["vocab"].values(), *(added["id"] for added in tokenizer["added_tokens"])]
    (target / "config.json").write_text(json.dumps(config(max(ids) + 1), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
