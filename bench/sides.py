"""The processes that a benchmark drives, and what they are given: models, items, and the machine's own settings."""
import json
import os
import platform
import re
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".deps/bench"  # models and items that the benchmarks make
PEERS = ROOT / ".deps/peers"
PEER = [PEERS / "bin/python", ROOT / "bench/peer.py"]
SHARED = Path(os.environ.get("TERTIUM_SHARED", ROOT / "../shared")) / "data"
THREADS = len(os.sched_getaffinity(0))


def environment():
    # OpenMP waits on each side as its users have it: tertium asks for passive threads itself, and peers leave LibTorch
    # its spinning ones, which serve them better on a quiet machine.
    return {**os.environ, "OMP_NUM_THREADS": str(THREADS)}


def peer_environment():
    libraries = f"{PEERS / 'no-cuda'}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    return {**environment(), "LD_LIBRARY_PATH": libraries, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}


def peers_are_here():
    return (PEERS / "ready").exists()


def machine_ticks():
    """Of all cores since the start: busy (also for other guests of the same machine), and idle."""
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return user + nice + system + irq + softirq + steal, idle + iowait


class Side:
    """A process that answers each command, a line of JSON, with a line of JSON."""

    verbose = False  # shows what the processes complain of

    def __init__(self, command, env):
        self.process = subprocess.Popen([str(word) for word in command], env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=sys.stderr if Side.verbose else subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, do, **arguments):
        """The answer, and in `others` the share of the cores' time that processes not of this side took meanwhile."""
        busy, idle, own = *machine_ticks(), self.ticks()
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"Error: {self.process.args[0]} ended at \"{do}\"; run it again with --verbose")
        answer = json.loads(line)
        if "error" in answer and arguments.get("way") not in ("nnsight", "transformer_lens"):
            raise SystemExit(f"Error: {do}: {answer['error']}")
        busy, idle, own = [now - then for now, then in zip((*machine_ticks(), self.ticks()), (busy, idle, own))]
        answer["others"] = max(0, busy - own) / max(1, busy + idle)
        return answer

    def ticks(self):
        """Of processor time that this process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


def run_once(*command):
    """What a command that prints one JSON object says, and the share of the cores' time that others took meanwhile."""
    busy, idle, own = *machine_ticks(), children_ticks()
    done = subprocess.run([str(word) for word in command], env=environment(), check=True, stdout=subprocess.PIPE)
    busy, idle, own = [now - then for now, then in zip((*machine_ticks(), children_ticks()), (busy, idle, own))]
    return {**json.loads(done.stdout), "others": max(0, busy - own) / max(1, busy + idle)}


def children_ticks():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * os.sysconf("SC_CLK_TCK")


def made_once(folder, *command):
    """A folder that a command of peer.py writes; whole, or not there."""
    if not folder.exists():
        partial = folder.with_name(folder.name + ".partial")
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(word) for word in (*PEER, *command, partial)], env=peer_environment(), check=True, stdout=subprocess.DEVNULL)
        partial.rename(folder)
    return folder


def hugging_face_folder(model):
    return model if model.is_dir() else made_once(CACHE / model.stem, "convert", model)


def random_model(blocks):
    return made_once(CACHE / f"llama-{blocks}", "random", blocks)


def belebele():
    if (SHARED / "belebele").exists():
        return {"name": "belebele", "data": str(SHARED / "belebele"), "pivot": "eng_Latn", "other": "deu_Latn"}
    return {"name": "xcopa", "data": str(ROOT / "data/demo"), "pivot": "en", "other": "de"}


def xcopa_five_shot():
    """XCOPA's items behind five solved ones of the same language, in tertium's own format."""
    data = SHARED / "xcopa" if (SHARED / "xcopa").exists() else ROOT / "data/demo"
    words = {"en": ("because", "therefore"), "it": ("perché", "quindi")}
    lower = lambda text: text[:1].lower() + text[1:]
    folder = CACHE / "xcopa-five-shot"
    folder.mkdir(parents=True, exist_ok=True)
    for language, (cause, effect) in words.items():
        lines = [json.loads(line) for line in (data / language / f"val.{language}.jsonl").read_text().splitlines() if line]
        contexts = [f"{line['premise'].strip()[:-1]} {cause if line['question'] == 'cause' else effect}" for line in lines]
        options = [[" " + lower(line["choice1"]), " " + lower(line["choice2"])] for line in lines]
        shots = "".join(contexts[i] + options[i][lines[i]["label"]] + "\n" for i in range(5))
        items = [{"id": i, "context": shots + contexts[i], "options": options[i], "gold": lines[i]["label"]} for i in range(5, len(lines))]
        (folder / f"{language}.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    return {"name": "items", "data": str(folder), "pivot": "en", "other": "it"}


def cpu():
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()
