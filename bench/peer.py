"""The other side of the benchmarks: transformers, nnsight and TransformerLens on the token ids that tertium asks.

usage: peer.py serve MODEL_DIR DTYPE THREADS    obeys commands from stdin, one JSON object a line, as worker.cc does
       peer.py convert MODEL.gguf OUT_DIR       the same weights, dequantized, as a Hugging Face folder
       peer.py random BLOCKS OUT_DIR            a small llama of random weights
"""
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TQDM_DISABLE", "1")
import safetensors.torch
import torch
import transformers

transformers.logging.set_verbosity_error()


def convert(gguf, folder):
    source, folder = Path(gguf), Path(folder)
    opened = {"pretrained_model_name_or_path": source.parent, "gguf_file": source.name}
    model = transformers.AutoModelForCausalLM.from_pretrained(**opened, dtype=torch.float32)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config  # the weights are plain numbers by now
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        tensors.pop("lm_head.weight", None)
    folder.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model.config.architectures = [type(model).__name__]  # TransformerLens goes by it
    model.config.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(**opened).save_pretrained(folder)


def random_model(blocks, folder):
    torch.manual_seed(0)
    config = transformers.LlamaConfig(vocab_size=1024, hidden_size=256, intermediate_size=1024, num_hidden_layers=int(blocks),
                                      num_attention_heads=8, num_key_value_heads=4, max_position_embeddings=4096)
    transformers.LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def peak_mib():
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


class Transformers:
    """Plain forwards; patches by forward hooks on the blocks."""

    def __init__(self, model):
        self.model, self.blocks = model, model.model.layers

    def logits(self, ids, keep=1):
        return self.model(ids, logits_to_keep=keep).logits[0]

    def states(self, ids):
        """[L + 1][D]: what enters each block, and what leaves the final norm."""
        return [state[0, -1] for state in self.model(ids, output_hidden_states=True, logits_to_keep=1).hidden_states]

    def leaving(self, ids):
        """[L][D]: what leaves each block. The last of hidden_states lies behind the final norm, so hooks take them."""
        states = []
        hooks = [block.register_forward_hook(lambda module, args, out: states.append(stream(out)[0, -1].clone()))
                 for block in self.blocks]
        self.logits(ids)
        for hook in hooks:
            hook.remove()
        return states

    def patched(self, ids, block, state):
        return self.patched_rows(ids, block, state, row=-1, keep=1)[-1]

    def patched_rows(self, ids, block, state, row, keep):
        def put(module, args, out):
            stream(out)[0, row] = state
            return out

        hook = self.blocks[block].register_forward_hook(put)
        logits = self.logits(ids, keep)
        hook.remove()
        return logits

    def last_logits(self, prompts):
        """Of several prompts at once: padded, and the head at the last tokens only."""
        lengths = torch.tensor([len(prompt) for prompt in prompts])
        ids, mask = (torch.nn.utils.rnn.pad_sequence(rows, batch_first=True) for rows in
                     ([torch.tensor(prompt) for prompt in prompts], [torch.ones(n, dtype=torch.long) for n in lengths]))
        states = self.model.model(input_ids=ids, attention_mask=mask).last_hidden_state
        return self.model.lm_head(states[torch.arange(len(prompts)), lengths - 1])

    def continuations(self, prompts, tokens):
        """Greedy, padded on the left, as generate asks for it."""
        longest = max(len(prompt) for prompt in prompts)
        ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        made = self.model.generate(ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False, pad_token_id=0)
        return [cut(row[longest:].tolist(), self.model.generation_config.eos_token_id) for row in made]


def cut(tokens, ends):
    """Before the first end token."""
    ends = ends if isinstance(ends, list) else [ends]
    return tokens[:next((i for i, token in enumerate(tokens) if token in ends), len(tokens))]


def in_batches(items, size):
    """The indices of some items, those of like length together, and each batch's tokens."""
    order = sorted(range(len(items)), key=lambda i: len(items[i]["context"]))
    for first in range(0, len(order), size):
        batch = order[first:first + size]
        yield batch, [items[i]["context"] for i in batch]


def stream(out):
    return out[0] if isinstance(out, tuple) else out


class Nnsight:
    def __init__(self, model, folder):
        import nnsight

        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = nnsight.TransformersModel(model, task="text-generation", tokenizer=tokenizer)
        self.count = len(model.model.layers)

    def leaving(self, ids):
        model, count = self.model, self.count
        with model.trace(ids):
            states = list().save()
            for block in range(count):
                states.append(model.model.layers[block].output)
        return [self.rows(state)[-1] for state in states]

    @staticmethod
    def rows(output):
        output = stream(output)
        return output[0] if output.dim() == 3 else output

    def patched(self, ids, block, state):
        model = self.model
        with model.trace(ids):
            model.model.layers[block].output[..., -1, :] = state
            logits = model.lm_head.output[..., -1, :].save()
        return logits.reshape(-1)


class TransformerLens:
    def __init__(self, folder, dtype):
        from transformer_lens.model_bridge import TransformerBridge

        self.model = TransformerBridge.boot_transformers(str(folder), dtype=dtype, device="cpu")
        self.count = self.model.cfg.n_layers

    @staticmethod
    def site(block):
        return f"blocks.{block}.hook_resid_post"

    def leaving(self, ids):
        states = {}

        def take(activations, hook):
            states[hook.name] = activations[0, -1].clone()

        self.model.run_with_hooks(ids, fwd_hooks=[(self.site(block), take) for block in range(self.count)])
        return list(states.values())

    def patched(self, ids, block, state):
        def put(activations, hook):
            activations[:, -1] = state
            return activations

        return self.model.run_with_hooks(ids, fwd_hooks=[(self.site(block), put)])[0, -1]


class Peer:
    def __init__(self, folder, dtype, threads):
        torch.set_num_threads(int(threads))
        self.folder, self.dtype, self.ways = folder, getattr(torch, dtype), {}
        self.plain = Transformers(transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=self.dtype).eval())

    def way(self, name):
        if name not in self.ways:
            make = {"hooks": lambda: self.plain, "fresh": lambda: self.plain,
                    "nnsight": lambda: Nnsight(self.plain.model, self.folder),
                    "transformer_lens": lambda: TransformerLens(self.folder, self.dtype)}
            self.ways[name] = make[name]()
        return self.ways[name]

    def model(self, command):
        versions = {name: version(name) for name in ("torch", "transformers", "nnsight", "transformer_lens")}
        return {"versions": versions, "threads": torch.get_num_threads()}

    def questions(self, command):
        """What worker.cc answered: [language][item] of a context and its options, in token ids."""
        self.asked = command["questions"]
        for language in self.asked:
            for item in language:
                item["ids"] = torch.tensor([item["context"]])
                item["with_option"] = [torch.tensor([item["context"] + option]) for option in item["options"]]
        return {}

    def score(self, command):
        if "batch" in command:
            return self.score_in_batches(command["batch"])
        start = time.perf_counter()
        read = self.loglik if command["protocol"] == "loglik" else self.letters
        scores = [[read(item) for item in language] for language in self.asked]
        return {"seconds": time.perf_counter() - start, "scores": scores}

    def letters(self, item):
        return letters_of(item, self.plain.logits(item["ids"])[-1])

    def score_in_batches(self, size):
        start = time.perf_counter()
        scores = [[None] * len(language) for language in self.asked]
        for language, of_language in zip(self.asked, scores):
            for batch, prompts in in_batches(language, size):
                for i, logits in zip(batch, self.plain.last_logits(prompts)):
                    of_language[i] = letters_of(language[i], logits)
        return {"seconds": time.perf_counter() - start, "scores": scores}

    def both(self, command):
        """Scores by letters, and the states of the last tokens, of the same forwards."""
        start = time.perf_counter()
        scores, states = [], []
        for language in self.asked:
            scores.append([])
            for item in language:
                out = self.plain.model(item["ids"], output_hidden_states=True, logits_to_keep=1)
                states.append([state[0, -1] for state in out.hidden_states])
                scores[-1].append(letters_of(item, out.logits[0, -1]))
        return {"seconds": time.perf_counter() - start, "scores": scores}

    def generate(self, command):
        start = time.perf_counter()
        texts = [None] * len(self.asked[1])
        for batch, prompts in in_batches(self.asked[1], command["batch"]):
            for i, text in zip(batch, self.plain.continuations(prompts, command["tokens"])):
                texts[i] = text
        return {"seconds": time.perf_counter() - start, "texts": texts}

    def loglik(self, item):
        """Each option behind the whole context, as evaluation harnesses do it; logits of the options' rows only."""
        return self.option_scores(item, self.plain.logits)

    def patched_loglik(self, item, block, state):
        row = len(item["context"]) - 1
        return self.option_scores(item, lambda ids, keep: self.plain.patched_rows(ids, block, state, row, keep))

    @staticmethod
    def option_scores(item, logits_of):
        scores = []
        for ids, option in zip(item["with_option"], item["options"]):
            logits = logits_of(ids, len(option) + 1)[:-1].float()
            scores.append(logits.log_softmax(-1).gather(1, torch.tensor(option)[:, None]).sum().item())
        return scores

    def states(self, command):
        start = time.perf_counter()
        states = [[self.plain.states(item["ids"]) for item in language] for language in self.asked]
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "states": [state.tolist() for state in states[1][0]]}

    def sweep(self, command):
        """donors: [item][donor]. Each pivot prompt runs once; `fresh` runs it for every donor and block, and takes one
        block's state of it, as the scripts of a study do. By log-likelihood, hooks alone do it."""
        way, fresh = self.way(command["way"]), command["way"] == "fresh"
        pivot, other = self.asked
        start = time.perf_counter()
        count = len(command["donors"])
        states = [way.leaving(item["ids"]) for item in pivot[:count]] if not fresh else None
        scores = []
        for item, donors in zip(other, command["donors"]):
            scores.append([])
            for donor in donors:
                give = lambda b: way.leaving(pivot[donor]["ids"])[b] if fresh else states[donor][b]
                blocks = range(len(self.plain.blocks))
                read = self.patched_loglik if command["protocol"] == "loglik" else (
                    lambda item, b, state: letters_of(item, way.patched(item["ids"], b, state)))
                scores[-1].append([read(item, b, give(b)) for b in blocks])
        return {"seconds": time.perf_counter() - start, "scores": scores}


def letters_of(item, logits):
    return logits[[option[0] for option in item["options"]]].float().tolist()


def version(package):
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def serve(folder, dtype, threads):
    answers, sys.stdout = sys.stdout, sys.stderr  # what the libraries print must not mix with the answers
    peer = Peer(folder, dtype, threads)
    for line in sys.stdin:
        command = json.loads(line)
        Path("/proc/self/clear_refs").write_text("5")  # the peak of resident memory counts anew from here
        try:
            with torch.inference_mode(command.get("way") != "nnsight"), torch.no_grad():
                answer = getattr(peer, command["do"])(command)
        except Exception as error:  # a peer that fails here is a row that says so
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        print(json.dumps({**answer, "peak_mib": peak_mib()}), file=answers, flush=True)


if __name__ == "__main__":
    {"serve": serve, "convert": convert, "random": random_model}[sys.argv[1]](*sys.argv[2:])
