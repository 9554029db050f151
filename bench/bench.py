"""Benchmarks of tertium beside its peers: first proves that all sides compute the same, then times them in turn.

Each side is a process of its own that loads once, obeys commands and is idle while the others run: tertium_bench
(worker.cc) and, in .deps/peers, peer.py. The fastest of several rounds counts. docs/performance.md says what is timed.
tools/bench.sh runs this; see its --help.
"""
import argparse
import csv
import datetime
import math
import re
from pathlib import Path

from sides import (ROOT, THREADS, PEER, Side, cpu, environment, hugging_face_folder, peer_environment, peers_are_here,
                   random_model, run_once, xcopa_five_shot, belebele)

MODEL = ROOT / ".deps/models/gemma3-270m/gemma3-270m-q4_k_m.gguf"
DOCS = ROOT / "docs/performance.md"
EXACT = 1e-2  # in f32, the largest difference of a score between two sides that compute the same
CLOSE = 1.0  # in half precision, options whose scores are nearer than this may change places
BUSY = 0.03  # of the cores' time; from here on the table says that other processes disturbed it
ROOFLINE_ROWS = 2048
BATCHES = (8, 16, 48)  # of which a peer's best counts
NEW_TOKENS = 64
FEWEST_SHARED = 16  # as in tertium/engine/layout.h
WAYS = {"hooks": "transformers with hooks", "nnsight": "nnsight", "transformer_lens": "TransformerLens",
        "fresh": "transformers, a fresh English forward for each block"}


class Bench:
    """tertium and, where it is installed, its peer, of one dtype, on the first `items` items."""

    def __init__(self, options, dtype, items, rounds, exact):
        self.options, self.items, self.rounds, self.exact = options, items, rounds, exact
        self.tertium = Side([options.worker], environment())
        self.about = self.tertium.ask("model", path=str(options.model), dtype=dtype, threads=THREADS)
        self.dtype, self.peer = self.about["dtype"], None
        if peers_are_here():
            folder = hugging_face_folder(options.model)
            long_dtype = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}[self.dtype]
            self.peer = Side([*PEER, "serve", folder, long_dtype, THREADS], peer_environment())
            self.about["versions"] = self.peer.ask("model")["versions"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for side in (self.tertium, self.peer):
            if side:
                side.__exit__()

    def load(self, protocol):
        """Sets the task on all sides."""
        task = belebele() if protocol == "letters" else xcopa_five_shot()
        asked = self.tertium.ask("task", **task, protocol=protocol, items=self.items)["questions"]
        self.protocol, self.pivot, self.other = protocol, *asked
        self.items = len(self.other)
        if self.peer:
            self.peer.ask("questions", questions=asked)

    def tokens(self, count=None):
        return sum(len(item["context"]) for item in self.pivot[:count] + self.other[:count])

    def in_turn(self, works):
        """Runs each work once a round, in order; of each, the answer of its fastest run."""
        best = {}
        for _ in range(self.rounds):
            for name, work in works.items():
                answer = work()
                if name not in best or answer.get("seconds", 0) < best[name].get("seconds", math.inf):
                    best[name] = answer
        self.others = max(answer["others"] for answer in best.values())
        return best

    def row(self, what, by, answer, base=None, note="", items=None):
        """A line of a table; `base` is the time that this one is compared with, in seconds for all items."""
        items = items or self.items
        seconds = answer["seconds"] * self.tokens() / self.tokens(items)  # of all items, were they like the first
        return {"what": what, "by": by, "n": items, "seconds": answer["seconds"], "ms_an_item": 1000 * seconds / self.items,
                "ratio": seconds / base if base else 1.0, "peak_mib": answer["peak_mib"], "note": note}


def score(bench):
    bench.load("letters")
    return scoring_rows(bench, "scoring, letters", BATCHES)


def loglik(bench):
    bench.load("loglik")
    own, few = bench.tertium, min(bench.items, bench.options.few)
    rows = scoring_rows(bench, "scoring, loglik, five-shot", ())
    sample = own.ask("sweep", donors=2, items=few)
    works = {"sweep": lambda: own.ask("sweep", donors=2)}
    if bench.peer:
        works["hooks"] = lambda: bench.peer.ask("sweep", way="hooks", donors=sample["donors"], protocol="loglik")
    best = bench.in_turn(works)
    what, main = "sweep, 2 donors, loglik", best["sweep"]["seconds"]
    rows.append(bench.row(what, "tertium", best["sweep"], main, f"{main / rows[0]['seconds']:.2f} x scoring"))
    if bench.peer:
        note = agreement(sample["scores"], best["hooks"]["scores"], bench.exact)
        rows.append(bench.row(what, WAYS["hooks"], best["hooks"], main, note, few))
    return rows


def scoring_rows(bench, what, batches):
    works = {"tertium": lambda: bench.tertium.ask("score")}
    if bench.peer:
        works["transformers"] = lambda: bench.peer.ask("score", protocol=bench.protocol)
        for size in batches:
            works[f"transformers, {size} at once"] = lambda size=size: bench.peer.ask("score", batch=size)
    return beside(bench, what, bench.in_turn(works))


def beside(bench, what, best):
    """A row of tertium's and one of each other side's, whose scores must agree with it."""
    own = best.pop("tertium")
    rows = [bench.row(what, "tertium", own)]
    for by, answer in best.items():
        note = agreement(own["scores"], answer["scores"], bench.exact)
        rows.append(bench.row(what, by, answer, own["seconds"], note))
    return rows


def both(bench):
    bench.load("letters")
    works = {"tertium": lambda: bench.tertium.ask("both")}
    if bench.peer:
        works["transformers"] = lambda: bench.peer.ask("both")
    return beside(bench, "scores and states together", bench.in_turn(works))


def generate(bench):
    bench.load("loglik")
    tokens = 8 if bench.exact else NEW_TOKENS
    works = {"tertium": lambda: bench.tertium.ask("generate", tokens=tokens)}
    for size in BATCHES if bench.peer else ():
        works[f"transformers, {size} at once"] = lambda size=size: bench.peer.ask("generate", tokens=tokens, batch=size)
    best = bench.in_turn(works)
    own, rows = best["tertium"], []
    for by, answer in best.items():
        count = sum(map(len, answer["texts"]))
        note = f"{count / answer['seconds']:.0f} tokens/s"
        if answer is not own:
            same = sum(a == b for a, b in zip(own["texts"], answer["texts"], strict=True))
            if bench.exact and same < bench.items:
                raise SystemExit(f"Error: of {bench.items} greedy texts {same} are equal in f32; nothing is timed")
            note += f"; {same} of {bench.items} texts are tertium's"
        rows.append(bench.row(f"greedy texts of up to {tokens} tokens", by, answer, own["seconds"], note))
    return rows


def states(bench):
    bench.load("letters")
    works = {"tertium": lambda: bench.tertium.ask("states")}
    if bench.peer:
        works["transformers"] = lambda: bench.peer.ask("states")
    best = bench.in_turn(works)
    what, own = "last token's states, all layers", best["tertium"]
    rows = [bench.row(what, "tertium", own)]
    if bench.peer:
        limit = 1e-3 if bench.exact else 0.1
        off = max(distance(a, b) for a, b in zip(own["states"], best["transformers"]["states"], strict=True))
        if not off <= limit:
            raise SystemExit(f"Error: the states of tertium and transformers differ by {off:.2g} of their length; nothing is timed")
        rows.append(bench.row(what, "transformers", best["transformers"], own["seconds"], f"a state differs by {off:.1g} of its length"))
    return rows


def sweep(bench):
    bench.load("letters")
    own, peer, few = bench.tertium, bench.peer, min(bench.items, bench.options.few)
    sample = own.ask("sweep", donors=2, items=few)
    works = {"score": lambda: own.ask("score")}
    for donors in (1, 2, 4, 8):
        works[donors] = lambda donors=donors: own.ask("sweep", donors=donors)
    works["naive"] = lambda: own.ask("naive", donors=2, items=few)
    ways = [way for way in WAYS if peer and way in bench.options.ways]
    for way in ways:
        works[way] = lambda way=way: peer.ask("sweep", way=way, donors=sample["donors"], protocol="letters")
    best = bench.in_turn(works)

    scoring, main = best["score"]["seconds"], best[2]["seconds"]
    each = (best[8]["seconds"] - best[1]["seconds"]) / 7 / scoring
    rows = [bench.row("scoring, both languages once", "tertium", best["score"], main)]
    for donors in (1, 2, 4, 8):
        note = f"{best[donors]['seconds'] / scoring:.2f} x scoring"
        note += f"; each further donor {100 * each:.1f} % of scoring" if donors == 8 else ""
        rows.append(bench.row(f"sweep, {donors} donor{'s' * (donors > 1)}", "tertium", best[donors], main, note))
    note = agreement(sample["scores"], best["naive"]["scores"], bench.exact)
    rows.append(bench.row("sweep, 2 donors", "tertium, a full forward for each block", best["naive"], main, note, few))
    for way in ways:
        if "error" in best[way]:
            rows.append({"what": "sweep, 2 donors", "by": WAYS[way], "n": 0, "note": f"failed: {best[way]['error']}"})
            continue
        note = agreement(sample["scores"], best[way]["scores"], bench.exact)
        rows.append(bench.row("sweep, 2 donors", WAYS[way], best[way], main, note, few))
    return rows


def roofline(bench):
    bench.load("letters")
    best = bench.in_turn({"at_linear": lambda: bench.tertium.ask("roofline", rows=ROOFLINE_ROWS),
                          "score": lambda: bench.tertium.ask("score")})
    roof, own = best["at_linear"], best["score"]
    rate = (computed(bench.pivot) + computed(bench.other)) * roof["operations_a_row"] / own["seconds"] / 1e9
    rows = [{"what": f"a product, {shape['in']} → {shape['out']}", "by": "the faster", "n": ROOFLINE_ROWS,
             "note": f"{shape['gflops']:.0f} GF/s"} for shape in roof["shapes"]]
    rows.append({"what": "products alone, all blocks", "by": "the faster", "n": ROOFLINE_ROWS, "seconds": roof["seconds"],
                 "note": f"{roof['gflops']:.0f} GF/s"})
    rows.append(bench.row("scoring, letters", "tertium", own, own["seconds"],
                          f"{rate:.0f} GF/s of its linear layers over all its time: {100 * rate / roof['gflops']:.0f} % of the roofline"))
    work = {"products": (computed(bench.pivot) + computed(bench.other)) * roof["operations_a_row"]}
    rows += phases(bench, own, work, roof)
    bench.load("loglik")
    swept = bench.in_turn({"sweep": lambda: bench.tertium.ask("sweep", donors=2)})["sweep"]
    head = roof["head"]
    rows.append({"what": f"a part of the head, {head['in']} → {head['out']}", "by": "the faster", "n": head["rows"],
                 "note": f"{head['gflops']:.0f} GF/s"})
    rows.append(bench.row("sweep, 2 donors, loglik", "tertium", swept, swept["seconds"],
                          f"{swept['rows']['head']:.0f} rows pass the head"))
    work = {"products": (swept["rows"]["blocks"] / bench.about["blocks"] + computed(bench.pivot)) * roof["operations_a_row"],
            "readout": swept["rows"]["head"] * head["operations_a_row"]}
    return rows + phases(bench, swept, work, roof)


def phases(bench, answer, work, roof):
    """Where the time of a work goes; where its operations are known, how near to the roofline they come."""
    roofs = {"products": roof["gflops"], "readout": roof["head"]["gflops"]}
    rows = []
    for phase, seconds in sorted(answer["phases"].items(), key=lambda each: -each[1]):
        note = f"{100 * seconds / answer['seconds']:.0f} % of the time"
        if work.get(phase):
            rate = work[phase] / seconds / 1e9
            note += f"; {rate:.0f} GF/s, {100 * rate / roofs[phase]:.0f} % of the roofline"
        rows.append({"what": f"– {phase}", "by": "tertium", "n": bench.items, "seconds": seconds, "note": note})
    return rows


def computed(questions):
    """The tokens of prompts that are computed: those that a prompt has in common with the one before it are not."""
    count, before = 0, []
    for question in questions:
        same = next((i for i, (a, b) in enumerate(zip(before, question["context"])) if a != b), len(before))
        before = question["context"]
        count += len(before) - (same if same >= FEWEST_SHARED else 0)
    return count


def growth(bench):
    """Of random prompts of one length, each point in a fresh process, so that its peak of memory is its own."""
    model, busiest = bench.options.model, 0
    plan = [("items", (12, 24, 48, 96), lambda n: (model, n, 100, 2)),
            ("tokens of a prompt", (100, 250, 500, 1000, 2000), lambda n: (model, 4, n, 2)),
            ("donors", (1, 2, 4, 8), lambda n: (model, 12, 100, n))]
    if bench.peer:
        plan.append(("blocks (small llama)", (8, 16, 32, 64), lambda n: (random_model(n), 12, 100, 2)))
    rows = []
    for what, sizes, point in plan:
        points = []
        for size in sizes[:2] if bench.options.short else sizes:
            path, items, length, donors = point(size)
            with Side([bench.options.worker], environment()) as side:
                side.ask("model", path=str(path), dtype=bench.dtype, threads=THREADS)
                side.ask("random", items=items, length=length)
                works = {} if what == "donors" else {"scoring": lambda: side.ask("score")}
                works["sweep"] = lambda: side.ask("sweep", donors=donors)
                best = bench.in_turn(works)
                busiest = max(busiest, bench.others)
            points.append((size, best))
        for name in points[0][1]:
            exponent = slope([(size, best[name]["seconds"]) for size, best in points])
            for size, best in points:
                last = size == points[-1][0]
                rows.append({"what": f"{name} by {what}", "by": "tertium", "n": size, "seconds": best[name]["seconds"],
                             "peak_mib": best[name]["peak_mib"], "note": f"exponent {exponent:.2f}" if last else ""})
    bench.others = busiest
    return rows


def large(bench):
    """Random weights of the shape of Llama 2 7B: what fits, and how near to the roofline large matrices come."""
    items = 1 if bench.options.short else 8
    found = run_once(ROOT / "build/release/tertium", "bench", "--shape", "llama-2-7b", "--dtype", bench.dtype, "--items", items, "--json")
    bench.others = found["others"]
    say = lambda what, note: {"what": what, "by": "tertium", "n": 2 * items, "note": note}
    phases = ", ".join(f"{phase} {100 * share:.0f} %" for phase, share in sorted(found["phases"].items(), key=lambda each: -each[1]))
    return [say("scoring", f"{found['tokens_per_second']:.0f} tokens/s"),
            say("roofline", f"{found['gflops']:.0f} of {found['roofline_gflops']:.0f} GF/s: {100 * found['gflops'] / found['roofline_gflops']:.0f} %"),
            say("– time", phases),
            say("sweep, 2 donors, after scoring", f"{found['sweep_times_scoring']:.2f} x scoring both languages"),
            say("memory", f"{found['peak_gib']:.1f} GiB at the peak")]


PARTS = {part.__name__: part for part in (score, states, both, sweep, loglik, generate, roofline, growth, large)}
COMPARED = ("score", "states", "both", "sweep", "loglik", "generate")


def flat(values):
    return [number for value in values for number in (flat(value) if isinstance(value, list) else [value])]


def groups(values):
    """The innermost lists: the options' scores of one question."""
    return [values] if not isinstance(values[0], list) else [group for value in values for group in groups(value)]


def agreement(own, theirs, exact):
    """What to say of two sides' scores. Ends the run if they do not compute the same."""
    a, b = flat(own), flat(theirs)
    largest = max(abs(x - y) for x, y in zip(a, b, strict=True))
    pick = lambda scores: scores.index(max(scores))
    other = [(x, y) for x, y in zip(groups(own), groups(theirs)) if pick(x) != pick(y)]
    wrong = [x for x, _ in other if sorted(x)[-1] - sorted(x)[-2] > (EXACT if exact else CLOSE)]
    r = correlation(a, b)
    if wrong or not (largest <= EXACT if exact else r > 0.98):
        raise SystemExit(f"Error: the sides do not compute the same: scores differ by {largest:.2g} (correlation {r:.4f}), "
                         f"{len(wrong)} clear answers differ; nothing is timed")
    picks = f"{len(other)} of {len(groups(own))} answers differ, all close" if other else "same answers"
    return f"{picks}; scores within {largest:.2g}, r = {r:.4f}"


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    both = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return both / math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))


def distance(a, b):
    """Relative to the length of b."""
    return math.dist(a, b) / math.hypot(*b)


def slope(points):
    """The exponent p of time ~ size^p, by least squares of the logarithms."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / sum((x - mean_x) ** 2 for x in xs)


def table(part, bench, rows):
    """The part as Markdown, with what it ran on."""
    versions = [f"{name} {number or 'not installed'}" for name, number in bench.about.get("versions", {}).items()]
    about = [f"{cpu()}, {THREADS} cores", str(datetime.date.today()), f"{bench.options.model.stem} in {bench.dtype}", *versions]
    lines = [", ".join(about) + ".", ""]
    if bench.others > BUSY:
        lines[:1] = [lines[0] + f" **Other processes took up to {100 * bench.others:.0f} % of the cores meanwhile: no fair comparison.**"]
    size = "size" if part == "growth" else "items or rows"
    lines += [f"| what | by | {size} | seconds | ms an item | times tertium | peak MiB | |", "|---|---|---:|---:|---:|---:|---:|---|"]
    number = lambda row, key, form: format(row[key], form) if key in row else ""
    for row in rows:
        cells = [row["what"], row["by"], row["n"], number(row, "seconds", ".3f"), number(row, "ms_an_item", ".1f"),
                 number(row, "ratio", ".2f"), number(row, "peak_mib", ".0f"), row["note"]]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def write(part, bench, rows, text):
    """The raw numbers under bench/runs, and the part's table in docs/performance.md."""
    machine = re.sub(r"[^a-z0-9]+", "-", cpu().lower()).strip("-")
    file = ROOT / "bench/runs" / f"{datetime.date.today()}-{machine}-{THREADS}.csv"
    file.parent.mkdir(exist_ok=True)
    columns = ["part", "dtype", "what", "by", "n", "seconds", "ms_an_item", "ratio", "peak_mib", "note"]
    kept = [row for row in csv.DictReader(file.open()) if row["part"] != part] if file.exists() else []
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept + [{"part": part, "dtype": bench.dtype, **row} for row in rows])
    begin, end = f"<!-- bench {part} -->\n", f"<!-- /bench {part} -->"
    before, rest = DOCS.read_text().split(begin)
    DOCS.write_text(before + begin + text + "\n" + end + rest.split(end)[1])


def main():
    parser = argparse.ArgumentParser(prog="tools/bench.sh", description="Times tertium beside its peers.")
    def names(known):
        unknown = lambda name: parser.error(f"no \"{name}\"; known are {', '.join(known)}")
        return lambda text: [name for name in text.split(",") if name in known or unknown(name)]

    parser.add_argument("--part", type=names(PARTS), default=list(PARTS), help=f"which, by commas: {','.join(PARTS)} (all)")
    parser.add_argument("--items", type=int, default=48, help="of Belebele and XCOPA (48)")
    parser.add_argument("--few", type=int, default=4, help="items that the slow ways of a sweep run; their time is scaled by tokens (4)")
    parser.add_argument("--rounds", type=int, default=3, help="each side, in turn; the fastest counts (3)")
    parser.add_argument("--ways", type=names(WAYS), default=list(WAYS), help=f"the peers' sweeps: {','.join(WAYS)} (all)")
    parser.add_argument("--dtype", default="auto", help="f32, bf16, f16, or auto: bf16 where the CPU has it (auto)")
    parser.add_argument("--model", type=lambda text: Path(text).resolve(), default=MODEL,
                        help="a .gguf file or Hugging Face folder (Gemma 3 270M)")
    parser.add_argument("--worker", default=ROOT / "build/release/bench/tertium_bench", help="the program of worker.cc")
    parser.add_argument("--short", action="store_true", help="only the two smallest sizes of growth")
    parser.add_argument("--print-only", action="store_true", help="change no file: for trials")
    parser.add_argument("--verbose", action="store_true", help="show what the sides complain of")
    options = parser.parse_args()
    Side.verbose = options.verbose
    compared = [part for part in options.part if part in COMPARED]
    if compared:
        with Bench(options, "f32", min(2, options.items), 1, exact=True) as bench:
            for part in compared:
                PARTS[part](bench)
        print(f"In f32 all sides agree within {EXACT}: {', '.join(compared)}\n", flush=True)
    for part in options.part:
        with Bench(options, options.dtype, options.items, options.rounds, exact=False) as bench:
            rows = PARTS[part](bench)
            text = table(part, bench, rows)
        print(f"## {part}\n\n{text}\n", flush=True)
        if not options.print_only:
            write(part, bench, rows, text)


if __name__ == "__main__":
    main()
