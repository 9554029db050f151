#!/usr/bin/env python3
"""Holds tertium's scores against lm-evaluation-harness's own, option by option, in f32, and the files that tertium writes in its layout against it, hash by
hash.

usage: lm_eval_parity.py [--limit 30] [--shots 0 2] MODEL HF_MODEL TASK:LANGUAGE:DATA[:POOL] …

MODEL is what tertium reads, HF_MODEL the same weights for transformers. TASK:LANGUAGE:DATA is a benchmark as tertium names it, a language and
the folder of its files (docs/experiment.md); POOL is the folder, or of xcopa the split, that examples come from. Prints a table. Needs lm_eval, torch and
transformers; the task definitions are lm_eval's own, and only the files are put in the place of the hub's.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

TERTIUM = Path(__file__).resolve().parent.parent / "build/release/tertium"
DEFINITIONS = Path(lm_eval.__file__).parent / "tasks"

# By task: lm_eval's definition, and its names of the splits that are asked and that examples come from.
TASKS = {
    "xcopa": ("xcopa/default_{}.yaml", "test", "validation"),
    "xstorycloze": ("xstorycloze/default_{}.yaml", "eval", "train"),
    "belebele": ("belebele/belebele_{}.yaml", "test", None),
    "xnli": ("xnli/xnli_{}.yaml", "validation", "train"),
    "xwinograd": ("xwinograd/xwinograd_{}.yaml", "test", None),
    "global_mmlu": ("global_mmlu/full/{0}/_{0}_template_yaml", "test", "dev"),
    "m_hellaswag": ("okapi/hellaswag_multilingual/hellaswag_{}.yaml", "val", None),
    "m_arc": ("okapi/arc_multilingual/arc_{}.yaml", "test", "train"),
}


class Benchmark:
    def __init__(self, text):
        self.task, self.language, self.data, *pool = text.split(":")
        self.pool = pool[0] if pool else None
        self.name = f"{self.task}_{self.language}"

    def file(self, folder, split):
        if self.task == "xcopa":
            return Path(folder) / self.language / f"{split}.{self.language}.jsonl"
        return Path(folder) / f"{self.language}.jsonl"

    def write_definition(self, folder):
        definition, asked, examples = TASKS[self.task]
        files = {asked: self.file(self.data, "test")}
        if examples:
            own = self.task == "xcopa"
            files[examples] = self.file(self.data if own else self.pool or self.data, self.pool or "val")
        lines = [f"include: {DEFINITIONS / definition.format(self.language)}", f"task: local_{self.name}",
                 "dataset_path: json", "dataset_name: null",
                 "dataset_kwargs: " + json.dumps({"data_files": {split: str(file) for split, file in files.items()}}),
                 "metric_list: [{metric: acc}, {metric: acc_norm}, {metric: acc_bytes}]"]
        if self.task == "xstorycloze" and "input_sentence_1" not in open(files[asked], encoding="utf-8").readline():
            lines.append('doc_to_text: "{{context}}"')  # copies with the story in one field
        (folder / f"{self.name}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def experiment(self, model, shots, limit):
        pool = ""
        if self.pool:
            pool = f'shots_{"split" if self.task == "xcopa" else "data"} = {json.dumps(self.pool)}\n'
        split = 'split = "test"\n' if self.task == "xcopa" else ""
        return (f'model = {json.dumps(str(model))}\ndtype = "f32"\npivot = "{self.language}"\n[[task]]\n'
                f'name = "{self.task}"\ndata = {json.dumps(self.data)}\nlimit = {limit}\nshots = {shots}\n'
                f'shots_choice = "lm-eval"\n{split}{pool}')


def tertium(*arguments):
    return subprocess.run([TERTIUM, *arguments], check=True, capture_output=True, text=True).stdout


def their_scores(result, name):
    samples = sorted(result["samples"][name], key=lambda sample: sample["doc_id"])
    return [[float(answer[0]) for answer in sample["filtered_resps"]] for sample in samples]


def our_scores(folder):
    items = {}
    for line in tertium("export", folder, "--table", "scores", "--format", "jsonl").splitlines():
        row = json.loads(line)
        items.setdefault(row["item"], []).append(row["score"])
    return list(items.values())


def same_hashes(theirs, out, name):
    """In how many samples each of the hashes is theirs."""
    [file] = out.glob(f"*/samples_{name}_*.jsonl")
    ours = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    theirs = sorted(theirs, key=lambda sample: sample["doc_id"])
    return " / ".join(str(sum(a[key] == b[key] for a, b in zip(theirs, ours, strict=True)))
                      for key in ("doc_hash", "prompt_hash", "target_hash"))


def largest_difference(task, theirs, ours):
    largest = 0
    for a, b in zip(theirs, ours, strict=True):
        # lm_eval scores XNLI's premise with each option, which adds the same to all.
        shared = (sum(a) - sum(b)) / len(a) if task == "xnli" else 0
        largest = max([largest] + [abs(x - shared - y) for x, y in zip(a, b, strict=True)])
    return largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("hf_model")
    parser.add_argument("benchmarks", nargs="+", type=Benchmark)
    parser.add_argument("--limit", type=int, default=30)
    parser.add_argument("--shots", type=int, nargs="+", default=[0, 2])
    options = parser.parse_args()
    model = HFLM(pretrained=options.hf_model, dtype="float32", device="cpu", batch_size=1)
    print("| task | shots | items | largest difference | same doc / prompt / target hash | accuracy: lm_eval / tertium |\n"
          "| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for benchmark in options.benchmarks:
            benchmark.write_definition(folder)
        tasks = TaskManager(include_path=str(folder), include_defaults=False)
        for benchmark in options.benchmarks:
            for shots in options.shots:
                name = f"local_{benchmark.name}"
                result = lm_eval.simple_evaluate(model, tasks=[name], num_fewshot=shots, limit=options.limit,
                                                 log_samples=True, task_manager=tasks, bootstrap_iters=0)
                file, out = folder / "experiment.toml", folder / "results"
                file.write_text(benchmark.experiment(options.model.resolve(), shots, options.limit), encoding="utf-8")
                files = folder / f"{name}_{shots}"
                tertium("run", file, "--out", out, "--force", "--lm-eval", files)
                theirs, ours = their_scores(result, name), our_scores(out)
                shown = json.loads(tertium("show", out, "--json"))
                by_rule = shown["languages"][0]
                accuracies = [f'{rule} {result["results"][name][rule + ",none"]:.3f} / {by_rule[rule]:.3f}'
                              for rule in ("acc", "acc_norm", "acc_bytes")]
                print(f"| {benchmark.name} | {shots} | {len(ours)} | "
                      f"{largest_difference(benchmark.task, theirs, ours):.2g} | "
                      f"{same_hashes(result['samples'][name], files, benchmark.name)} | {', '.join(accuracies)} |", flush=True)


if __name__ == "__main__":
    main()
