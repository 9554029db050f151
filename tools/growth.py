"""How time and memory of a run grow with the number of items, on a tiny random model.

    python3 tools/growth.py [--items 100 300 1000 3000 10000] [--tertium build/release/tertium] [--without-mexat]

Prints a table and the exponents that fit it, time ~ items^a: least squares of the logarithms, of memory above that of the
smallest run as well as of all of it.
"""

import argparse
import math
import os
import pathlib
import subprocess
import tempfile

import tiny_experiment


def exponent(xs, ys):
    pairs = [(math.log(x), math.log(y)) for x, y in zip(xs, ys) if y > 0]
    if len(pairs) < 2:
        return float("nan")
    mx, my = (sum(p[k] for p in pairs) / len(pairs) for k in (0, 1))
    return sum((x - mx) * (y - my) for x, y in pairs) / sum((x - mx) ** 2 for x, _ in pairs)


def measured(command):
    """Seconds of processor time, and the most memory in MiB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command}: ended with {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="*", default=[100, 300, 1000, 3000, 10000])
    parser.add_argument("--tertium", default="build/release/tertium")
    parser.add_argument("--without-mexat", action="store_true", help="it compares all items with all")
    args = parser.parse_args()
    times, peaks = [], []
    print(f"{'items':>8}{'CPU s':>10}{'peak MiB':>10}{'results MiB':>13}")
    for items in args.items:
        with tempfile.TemporaryDirectory() as temporary:
            experiment = tiny_experiment.write(temporary, items=items, protocols=("loglik",))
            more = ["--set", 'align.metrics=["dali", "dali_margin"]'] if args.without_mexat else []
            seconds, peak = measured([args.tertium, "run", str(experiment), "--out", f"{temporary}/out", "--quiet", *more])
            size = pathlib.Path(temporary, "out", "results.db").stat().st_size / 2**20
        times.append(seconds), peaks.append(peak)
        print(f"{items:>8}{seconds:>10.1f}{peak:>10.0f}{size:>13.1f}", flush=True)
    above = [peak - peaks[0] for peak in peaks[1:]]
    print(f"exponents: time {exponent(args.items, times):.2f}, memory {exponent(args.items, peaks):.2f}, "
          f"memory above the smallest run {exponent(args.items[1:], above):.2f}")


if __name__ == "__main__":
    main()
