"""What millions of patches cost: joining, size, statistics, the report and their memory.

    python3 tools/size.py [--rows 5000000] [--tertium build/release/tertium] [--keep FOLDER]

A tiny run makes a results.db; a worker's one is made beside it with its tables, and filled with made-up numbers: 1,000 items in five languages,
32 blocks, main and five controls in several draws. `tertium merge` joins it, row by row as a run adds them; the others read it. Peak memory is
that of the process.
"""

import argparse
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile

import tiny_experiment
from growth import measured

ITEMS, BLOCKS = 1000, 32
LANGUAGES = ["de", "fr", "it", "sw", "th"]
CONTROLS = ["self", "same_gold", "random", "mean_shift", "norm_noise"]


def filled(source, folder, rows):
    """A worker's results with about that many patches."""
    folder.mkdir(parents=True)
    shutil.copy(source / "results.db", folder / "results.db")
    db = sqlite3.connect(folder / "results.db")
    db.execute("PRAGMA synchronous = OFF")
    for table in ("items", "texts", "units", "names", *(f"{table}_{part}" for table in ("scores", "alignment", "patches")
                                                       for part in ("series", "rows"))):
        db.execute(f"DELETE FROM {table}")
    db.execute("DELETE FROM runs WHERE key LIKE 'stage %' OR key = 'finished'")
    rng = random.Random(1)
    db.executemany("INSERT INTO items VALUES ('items', ?, '', ?)", ((str(i), str(i)) for i in range(ITEMS)))
    db.executemany("INSERT INTO names VALUES (?, ?)", ((i, str(i)) for i in range(ITEMS)))
    wrong = {}
    for series, language in enumerate(["en", *LANGUAGES]):
        wrong[language] = [i for i in range(ITEMS) if rng.random() < (0.1 if language == "en" else 0.4)]
        bad = set(wrong[language])
        db.execute("INSERT INTO scores_series (id, task, language, protocol) VALUES (?, 'items', ?, 'loglik')", (series, language))
        db.executemany("INSERT INTO scores_rows VALUES (?, ?, ?, ?, 3, ?, 20, 20)",
                       ((series, i, k, (1.0 if (k == i % 2) != (i in bad) else 0.0) - 9 + rng.random() / 9, k == i % 2)
                        for i in range(ITEMS) for k in range(2)))
    failures = {l: [i for i in wrong[l] if i not in set(wrong["en"])] for l in LANGUAGES}
    a_draw = sum(len(items) for items in failures.values()) * BLOCKS * 2
    draws = max(1, round((rows / a_draw - 1) / len(CONTROLS)))
    kinds = [("main", 0)] + [(control, draw) for control in CONTROLS for draw in range(draws)]
    series = {(language, *kind): number for number, (language, kind) in
              enumerate((language, kind) for language in LANGUAGES for kind in kinds)}
    db.executemany("INSERT INTO patches_series (id, task, language, protocol, direction, site, head, window, position, control, draw) "
                   "VALUES (?, 'items', ?, 'loglik', 'fix', 'resid_post', -1, 1, 'last', ?, ?)",
                   ((number, *of) for of, number in series.items()))

    def patches():
        for language, items in failures.items():
            for i in items:
                for kind in kinds:
                    number, donor = series[language, *kind], rng.randrange(ITEMS)
                    for block in range(BLOCKS):
                        for k in range(2):
                            yield (number, i, block, donor, k, -9 + rng.random())

    db.executemany("INSERT INTO patches_rows VALUES (?, ?, ?, ?, ?, ?)", patches())
    db.execute("INSERT OR REPLACE INTO runs VALUES ('controls', ?)", (" ".join(["main", *CONTROLS]),))
    db.commit()
    count = db.execute("SELECT count(*) FROM patches").fetchone()[0]
    db.close()
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[500_000, 5_000_000])
    parser.add_argument("--tertium", default="build/release/tertium")
    parser.add_argument("--keep", help="a folder for the results, which stay there")
    args = parser.parse_args()
    print(f"{'rows':>10}{'what':>9}{'CPU s':>10}{'peak MiB':>10}{'':>4}")
    for rows in args.rows:
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(args.keep or temporary) / str(rows)
            experiment = tiny_experiment.write(folder / "tiny", items=4, languages=LANGUAGES, protocols=("loglik",))
            subprocess.run([args.tertium, "run", str(experiment), "--out", str(folder / "small"), "--quiet"], check=True,
                           stdout=subprocess.DEVNULL)
            out = folder / "out"
            count = filled(folder / "small", out / "workers" / "0", rows)
            seconds, peak = measured([args.tertium, "merge", str(out)])
            size = (out / "results.db").stat().st_size
            print(f"{count:>10}{'merge':>9}{seconds:>10.1f}{peak:>10.0f}    {count / seconds:,.0f} rows/s, {size / 2**20:.0f} MiB, "
                  f"{size / count:.0f} bytes a row", flush=True)
            for what in (["stats", str(out)], ["show", str(out)], ["report", str(out), "-o", str(folder / "report.html")],
                         ["export", str(out), "--table", "patches"]):
                seconds, peak = measured([args.tertium, *what])
                print(f"{count:>10}{what[0]:>9}{seconds:>10.1f}{peak:>10.0f}", flush=True)


if __name__ == "__main__":
    main()
