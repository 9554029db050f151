"""Kills a run at seeded moments, lets it go on, and holds what it leaves against an undisturbed run, row for row.

    python3 tools/kill_test.py [--moments 50] [--seed 1] [--tertium build/release/tertium]

A moment is a time after results.db appears, as long as an undisturbed run takes from there on. A folder is killed once,
or more often with --kills, and then left to finish. The table says how many units were done when the run was killed and the largest
difference of any number; the exit status is 1 if a row is missing, too many or different.
"""

import argparse
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import tiny_experiment

TOLERANCE = 1e-5
TABLES = ["items", "scores", "alignment", "patches", "corpora", "units", "runs"]
# What differs between any two runs.
OF_THE_RUN = {"started", "continued", "finished", "seconds", "threads"}


def rows_of(folder):
    """By table: the rows without their numbers, and the numbers."""
    connection = sqlite3.connect(f"file:{folder}/results.db?mode=ro", uri=True)
    check = connection.execute("PRAGMA integrity_check").fetchone()[0]
    found = {}
    for table in TABLES:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        rows = {}
        for row in connection.execute(f"SELECT * FROM {table}"):
            named = dict(zip(names, row))
            if table == "units":
                named.pop("seconds"), named.pop("worker")
            if table == "runs" and named["key"] in OF_THE_RUN:
                continue
            key = tuple(value for value in named.values() if not isinstance(value, float))
            rows[key] = tuple(value for value in named.values() if isinstance(value, float))
        found[table] = rows
    connection.close()
    return check, found


def difference(a, b):
    """The largest difference of a number, or what is not the same."""
    largest = 0.0
    for table in TABLES:
        if a[table].keys() != b[table].keys():
            odd = a[table].keys() ^ b[table].keys()
            return None, f"{table}: {len(odd)} rows differ, such as {sorted(odd, key=str)[0]}"
        for key, numbers in a[table].items():
            for x, y in zip(numbers, b[table][key]):
                largest = max(largest, abs(x - y))
    return largest, ""


def begun(command, folder):
    """A run whose results.db is there, and the time at which that was seen."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and not (folder / "results.db").exists():
        time.sleep(0.001)
    return process, time.time()


def units_done(folder, which="TRUE"):
    try:
        connection = sqlite3.connect(f"file:{folder}/results.db?mode=ro", uri=True)
        count = connection.execute(f"SELECT count(*) FROM units WHERE {which}").fetchone()[0]
        connection.close()
        return count
    except sqlite3.Error:
        return 0


def workers_of(folder):
    """How many units each worker computed: "0: 12, 1: 9"."""
    connection = sqlite3.connect(f"file:{folder}/results.db?mode=ro", uri=True)
    counts = connection.execute("SELECT worker, count(*) FROM units GROUP BY worker ORDER BY worker").fetchall()
    connection.close()
    return ", ".join(f"{worker}: {count}" for worker, count in counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--unit-rows", type=int, default=100)
    parser.add_argument("--tertium", default="build/release/tertium")
    args = parser.parse_args()
    rng, failed = random.Random(args.seed), 0
    with tempfile.TemporaryDirectory() as temporary:
        temporary = pathlib.Path(temporary)
        for protocol in ("loglik", "letters"):
            experiment = tiny_experiment.write(temporary / protocol, items=args.items, protocols=(protocol,),
                                               patch='items = "all"\nmax_items = 16\ndraws = 2')

            def command(out):
                return [args.tertium, "run", str(experiment), "--out", str(out), "--quiet", "--unit-rows",
                        str(args.unit_rows)]

            process, start = begun(command(temporary / "whole"), temporary / "whole")
            if process.wait():
                return "the undisturbed run failed"
            seconds = time.time() - start
            _, whole = rows_of(temporary / "whole")
            units = len(whole["units"])
            print(f"{protocol}: undisturbed {seconds:.2f} s behind its start, {units} units")
            print(f"{'moment':>8}{'killed at':>12}{'units then':>12}{'integrity':>11}{'rows':>8}{'largest difference':>20}")
            for moment in range(args.moments):
                out, killed_at, then = temporary / "killed", [], []
                for _ in range(args.kills):
                    process, _ = begun(command(out), out)
                    wait = rng.uniform(0, seconds)
                    try:
                        process.wait(wait)
                    except subprocess.TimeoutExpired:
                        process.send_signal(signal.SIGKILL)
                        process.wait()
                    killed_at.append(f"{wait:.3f} s")
                    then.append(str(units_done(out)))
                subprocess.run(command(out), check=True, stdout=subprocess.DEVNULL)
                check, found = rows_of(out)
                largest, what = difference(whole, found)
                good = check == "ok" and largest is not None and largest <= TOLERANCE
                failed += not good
                count = sum(len(rows) for rows in found.values())
                print(f"{moment:>8}{','.join(killed_at):>12}{','.join(then):>12}{check:>11}{count:>8}"
                      f"{'' if largest is None else f'{largest:.2g}':>20} {what}", flush=True)
                subprocess.run(["rm", "-rf", str(out)], check=True)
            subprocess.run(["rm", "-rf", str(temporary / "whole")], check=True)
    print("all the same" if failed == 0 else f"{failed} differ")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
