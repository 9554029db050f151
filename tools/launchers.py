"""Runs one experiment under every launcher with two processes, and holds the rows against one process with two threads.

    python3 tools/launchers.py [--tertium build/release/tertium] [--experiment FILE] [--kill] [--set KEY=VALUE …] [--only torchrun mpirun …]

Launchers that are not there are left out; `srun` is one that Slurm's own environment imitates where no slurmctld answers, which the table says.
With --kill worker 1 is killed (SIGKILL) once it has stored something; under torchrun and mpirun, which end all where one dies, the command is given
again where the launcher does not do so. Without an experiment a tiny random model runs.
"""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import kill_test
import tiny_experiment

WORKERS, LEAST = 2, 5
PEERS = pathlib.Path(".deps/peers").resolve()


def of_slurm(command, log):
    """What srun does, as far as a process can tell."""
    step = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": str(WORKERS),
            "SLURM_STEP_TASKS_PER_NODE": str(WORKERS)}
    started = [subprocess.Popen(command, env={**os.environ, **step, "SLURM_PROCID": str(rank)},
                                stdout=log, stderr=log) for rank in range(WORKERS)]
    return max(abs(process.wait()) for process in started[:1])


def has_slurm():
    return shutil.which("srun") and subprocess.run(["srun", "-n1", "true"], capture_output=True, timeout=20).returncode == 0


def shares(command, out, tertium, log):
    for _ in range(2):
        started = [subprocess.Popen([*command, "--worker", f"{i}/{WORKERS}"], stdout=log, stderr=log) for i in range(WORKERS)]
        if any(process.wait() for process in started):
            return 1
        subprocess.run([tertium, "merge", str(out)], check=True, stdout=log)
    return 0


def kill_worker(out, killed):
    """Once worker 1 has stored some units."""
    own = out / "workers" / "1"
    while not killed.is_set():
        time.sleep(0.002)
        if (own / "run.lock").exists() and kill_test.units_done(own, "state = 'done'") >= LEAST:
            process = int((own / "run.lock").read_text().split()[0])
            os.kill(process, signal.SIGKILL)
            killed.set()


def launchers():
    found = {}
    # The python that `make bench PART=sweep` sets up has torch.
    python = PEERS / "bin/python" if (PEERS / "ready").exists() else None
    torchrun = [shutil.which("torchrun")] if shutil.which("torchrun") else [str(python), "-m", "torch.distributed.run"]
    if python or shutil.which("torchrun"):
        libraries = f"LD_LIBRARY_PATH={PEERS / 'no-cuda'}:{os.environ.get('LD_LIBRARY_PATH', '')}"
        found["torchrun"] = ["env", libraries, *torchrun, "--nproc-per-node", str(WORKERS), "--master-port", "29577",
                             "--max-restarts", "3", "--no-python"]
    if shutil.which("mpirun"):
        found["mpirun"] = ["mpirun", "-np", str(WORKERS), "--bind-to", "none", "--oversubscribe", "--allow-run-as-root"]
    found["srun"] = ["srun", "-n", str(WORKERS), "--kill-on-bad-exit=0"] if has_slurm() else None
    found["--worker I/N"] = None
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tertium", default="build/release/tertium")
    parser.add_argument("--experiment")
    parser.add_argument("--set", nargs="*", default=[], dest="settings")
    parser.add_argument("--unit-rows", default="0")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--kill", action="store_true")
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        temporary = pathlib.Path(temporary)
        experiment = args.experiment or tiny_experiment.write(temporary / "tiny", items=400, blocks=4, width=64,
                                                              patch='items = "all"\nmax_items = 100\ndraws = 4\n'
                                                              'controls = ["self", "same_gold", "mean_shift"]')

        def command(out):
            more = [word for setting in args.settings for word in ("--set", setting)]
            return [args.tertium, "run", str(experiment), "--out", str(out), "--quiet", "--unit-rows", args.unit_rows, *more]

        start = time.time()
        subprocess.run([*command(temporary / "alone"), "--threads", "2"], check=True, stdout=subprocess.DEVNULL)
        alone = time.time() - start
        _, whole = kill_test.rows_of(temporary / "alone")
        count = sum(len(rows) for rows in whole.values())
        print(f"{'by':>16}{'seconds':>9}{'rows':>9}{'units of each worker':>40}{'largest difference':>20}")
        print(f"{'one process':>16}{alone:>9.1f}{count:>9}{len(whole['units']):>40}", flush=True)
        for name, launcher in launchers().items():
            if args.only and name not in args.only or args.kill and name.startswith("--"):
                continue
            out, killed, again = temporary / "out", threading.Event(), 0
            if args.kill:
                threading.Thread(target=kill_worker, args=(out, killed), daemon=True).start()
            start = time.time()
            log = open(temporary / "log", "w")
            for again in range(4):
                if name == "--worker I/N":
                    status = shares(command(out), out, args.tertium, log)
                elif launcher:
                    status = subprocess.run([*launcher, *command(out)], stdout=log, stderr=log).returncode
                else:
                    status = of_slurm(command(out), log)
                if status == 0:
                    break
            seconds = time.time() - start
            if status:
                print(open(temporary / "log").read())
                return f"{name}: ended with {status}"
            check, found = kill_test.rows_of(out)
            largest, what = kill_test.difference(whole, found)
            good = check == "ok" and largest is not None and largest <= kill_test.TOLERANCE
            failed += not good
            told = kill_test.workers_of(out)
            told += ", killed" if killed.is_set() else ""
            told += f", given {again + 1} times" if again else ""
            shown = name + (" (imitated)" if name == "srun" and not launcher else "")
            print(f"{shown:>16}{seconds:>9.1f}{sum(len(rows) for rows in found.values()):>9}{told:>40}"
                  f"{'' if largest is None else f'{largest:.2g}':>20} {what}", flush=True)
            killed.set()
            shutil.rmtree(out)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
