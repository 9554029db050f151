"""Logits that PEFT computes with an adapter, for `tertium parity MODEL OUT --adapter ADAPTER`. A warning ends it: PEFT must load the
folder without one.

usage: LD_LIBRARY_PATH=.deps/peers/no-cuda .deps/peers/bin/python tools/peft_parity.py MODEL ADAPTER OUT.safetensors
(tools/peers.sh makes that Python)
"""
import sys
import warnings

import torch
import transformers
from peft import PeftModel
from safetensors.torch import save_file

model_path, adapter, out = sys.argv[1:]
model = transformers.AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32, attn_implementation="eager")
with warnings.catch_warnings():
    warnings.simplefilter("error", UserWarning)  # as those of PEFT about files are
    changed = PeftModel.from_pretrained(model, adapter).eval()
tensors = {}
generator = torch.Generator().manual_seed(1)
for n, length in enumerate((17, 9)):
    ids = torch.randint(3, model.config.get_text_config().vocab_size, (length,), generator=generator)
    with torch.no_grad():
        tensors[f"logits.text.{n}"] = changed(input_ids=ids[None], use_cache=False).logits[0].contiguous()
    tensors[f"text.{n}"] = ids
save_file(tensors, out)
print(f"{out}: logits of 2 sequences with {adapter}")
