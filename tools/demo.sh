#!/usr/bin/env bash
# Builds tertium, fetches the demo's model, runs examples/demo.toml, exports the results and writes their report.
# Usage: tools/demo.sh [OPTIONS OF tertium run…], for example tools/demo.sh --set patch.draws=3
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

results=demo-results
tertium=build/release/tertium

tools/build.sh tertium_cli
tools/fetch_model.sh gemma3-270m
rm -f "$results"/*.csv
say "\$ $tertium run examples/demo.toml --out $results --force $*"
"$tertium" run examples/demo.toml --out "$results" --force "$@"
for table in scores alignment patches; do "$tertium" export "$results" --table "$table" >"$results/$table.csv"; done

"$tertium" report "$results" >/dev/null

cat <<END

All of it as one page, with figures, tests and every item; open it in a browser (docs/report.md tells how to read it):
  $results/report.html     file://$PWD/$results/report.html

Every number of this run, item by item (docs/results.md says what each column means):
  $results/results.db      SQLite; the tables below, the items' texts, and how all was made
  $results/scores.csv      how each option was answered
  $results/alignment.csv   how near an item's states are to their English counterparts, layer by layer
  $results/patches.csv     what is answered with English activations put in, block by block
To go on: copy examples/demo.toml, point it at your model and your data, and call
  $tertium run my.toml --out my-results
END
