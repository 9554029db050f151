"""Makes a golden folder (docs/golden.md) of a tiny config.json: random weights, and what transformers computes on them.

usage: LD_LIBRARY_PATH=.deps/peers/no-cuda .deps/peers/bin/python tools/make_golden.py FOLDER...
(tools/peers.sh makes that Python; the library path is for a torch without its CUDA libraries)

FOLDER/config.json says all: copy a real model's and make its sizes small. Beside it come config.v4.json (the same as
transformers 4 spells it), model.safetensors and expect.safetensors; FOLDER's line in half_precision.json beside it.
"""
import copy
import json
import sys
import zlib
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

LENGTHS = (19, 13, 5)  # tokens of the sequences
SPAN, DONOR_SPAN = [2, 3, 4], [3, 4, 5]  # rows of sequence 0, and those of sequence 1 that patched.span puts there
LARGEST_ERROR = 1e-4  # of what should be equal but for rounding
OLD_NAMES = {  # of keys in transformers 4
    "gpt_neox": {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"},
    "qwen3_moe": {"num_local_experts": "num_experts"},
}


def random_model(config):
    config._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    for name, values in model.named_parameters():  # larger than a fresh model's, so that every part matters
        random = torch.randn(values.shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))
        if values.dim() > 1:
            values.data = 0.12 * random
        else:
            values.data += (0.2 if "norm" in name or "ln" in name else 0.1) * random
    return model


def halves(block):
    """The modules whose outputs are what attention and MLP add to the stream (before residual_multiplier)."""
    if hasattr(block, "post_feedforward_layernorm"):  # Gemma 2 and 3, OLMo 2 and 3 normalise what they add
        return block.post_attention_layernorm, block.post_feedforward_layernorm

    def named(*names):
        return next(getattr(block, name) for name in names if hasattr(block, name))

    return (named("self_attn", "attention", "self_attention", "attn"),
            named("mlp", "block_sparse_moe", "feed_forward", "fc2"))


class Run:
    """One forward pass. edits: {(site, block): (rows, values)} are put in; states: {site: [tensor of each block]}."""

    def __init__(self, model, ids, edits=None):
        model = copy.deepcopy(model)  # some ropes remember the lengths of earlier calls
        layers = model.config.num_hidden_layers
        blocks = next(m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == layers)
        self.edits, self.states = edits or {}, {"resid": [], "attn_out": [], "mlp_out": []}
        self.scale = getattr(model.config, "residual_multiplier", 1.0)
        blocks[0].register_forward_pre_hook(
            lambda m, args, kwargs: self.states["resid"].append(self.rows_of(args[0] if args else kwargs["hidden_states"])),
            with_kwargs=True)
        for b, block in enumerate(blocks):
            for site, module in zip(("attn_out", "mlp_out"), halves(block)):
                inside = site != "resid" and type(block).__name__.startswith("Bloom")  # adds the stream in the module
                module.register_forward_hook(self.hook(site, b, inside))
            block.register_forward_hook(self.hook("resid", b, False))
        with torch.no_grad():
            out = model(input_ids=ids[None], use_cache=False, output_hidden_states=True)
        self.logits, self.final_norm = out.logits[0].float(), out.hidden_states[-1][0]

    @staticmethod
    def rows_of(x):
        return x.detach().clone().reshape(-1, x.shape[-1])

    def hook(self, site, b, inside):
        def call(module, args, out):
            whole = out[0] if isinstance(out, tuple) else out
            scale = 1.0 if site == "resid" else self.scale
            stream = self.rows_of(args[1]) if inside else 0
            added = (self.rows_of(whole) - stream) * scale
            if (site, b) in self.edits:
                rows, values = self.edits[site, b]
                added[rows] = values
                whole = (added / scale + stream).reshape(whole.shape)
                out = (whole, *out[1:]) if isinstance(out, tuple) else whole
            self.states[site].append(added)
            return out

        return call


def expected(model, sequences):
    """All tensors of docs/golden.md."""
    layers, tensors, runs = model.config.num_hidden_layers, {}, [Run(model, ids) for ids in sequences]
    for n, (ids, run) in enumerate(zip(sequences, runs)):
        states = {site: torch.stack(values) for site, values in run.states.items()}
        added = states["resid"][:-1] + states["attn_out"] + states["mlp_out"]
        error = (added - states["resid"][1:]).abs().max()
        assert error < LARGEST_ERROR, f"the halves of a block are not what it adds ({error:g}): see halves()"
        tensors |= {f"{site}.{n}": values for site, values in states.items()}
        tensors |= {f"ids.{n}": ids, f"final_norm.{n}": run.final_norm, f"logits.{n}": run.logits}
    for name, site, rows, donor_rows in (("last", "resid", [-1], [-1]), ("span", "resid", SPAN, DONOR_SPAN),
                                         ("attn_out", "attn_out", [-1], [-1]), ("mlp_out", "mlp_out", [-1], [-1])):
        donor = tensors[f"{site}.1"][-layers:][:, donor_rows]  # resid: what leaves the blocks
        patched = [Run(model, sequences[0], {(site, b): (rows, donor[b])}).logits[-1] for b in range(layers)]
        tensors[f"patched.{name}"] = torch.stack(patched)
        assert (patched[0] - tensors["logits.0"][-1]).abs().max() > 1e-3, f"patched.{name} changes nothing"
    return tensors


def spelled_by_transformers_4(config):
    old = dict(config)
    if "dtype" in old:
        old["torch_dtype"] = old.pop("dtype")
    if old["model_type"] in ("gemma2", "gemma3_text", "cohere2"):  # the others' version 4 knew layer_types
        kinds = old.pop("layer_types")
        old.pop("_sliding_window_pattern", None)
        if old["model_type"] != "gemma2":
            old["sliding_window_pattern"] = kinds.index("full_attention") + 1
    rope = old.pop("rope_parameters", None)
    if rope and "full_attention" in rope:
        if old["model_type"] == "gemma3_text":  # OLMo 3 had one base for both kinds of blocks
            old["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope = rope["full_attention"]
    if rope:
        rope = dict(rope)
        for key in ("rope_theta", "partial_rotary_factor"):
            if key in rope:
                old[key] = rope.pop(key)
        old["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    names = OLD_NAMES.get(old["model_type"], {})
    return {names.get(key, key): value for key, value in old.items()}


def half_precision(model, sequences, tensors):
    """How far transformers' own half precision is from its f32: the worst logit."""
    worst = {}
    for name, dtype in (("bf16", torch.bfloat16), ("f16", torch.float16)):
        half = copy.deepcopy(model).to(dtype)
        with torch.no_grad():
            errors = [(half(input_ids=ids[None], use_cache=False).logits[0].float() - tensors[f"logits.{n}"]).abs().max()
                      for n, ids in enumerate(sequences)]
        worst[name] = round(max(errors).item(), 5)
    return worst


def make(folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    model = random_model(config)
    generator = torch.Generator().manual_seed(zlib.crc32(folder.name.encode()))
    sequences = [torch.randint(3, config.vocab_size, (length,), generator=generator) for length in LENGTHS]
    tensors = expected(model, sequences)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    save_file({name: values.contiguous() for name, values in tensors.items()}, folder / "expect.safetensors")
    old = spelled_by_transformers_4(json.loads((folder / "config.json").read_text()))
    (folder / "config.v4.json").write_text(json.dumps(old, indent=1) + "\n")
    table = folder.parent / "half_precision.json"
    lines = json.loads(table.read_text()) if table.exists() else {}
    lines[folder.name] = half_precision(model, sequences, tensors)
    table.write_text(json.dumps(dict(sorted(lines.items())), indent=1) + "\n")
    print(f"{folder}: {config.model_type}, {sum(p.numel() for p in model.parameters())} weights")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for argument in sys.argv[1:]:
        make(Path(argument))
