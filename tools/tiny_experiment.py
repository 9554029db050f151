"""A tiny random Llama with its tokenizer, parallel items and an experiment: what kill_test.py and growth.py run.

    python3 tools/tiny_experiment.py FOLDER [--items N] [--languages de fr] [--blocks N] [--width N]
"""

import argparse
import array
import json
import math
import pathlib
import random
import struct

NOUNS = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("ali", "eto", "umi", "oran", "ipek")]
ADJECTIVES = ["wet", "dry", "hot", "cold", "old", "new", "big", "small"]


def spelled(word, language):
    """A word of another language: the same one with its mark, so that it has a token of its own."""
    return word if language == "en" else f"{word}{language}"


def words(languages):
    plain = NOUNS + ADJECTIVES + ["the", "is", "very", "and", "or"]
    return ["A", "B", ":", "Answer", "Text", "."] + [spelled(w, lang) for lang in ["en", *languages] for w in plain]


def write_model(folder, languages, blocks, width, seed):
    folder.mkdir(parents=True, exist_ok=True)
    heads, kv, mlp = 2, 1, 2 * width
    head = width // heads
    ids = {"<s>": 0, "<unk>": 1}
    for word in words(languages):
        ids[word] = len(ids)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "dtype": "float32", "hidden_act": "silu",
              "hidden_size": width, "intermediate_size": mlp, "num_hidden_layers": blocks, "num_attention_heads": heads,
              "num_key_value_heads": kv, "head_dim": head, "max_position_embeddings": 128, "vocab_size": len(ids),
              "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": False, "bos_token_id": 0}
    (folder / "config.json").write_text(json.dumps(config))

    def special(number, piece):
        return {"id": number, "content": piece, "single_word": False, "lstrip": False, "rstrip": False,
                "normalized": False, "special": True}

    bos, text, second = ({"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                         {"Sequence": {"id": "B", "type_id": 0}})
    tokenizer = {"version": "1.0", "truncation": None, "padding": None,
                 "added_tokens": [special(0, "<s>"), special(1, "<unk>")], "normalizer": None,
                 "pre_tokenizer": {"type": "Whitespace"},
                 "post_processor": {"type": "TemplateProcessing", "single": [bos, text], "pair": [bos, text, second],
                                    "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
                 "decoder": None, "model": {"type": "WordLevel", "vocab": ids, "unk_token": "<unk>"}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))

    shapes = {"model.embed_tokens.weight": [len(ids), width], "model.norm.weight": [width],
              "lm_head.weight": [len(ids), width]}
    for b in range(blocks):
        layer = f"model.layers.{b}."
        shapes.update({layer + "input_layernorm.weight": [width], layer + "post_attention_layernorm.weight": [width],
                       layer + "self_attn.q_proj.weight": [heads * head, width],
                       layer + "self_attn.k_proj.weight": [kv * head, width],
                       layer + "self_attn.v_proj.weight": [kv * head, width],
                       layer + "self_attn.o_proj.weight": [width, heads * head],
                       layer + "mlp.gate_proj.weight": [mlp, width], layer + "mlp.up_proj.weight": [mlp, width],
                       layer + "mlp.down_proj.weight": [width, mlp]})
    header, body = {}, array.array("f")
    for name, shape in shapes.items():
        count = math.prod(shape)
        rng, largest = random.Random(f"{seed} {name}"), math.sqrt(3 / shape[-1])
        begin = 4 * len(body)
        body.extend([1.0] * count if len(shape) == 1 else [rng.uniform(-largest, largest) for _ in range(count)])
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, 4 * len(body)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body.tobytes())


def write_items(folder, languages, items):
    folder.mkdir(parents=True, exist_ok=True)
    for language in ["en", *languages]:
        rng = random.Random(1)  # parallel items are the same ones
        lines = []
        for i in range(items):
            nouns, pair, gold = [rng.choice(NOUNS) for _ in range(rng.randint(2, 4))], rng.sample(ADJECTIVES, 2), i % 2
            say = lambda word: spelled(word, language)
            context = " ".join(f"{say('the')} {say(noun)} {say('is')}" for noun in nouns)
            options = [" " + say(pair[0]), f" {say('very')} {say(pair[1])}"]
            lines.append(json.dumps({"id": str(i), "context": context, "options": options, "gold": gold},
                                    ensure_ascii=False))
        (folder / f"{language}.jsonl").write_text("\n".join(lines) + "\n")


def write(folder, items=40, languages=("de",), blocks=2, width=16, protocols=("loglik", "letters"), seed=1,
          patch='items = "pool"\ndraws = 2\ncontrols = ["self", "same_gold", "mean_shift", "norm_noise"]'):
    folder = pathlib.Path(folder)
    write_model(folder / "model", languages, blocks, width, seed)
    write_items(folder / "data", languages, items)
    named = json.dumps(list(languages))
    tasks = "".join(f'[[task]]\nname = "items"\ndata = "data"\nlanguages = {named}\nprotocol = "{protocol}"\n\n'
                    for protocol in protocols)
    (folder / "experiment.toml").write_text(f'model = "model"\ndtype = "f32"\n\n{tasks}[align]\n\n[patch]\n{patch}\n')
    return folder / "experiment.toml"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--languages", nargs="*", default=["de"])
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--width", type=int, default=16)
    args = parser.parse_args()
    print(write(args.folder, args.items, args.languages, args.blocks, args.width))


if __name__ == "__main__":
    main()
