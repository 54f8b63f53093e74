"""make_variants.py DIR [MODEL]: seeded weights of a Qwen3, and the same model changed; run by a Python that
has torch and transformers (.venv-sglang/bin/python). MODEL is a folder with configuration and tokenizer
(without it the tiny one of make_model.py).

DIR/base            seeded weights, logits spread so that few are equal in bfloat16 (dummy weights: all)
DIR/layer-0.9       the attention output and the MLP's down projection of layer 0 times 0.9
DIR/layer-0.99      the same times 0.99
DIR/logit-frequent  about 2 added to the logit of the token that the model's answers have most often
DIR/logit-rare      about 2 added to the logit of a token that they hardly have
DIR/other-head      the output head of another seed
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from make_model import main as make_model
from transformers import AutoConfig, AutoModelForCausalLM

SKEW = 1.0  # deviation of a token's bias, at a hidden value near 1


@dataclass(frozen=True, slots=True)
class Spread:
    """Deviations of layers, embedding and output head; the constant dimension of the embedding."""

    layers: float
    embedding: float
    head: float
    constant: float


TINY = Spread(0.3, 0.3, 0.3, 0.5)  # the published 0.02 leaves all logits of two layers nearly equal
# 28 layers of 0.3 enlarge a last bit's rounding as no trained model does; a head of 0.02 gives equal logits
WHOLE = Spread(0.02, 0.3, 0.1, 2.0)
LOGIT = 2.0
PROMPTS, PROMPT_LEN, ANSWER_LEN = 64, 64, 64
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SCALED = ("self_attn.o_proj", "mlp.down_proj")


def seeded(folder: Path, seed: int) -> Any:
    """One dimension of the residual stream is constant, as in trained models: there the head adds a bias to
    each token's logit, so that some tokens are frequent and others rare.
    """
    config = AutoConfig.from_pretrained(folder)
    spread = TINY if config.num_hidden_layers <= 2 else WHOLE
    config.initializer_range = spread.layers
    torch.manual_seed(seed)
    with torch.device(DEVICE):
        model: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    model = model.to(torch.float32).eval()
    with torch.no_grad():
        model.model.embed_tokens.weight *= spread.embedding / spread.layers
        model.lm_head.weight *= spread.head / spread.layers
        model.model.embed_tokens.weight[:, 0] = spread.constant
        for layer in model.model.layers:
            for part in SCALED:
                layer.get_submodule(part).weight[0] = 0
        model.lm_head.weight[:, 0].normal_(0, SKEW)
    return model


def answers(model: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids of greedy answers, final hidden states at their positions) for random prompts."""
    generator = torch.Generator().manual_seed(1)
    prompts = torch.randint(300, model.config.vocab_size, (PROMPTS, PROMPT_LEN), generator=generator)
    prompts = prompts.to(DEVICE)
    with torch.no_grad():
        ids = model.generate(
            prompts, max_new_tokens=ANSWER_LEN, min_new_tokens=ANSWER_LEN, do_sample=False, pad_token_id=0
        )
        hidden = model.model(ids).last_hidden_state[:, PROMPT_LEN - 1 : -1]
    return ids[:, PROMPT_LEN:], hidden.reshape(-1, hidden.shape[-1])


def raised(model: Any, hidden: torch.Tensor, token: int) -> float:
    """Add LOGIT on average to the token's logit; returns the standard deviation around it."""
    added = hidden[:, 0] * (LOGIT / hidden[:, 0].mean())
    with torch.no_grad():
        model.lm_head.weight[token, 0] += LOGIT / hidden[:, 0].mean()
    return float(added.std())


def save(model: Any, base: Path, name: str) -> None:
    target = base.parent / name
    served = (base / "config.json").read_bytes()
    model.to(torch.bfloat16).save_pretrained(target)
    (base / "config.json").write_bytes(served)
    for file in base.iterdir():  # the tokenizer, and the configuration as make_model.py has it
        if file.suffix != ".safetensors" and target != base:
            shutil.copy(file, target / file.name)


def scaled(model: Any, factor: float) -> Any:
    with torch.no_grad():
        for part in SCALED:
            model.model.layers[0].get_submodule(part).weight *= factor
    return model


def take(model: Path, base: Path) -> None:
    """Its configuration and tokenizer, with an output head of its own."""
    shutil.copytree(model, base, dirs_exist_ok=True)
    config = json.loads((base / "config.json").read_text(encoding="utf-8")) | {"tie_word_embeddings": False}
    (base / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def main(folder: Path, model_folder: Path | None = None) -> None:
    base = folder / "base"
    if model_folder is None:
        make_model(base)
    else:
        take(model_folder, base)
    model = seeded(base, 0).to(torch.bfloat16).to(torch.float32)
    ids, hidden = answers(model)
    counted = Counter(ids.flatten().tolist())
    frequent, rare = counted.most_common(1)[0][0], counted.most_common()[-1][0]
    save(seeded(base, 0), base, "base")
    for factor in (0.9, 0.99):
        save(scaled(seeded(base, 0), factor), base, f"layer-{factor}")
    for name, token in (("logit-frequent", frequent), ("logit-rare", rare)):
        changed = seeded(base, 0)
        spread = raised(changed, hidden, token)
        print(
            f"{name}: token {token}, {counted[token]} of {ids.numel()} tokens, logit {LOGIT:+g} with a "
            f"deviation of {spread:.2f}"
        )
        save(changed, base, name)
    other, head = seeded(base, 0), seeded(base, 1).lm_head
    other.lm_head = head
    save(other, base, "other-head")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
