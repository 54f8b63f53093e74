"""make_experts.py DIR MODEL [LAYERS]: seeded weights of a Qwen3 that routes to experts; run by a Python that
has torch and transformers. MODEL is a folder with a configuration of Qwen3MoeForCausalLM and a tokenizer.

DIR/base       seeded weights in bfloat16, of LAYERS layers if that is given
DIR/layer-0.9  the attention output and the experts' down projections of layer 0 times 0.9

Written tensor by tensor, a file a layer: a model of 16 GB is made in the memory of one of its layers.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from make_variants import DEVICE, SKEW, WHOLE
from safetensors.torch import save_file

Tensors = dict[str, torch.Tensor]


def normal(rows: int, columns: int, deviation: float) -> torch.Tensor:
    return (torch.randn(rows, columns, device=DEVICE) * deviation).to(torch.bfloat16)


def ones(size: int) -> torch.Tensor:
    return torch.ones(size, dtype=torch.bfloat16, device=DEVICE)


def layer(config: dict[str, Any], number: int, factor: float) -> Tensors:
    """factor: of what the layer adds to the residual stream, whose dimension 0 it leaves alone."""
    hidden, inner, head = config["hidden_size"], config["moe_intermediate_size"], config["head_dim"]
    queries, keys = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    torch.manual_seed(number)

    def adding(columns: int) -> torch.Tensor:
        weight = normal(hidden, columns, WHOLE.layers) * factor
        weight[0] = 0
        return weight

    tensors = {
        "input_layernorm": ones(hidden),
        "post_attention_layernorm": ones(hidden),
        "self_attn.q_norm": ones(head),
        "self_attn.k_norm": ones(head),
        "self_attn.q_proj": normal(queries, hidden, WHOLE.layers),
        "self_attn.k_proj": normal(keys, hidden, WHOLE.layers),
        "self_attn.v_proj": normal(keys, hidden, WHOLE.layers),
        "self_attn.o_proj": adding(queries),
        "mlp.gate": normal(config["num_experts"], hidden, WHOLE.layers),
    }
    for expert in range(config["num_experts"]):
        tensors[f"mlp.experts.{expert}.gate_proj"] = normal(inner, hidden, WHOLE.layers)
        tensors[f"mlp.experts.{expert}.up_proj"] = normal(inner, hidden, WHOLE.layers)
        tensors[f"mlp.experts.{expert}.down_proj"] = adding(inner)
    return {f"model.layers.{number}.{name}.weight": tensor for name, tensor in tensors.items()}


def ends(config: dict[str, Any]) -> Tensors:
    """Embedding, last norm and output head, whose column 0 is a token's bias, as in make_variants.py."""
    hidden, vocabulary = config["hidden_size"], config["vocab_size"]
    torch.manual_seed(config["num_hidden_layers"])
    embedding, head = normal(vocabulary, hidden, WHOLE.embedding), normal(vocabulary, hidden, WHOLE.head)
    embedding[:, 0] = WHOLE.constant
    head[:, 0].normal_(0, SKEW)
    return {"model.embed_tokens.weight": embedding, "model.norm.weight": ones(hidden), "lm_head.weight": head}


def save(tensors: Tensors, folder: Path, name: str, index: dict[str, str]) -> None:
    save_file(tensors, folder / name, metadata={"format": "pt"})
    index.update(dict.fromkeys(tensors, name))


def main(folder: Path, model: Path, layers: int | None = None) -> None:
    base, changed = folder / "base", folder / "layer-0.9"
    shutil.copytree(model, base, dirs_exist_ok=True)
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config |= {"tie_word_embeddings": False, "num_hidden_layers": layers or config["num_hidden_layers"]}
    (base / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    index: dict[str, str] = {}
    for number in range(config["num_hidden_layers"]):
        save(layer(config, number, 1.0), base, f"layer-{number}.safetensors", index)
    save(ends(config), base, "ends.safetensors", index)
    (base / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}), encoding="utf-8")
    changed.mkdir()
    for file in base.iterdir():
        if file.name != "layer-0.safetensors":
            os.link(file, changed / file.name)
    save(layer(config, 0, 0.9), changed, "layer-0.safetensors", {})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
