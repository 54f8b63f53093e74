"""fixtures/data: a small byte-level BPE tokenizer and a small file in ShareGPT's form, both from words made
up here, both seeded.

Run `python tools/make_fixture_data.py` to write them anew; the result is the same every time.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "fixtures" / "data"
VOCABULARY = 2048
STARTS = "b br c ch d f g gr h k l m n p pl r s st t tr v w"
MIDDLES = "a e i o u ai ea oo"
ENDS = "n r l t m s nd ck"
FRAME = "the a of to and in is that it for on with as at by from this which how why when"


def vocabulary(draw: random.Random, count: int) -> list[str]:
    """Pronounceable words of one to three syllables."""
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [
            draw.choice(STARTS.split()) + draw.choice(MIDDLES.split()) for _ in range(draw.randint(1, 3))
        ]
        found["".join(parts) + draw.choice(["", *ENDS.split()])] = None
    return list(found)


def sentence(draw: random.Random, words: list[str]) -> str:
    chosen = [
        draw.choice(FRAME.split()) if draw.random() < 0.35 else draw.choice(words)
        for _ in range(draw.randint(5, 16))
    ]
    return " ".join(chosen).capitalize() + draw.choice([".", ".", ".", "?", "!"])


def text(draw: random.Random, words: list[str], sentences: int) -> str:
    return " ".join(sentence(draw, words) for _ in range(sentences))


def conversations(draw: random.Random, words: list[str], count: int) -> list[dict[str, object]]:
    """Questions from one sentence to several paragraphs; a few conversations of one turn, which readers leave
    out.
    """
    found: list[dict[str, object]] = []
    for k in range(count):
        turns = [{"from": "human", "value": text(draw, words, draw.choice((1, 2, 4, 8, 16, 30)))}]
        if k % 20 != 19:
            turns.append({"from": "gpt", "value": text(draw, words, draw.randint(1, 12))})
        found.append({"id": f"made-{k:03d}", "conversations": turns})
    return found


def main() -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    draw = random.Random(20260101)
    words = vocabulary(draw, 1500)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|end|>", "<|begin|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text(draw, words, 40) for _ in range(300)], trainer)
    folder = DATA / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|end|>",
        "pad_token": "<|end|>",
        "model_max_length": 1000000,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    document = json.dumps(conversations(draw, words, 200), indent=0)
    (DATA / "sharegpt_small.json").write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
