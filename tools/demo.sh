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

All of it as one page, with figures, tests and every item; open it in a browser:
  file://$PWD/$results/report.html
How to read it: docs/report.md. Every number, item by item: $results/results.db
(SQLite, docs/results.md), and beside it scores.csv, alignment.csv, patches.csv.
To go on: copy examples/demo.toml, point it at your model and your data, and call
  $tertium run my.toml --out my-results
END
