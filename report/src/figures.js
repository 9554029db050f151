// The figures, once: what the page shows and `tertium plot` writes. Each is a Vega-Lite specification made of the
// document's tables. Rates, intervals and tests come from there; nothing is computed here but where things lie.
import { ablationName, corpusName, directions, hasHeads, isPivot, partOf, placeName, rowsOf, rowsOfPart } from "./data.js";
import { languageName, plain } from "./dom.js";
import { byLanguage, fitted, flipLines, high, hover, items, layerAxis, layersOf, low, mainLast, named, order, panels, shareAxis, shares, top } from "./figureparts.js";
import { counted, number, percent } from "./numbers.js";
import { config, controlScales, inOrder } from "./theme.js";
import { translationAlignment, translationPatches, translations } from "./translationfigures.js";

const schema = "https://vega.github.io/schema/vega-lite/v6.json";

/// Languages from the highest down, in the same order for every run: the first one's.
function ranked(context, rows, value) {
  const first = rowsOfPart(context.first, "languages", context.part);
  const rank = new Map([...first].sort((a, b) => value(b) - value(a)).map((row, i) => [row.language, i]));
  const at = (row) => rank.get(row.language) ?? rank.size;
  return [...rows].sort((a, b) => at(a) - at(b)).map((row) => languageName(row.language));
}

const pivotsOf = (context) => (partOf(context.run, context.part)?.pivots ?? []).map(languageName);

const accuracy = {
  id: "accuracy",
  title: "Accuracy by language",
  rows: (context) => rowsOfPart(context.run, "languages", context.part),
  caption(context, rows) {
    const chance = partOf(context.run, context.part)?.chance.accuracy;
    return [
      `Share of items whose highest-scored option is the right one, with 95 % intervals (Wilson; by unit where items share one). ${items(rows, "n")} a language.`,
      pivotsOf(context).length === 1 ? `The diamond is the pivot, ${pivotsOf(context)[0]}, that the others are held against.` : "Diamonds are pivots, that the others are held against.",
      chance ? `The dashed line is chance, ${percent(chance)}.` : "",
    ];
  },
  build(context, rows) {
    const { theme } = context;
    const chance = partOf(context.run, context.part)?.chance.accuracy;
    const data = rows.map((row) => ({
      ...named(row), low: low(row.accuracy_ci), high: high(row.accuracy_ci),
      kind: isPivot(context.run, context.part, row.language) ? "pivot" : "language",
    }));
    const sort = ranked(context, rows, (row) => row.accuracy + (isPivot(context.run, context.part, row.language) ? 2 : 0));
    const y = { field: "language", type: "nominal", title: null, sort, axis: { grid: false, domain: false, ticks: false, labelColor: theme.ink, labelFontSize: 12, labelLimit: 200 } };
    const tooltip = hover(["language", "Language"], ["accuracy", "Accuracy", ".1%"], ["low", "from", ".1%"], ["high", "to", ".1%"], ["correct", "Right"], ["n", "Items"]);
    return {
      ...fitted(context), height: { step: 24 },
      data: { values: data },
      layer: [
        ...(chance ? [{ data: { values: [{ chance }] }, mark: { type: "rule", strokeDash: [4, 3], color: theme.soft }, encoding: { x: { field: "chance", type: "quantitative" } } }] : []),
        { mark: { type: "rule", strokeWidth: 1.6, color: theme.blue }, encoding: { y, x: { field: "low", ...shareAxis("accuracy") }, x2: { field: "high" }, tooltip } },
        {
          mark: { type: "point", filled: true, size: 75, opacity: 1, color: theme.blue },
          encoding: { y, x: { field: "accuracy", type: "quantitative" }, shape: { field: "kind", type: "nominal", scale: { domain: ["language", "pivot"], range: ["circle", "diamond"] }, legend: null }, tooltip },
        },
      ],
    };
  },
};

const groups = [
  ["ts", "TS: right in both", "blue", "ground"],
  ["tf", "TF: right in the pivot only", "red", "ground"],
  ["fs", "FS: right here only", "skyPale", "ink"],
  ["ff", "FF: wrong in both", "greyPale", "ink"],
];

const transfer = {
  id: "transfer",
  title: "Transfer from the pivot",
  rows: (context) => rowsOfPart(context.run, "languages", context.part).filter((row) => !isPivot(context.run, context.part, row.language)),
  caption: (context, rows) => [
    `Items by how they are answered in ${pivotsOf(context).length === 1 ? pivotsOf(context)[0] : "the pivot"} and in the language: right in both (TS, transfer success), in the pivot only (TF, transfer failure), here only (FS), in neither (FF). ${items(rows, "n")} a language; the numbers are items.`,
    rows.some((row) => row.undecided > 0) ? "Items with two options of one text are in none of these." : "",
  ],
  build(context, rows) {
    const { theme } = context;
    const data = rows.flatMap((row) => {
      let begin = 0;
      const all = row.ts + row.tf + row.fs + row.ff;
      return groups.map(([key, label, , ink]) => {
        const share = row[key] / all;
        const one = { ...named(row), group: label, ink, count: row[key], share, begin, end: begin + row[key], middle: begin + row[key] / 2, told: share < 0.06 ? "" : row[key] };
        begin += row[key];
        return one;
      });
    });
    const sort = ranked(context, rows, (row) => row.ts);
    const y = { field: "language", type: "nominal", title: null, sort, scale: { paddingInner: 0.25 }, axis: { grid: false, domain: false, ticks: false, labelColor: theme.ink, labelFontSize: 12, labelLimit: 200 } };
    const tooltip = hover(["language", "Language"], ["group", "Group"], ["count", "Items"], ["share", "Share", ".1%"]);
    const labels = groups.map(([, label]) => label);
    return {
      ...fitted(context), height: { step: 26 },
      data: { values: data },
      layer: [
        {
          mark: { type: "bar", stroke: theme.ground, strokeWidth: 1.5 },
          encoding: {
            y, x: { field: "begin", type: "quantitative", title: "items", axis: { grid: false, tickMinStep: 1, tickCount: 6 }, scale: { nice: false } }, x2: { field: "end" },
            color: { field: "group", type: "nominal", scale: { domain: labels, range: groups.map(([, , colour]) => theme[colour]) }, legend: { columns: context.width < 420 ? 1 : context.width < 560 ? 2 : 4, symbolType: "square" } },
            tooltip,
          },
        },
        ...["ground", "ink"].map((ink) => ({
          transform: [{ filter: { field: "ink", equal: ink } }],
          mark: { type: "text", fontSize: 11, color: theme[ink] },
          encoding: { y, x: { field: "middle", type: "quantitative" }, text: { field: "told" }, tooltip },
        })),
      ],
    };
  },
};

const alignment = {
  id: "alignment",
  title: "Alignment by layer, success against failure",
  choices: ["metric"],
  rows: (context) =>
    rowsOfPart(context.run, "alignment", context.part).filter((row) => row.metric === context.metric && row.stream === "resid"),
  caption(context, rows) {
    const chance = partOf(context.run, context.part)?.chance[context.metric];
    const share = rows.some((row) => row.ts_k !== null);
    return [
      `${share ? "Share of items that" : "Mean over items of"} ${context.metric} ${share ? "calls aligned with the pivot" : "(a difference of cosines)"}, at each index of the residual stream (0: embeddings; l: behind block l − 1), of items that transfer (TS, solid, circles) and that fail (TF, dashed, squares).`,
      share ? "Bands are 95 % Wilson intervals." : "Table “alignment” has the rank test and its interval.",
      `TS ${items(rows, "ts_n")}, TF ${items(rows, "tf_n")}.`,
      chance ? `The dotted line is chance, ${percent(chance, chance < 0.02 ? 2 : 0)}: what exchangeable states would give.` : "",
      "Many layers are tested; p on hover is corrected over layers and languages (Benjamini-Hochberg).",
    ];
  },
  build(context, rows) {
    const { theme } = context;
    const chance = partOf(context.run, context.part)?.chance[context.metric];
    const share = rows.some((row) => row.ts_k !== null);
    const data = rows.flatMap((row) =>
      ["ts", "tf"].map((group) => ({
        ...named(row), group: group.toUpperCase(), mean: row[`${group}_mean`], low: low(row[`${group}_ci`]), high: high(row[`${group}_ci`]),
        n: row[`${group}_n`], chance,
      })),
    );
    const x = layerAxis("layer (stream index)", rows);
    const y = share ? { field: "mean", ...shareAxis("aligned items") } : { field: "mean", type: "quantitative", title: "margin", axis: { tickCount: 5 } };
    const scale = { domain: ["TS", "TF"] };
    const color = { field: "group", type: "nominal", scale: { ...scale, range: [theme.blue, theme.red] }, legend: { title: null, symbolOpacity: 1 } };
    const shape = { field: "group", type: "nominal", scale: { ...scale, range: ["circle", "square"] } };
    const tooltip = hover(["language", "Language"], ["group", "Group"], ["layer", "Layer"], ["mean", share ? "Aligned" : "Mean", share ? ".1%" : ".4f"],
      ...(share ? [["low", "from", ".1%"], ["high", "to", ".1%"]] : []), ["n", "Items"], ["difference", "TS less TF", share ? "+.1%" : "+.4f"], ["p_bh", "p, corrected", ".3g"]);
    const lines = [
      ...(share ? [{ mark: { type: "area", opacity: 0.16 }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color } }] : []),
      ...(chance ? [{ mark: { type: "rule", strokeDash: [1.5, 3], color: theme.soft }, encoding: { y: { aggregate: "min", field: "chance", type: "quantitative" } } }] : []),
      { mark: { type: "line", strokeWidth: 1.8 }, encoding: { x, y, color, strokeDash: { field: "group", type: "nominal", scale: { ...scale, range: [[1, 0], [5, 3]] }, legend: null } } },
      { mark: { type: "point", filled: true, size: 26, opacity: 1 }, encoding: { x, y, color, shape, tooltip } },
    ];
    return byLanguage(context, order(rows), lines, data);
  },
};

const corpusMeasures = {
  mexa: "MEXA, the share of sentences nearest to their own translation, both ways",
  p1_row: "retrieval, the share of sentences of the pivot whose translation is the nearest",
  p1_col: "retrieval, the share of sentences whose counterpart in the pivot is the nearest",
  csls: "the mean CSLS margin",
  cka: "linear CKA",
};

const correlation = {
  id: "correlation",
  title: "Accuracy and alignment across languages",
  choices: ["metric"],
  rows: (context) => rowsOfPart(context.run, "across_points", context.part).filter((row) => row.metric === context.metric),
  caption(context) {
    const found = rowsOfPart(context.run, "across", context.part).filter((row) => row.metric === context.metric);
    const told = found.filter((row) => row.pearson_p !== null).map((row) => {
      const over = row.aggregate === "max" ? "maximum over layers" : "mean over layers";
      return `${over}: r = ${number(row.pearson, 2)}${row.pearson_ci ? ` [${number(row.pearson_ci[0], 2)}, ${number(row.pearson_ci[1], 2)}]` : ""}, Spearman ${number(row.spearman, 2)}`;
    });
    return [
      `Each mark is a language: the share of its items that ${context.metric} calls aligned, as the maximum and the mean over layers, against its accuracy.`,
      `${counted(found[0]?.n ?? 0, "language")}${told.length > 0 ? `; ${told.join("; ")}` : ": too few for a correlation"}. With few languages one of them decides it: table “across” has the range when each is left out.`,
    ];
  },
  build(context, rows) {
    const { theme } = context;
    const title = { max: "maximum over layers", mean: "mean over layers" };
    const aggregates = [...new Set(rows.map((row) => row.aggregate))];
    const { width } = panels(context.width, aggregates.length, 250);
    const data = rows.map((row) => ({ ...row, name: languageName(row.language), short: plain(row.language), over: title[row.aggregate] }));
    const tooltip = hover(["name", "Language"], ["alignment", "Alignment", ".3f"], ["accuracy", "Accuracy", ".1%"]);
    const x = { field: "alignment", type: "quantitative", title: "alignment", scale: { zero: false, nice: true, padding: 14 }, axis: { tickCount: 5 } };
    const y = { field: "accuracy", type: "quantitative", title: "accuracy", scale: { zero: false, nice: true, padding: 10 }, axis: { ...shares, tickCount: 5 } };
    return {
      data: { values: data },
      facet: { field: "over", type: "nominal", title: null, sort: Object.values(title), header: { labelAnchor: "start" } },
      columns: context.width < 560 ? 1 : 2,
      spacing: 24,
      spec: {
        width: context.width < 560 ? context.width - 60 : width, height: 240,
        layer: [
          { mark: { type: "point", filled: true, size: 60, color: theme.blue, opacity: 1 }, encoding: { x, y, tooltip } },
          { mark: { type: "text", dx: 8, align: "left", color: theme.ink }, encoding: { x, y, text: { field: "short" }, tooltip } },
        ],
      },
      resolve: { scale: { x: "independent" } },
    };
  },
};

const flipRows = (context) => rowsOfPart(context.run, "flips", context.part).filter((row) => placeName(row) === context.place);
const direction = (context) => directions[context.place?.split(" ")[0]] ?? { pool: "", turns: "answers that change" };

/// Of many controls the bands would hide each other: those of main and of the one chosen, or of few.
const isClaim = (control) => control !== "self" && !control.startsWith("dose");
const shown = (context, rows) => (context.control ? rows.filter((row) => row.control === "main" || row.control === context.control) : rows);
function banded(controls) {
  const few = controls.filter(isClaim);
  return few.length <= 4 ? few : ["main"];
}

const flips = {
  id: "flips",
  title: "Flips by block, main against every control",
  choices: ["place", "control"],
  rows: (context) => (hasHeads(context.run, context.part, context.place) ? [] : shown(context, flipRows(context).filter((row) => row.items > 0))),
  caption(context, rows) {
    const [name, site, position] = context.place.split(" ");
    const { pool, turns } = direction(context);
    return [
      `Direction ${name}: the share of ${pool} items patched (${turns}) when ${site} of a block is replaced, position ${position}; main puts in the same item of the other language, the controls something else.`,
      `An item's value is its mean over draws; bands are 95 % intervals over items${banded(inOrder(rows.map((row) => row.control))).length === 1 ? " (of main; choose a control to see its own)" : ""}. ${items(rows.filter((row) => row.control === "main"), "items")} a language and block.`,
      "Where main and same_gold rise together the answer itself is copied, which says nothing of meaning.",
    ];
  },
  build(context, rows) {
    const data = mainLast(rows).map((row) => ({ ...named(row), low: low(row.rate_ci), high: high(row.rate_ci), lead: row.control === "main" ? null : row.difference }));
    const controls = inOrder(rows.map((row) => row.control));
    const tooltip = hover(["language", "Language"], ["layer", "Block"], ["control", "Control"], ["rate", "Flips", ".1%"], ["low", "from", ".1%"], ["high", "to", ".1%"],
      ["items", "Items"], ["draws", "Draws"], ["lead", "Main less this", "+.1%"], ["p_bh", "p, corrected", ".3g"]);
    const y = { field: "rate", ...shareAxis("items that flip", [0, top(data)]) };
    return byLanguage(context, order(rows), flipLines(context, rows, y, controls, banded(controls), tooltip), data, 150);
  },
};

function heat(context, rows, y, columns) {
  const { theme } = context;
  const step = Math.max(7, Math.floor((context.width - 130) / Math.max(1, layersOf(rows).length)));
  const tooltip = hover(["language", "Language"], ...(columns === "head" ? [["head", "Head"]] : []), ["layer", "Block"], ["rate", "Main flips", ".1%"], ["strongest", "Strongest control"],
    ["difference", "Main less that", "+.1%"], ["low", "from", "+.1%"], ["high", "to", "+.1%"], ["p_bh", "p, corrected", ".3g"], ["items", "Items"]);
  return {
    mark: { type: "rect", stroke: theme.ground, strokeWidth: 1 },
    encoding: {
      x: { field: "layer", type: "ordinal", title: "block", axis: { labelAngle: 0, grid: false, domain: false, ticks: false, labelOverlap: "greedy" } },
      y,
      color: {
        field: "difference", type: "quantitative", scale: { domain: [-1, -0.5, 0, 0.5, 1], range: theme.diverging, interpolate: "rgb" },
        legend: {
          title: "main less strongest control", format: "+.0%", values: [-1, -0.5, 0, 0.5, 1], gradientLength: Math.min(280, context.width - 150), gradientThickness: 10,
          titleFont: theme.font, titleFontWeight: "normal", titleColor: theme.ink, titlePadding: 6,
        },
      },
      tooltip,
    },
    step: Math.min(step, 40),
  };
}

const heatmap = {
  id: "heatmap",
  mixes: true,
  title: "Where main exceeds its strongest control",
  choices: ["place"],
  rows: (context) => (hasHeads(context.run, context.part, context.place) ? [] : rowsOfPart(context.run, "places", context.part).filter((row) => placeName(row) === context.place)),
  caption(context, rows) {
    return [
      `Main's flip rate less that of the control which leaves the smallest difference, at each block and language (${context.place}). Blue: main flips more than every control; orange: a control flips more.`,
      `${items(rows, "items")} a cell, paired by item. A cell is one of ${rows.length} tests; those that remain after correction are told under Tests.`,
    ];
  },
  build(context, rows) {
    const data = rows.map((row) => ({ ...named(row), low: low(row.difference_ci), high: high(row.difference_ci) }));
    const y = { field: "language", type: "nominal", title: null, sort: order(rows), axis: { grid: false, domain: false, ticks: false, labelColor: context.theme.ink, labelFontSize: 12, labelLimit: 200 } };
    const { step, ...unit } = heat(context, rows, y);
    return { width: { step }, height: { step: Math.max(22, Math.min(step, 30)) }, data: { values: data }, ...unit };
  },
};

const heads = {
  id: "heads",
  mixes: true,
  title: "Heads: where main exceeds its strongest control",
  choices: ["place"],
  rows: (context) => (hasHeads(context.run, context.part, context.place) ? rowsOfPart(context.run, "places", context.part).filter((row) => placeName(row) === context.place) : []),
  caption: (context, rows) => [
    `Main's flip rate less that of its strongest control, by block and head (${context.place}), a panel a language. ${items(rows, "items")} a cell; ${rows.length} tests.`,
  ],
  build(context, rows) {
    const data = rows.map((row) => ({ ...named(row), low: low(row.difference_ci), high: high(row.difference_ci) }));
    const languages = order(rows);
    const { columns, width } = panels(context.width, languages.length, 300);
    const y = { field: "head", type: "ordinal", title: "head", axis: { grid: false, domain: false, ticks: false } };
    const { step: _, ...unit } = heat({ ...context, width }, rows, y, "head");
    return {
      data: { values: data },
      facet: { field: "language", type: "nominal", title: null, sort: languages, header: { labelAnchor: "start" } },
      columns, spacing: 20,
      spec: { width, height: { step: 16 }, ...unit },
    };
  },
};

const recovery = {
  id: "recovery",
  title: "Recovery of the margin",
  choices: ["place", "control"],
  rows: (context) => (hasHeads(context.run, context.part, context.place) ? [] : shown(context, flipRows(context).filter((row) => row.recovery !== null))),
  caption: (context, rows) => [
    `How much of the way from the language's margin (right option's score less the best other's) to the donor's a patch goes: the sum over items of what it wins, over the sum of what there is to win (${context.place}). 0: nothing; 1: all of it.`,
    `The band is main's 95 % bootstrap interval; values outside the panel are in table “flips”. ${items(rows.filter((row) => row.control === "main"), "items")}.`,
    "A control that recovers as much as main shows that the effect is not the meaning's.",
  ],
  build(context, rows) {
    const data = mainLast(rows).map((row) => ({ ...named(row), low: low(row.recovery_ci), high: high(row.recovery_ci) }));
    const controls = inOrder(rows.map((row) => row.control));
    const y = { field: "recovery", type: "quantitative", title: "recovery", scale: { domain: [-0.5, 1.5], clamp: false }, axis: { tickCount: 5 } };
    const tooltip = hover(["language", "Language"], ["layer", "Block"], ["control", "Control"], ["recovery", "Recovery", ".2f"], ["low", "from", ".2f"], ["high", "to", ".2f"], ["items", "Items"]);
    return byLanguage(context, order(rows), flipLines(context, rows, y, controls, ["main"], tooltip), data, 150);
  },
};

/// Of the results against the first: rows of the comparison's table "flips", in the language and at the place chosen.
const compared = {
  id: "compared",
  title: "Patching compared, by relative depth",
  compares: true,
  choices: ["place"],
  rows: (context) => rowsOf(context.comparison?.tables?.flips)
    .filter((row) => `${row.task}/${row.protocol}` === context.part && placeName(row) === context.place && row.head === null && row.depth !== null),
  caption(context, rows) {
    const { pool, turns } = direction(context);
    const leads = rows.some((row) => row.first_lead !== null);
    return [
      `At each block, of the ${pool} items that both runs patched there (${turns}; ${context.place}): ${leads ? "main's share less that of the control which leaves the least of it" : "main's share"}. Blocks stand at their relative depth, 100 % after the last; a run's block is the nearest to the first run's.`,
      `${items(rows, "n")} a point, ${counted(rows.length, "place")}; hover for both shares, their difference with its 95 % interval and corrected p, as in table “flips” below and in tertium compare.`,
      leads ? "Below 0 a control flips more than main does." : "",
    ];
  },
  build(context, rows) {
    const { theme } = context;
    const leads = rows.some((row) => row.first_lead !== null);
    const runs = [rows[0].first, ...new Set(rows.map((row) => row.second))];
    const side = (row, which) => ({ ...named(row), run: plain(row[which]), layer: row[`${which}_layer`], value: leads ? row[`${which}_lead`] : row[`${which}_rate`], low: low(row.difference_ci), high: high(row.difference_ci) });
    // The first run's values are of the items that it shares with the first of the others.
    const data = rows.flatMap((row) => [...(row.second === runs[1] ? [side(row, "first")] : []), side(row, "second")]).filter((row) => row.value !== null);
    const colours = [theme.blue, theme.red, theme.green, theme.pink, theme.amber, theme.sky, theme.grey], dashes = [[1, 0], [7, 3], [3, 2], [8, 2, 2, 2], [1.5, 2], [10, 3], [5, 2, 1.5, 2]];
    const shapes = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right"];
    const domain = runs.map(plain);
    const looks = (all) => ({ domain, range: domain.map((_, i) => all[i % all.length]) });
    const x = { field: "depth", type: "quantitative", title: "relative depth", scale: { domain: [0, 1] }, axis: { format: ".0%", tickCount: 4, grid: false } };
    const lowest = Math.min(0, ...data.map((row) => row.value)), highest = Math.max(0.2, ...data.map((row) => row.value));
    const y = { field: "value", ...shareAxis(leads ? "main less its strongest control" : "items that flip", [Math.floor(lowest * 5) / 5, Math.ceil(highest * 5 - 1e-9) / 5]) };
    const color = { field: "run", type: "nominal", scale: looks(colours), legend: { title: null, symbolOpacity: 1, columns: 1, labelLimit: context.width - 60 } };
    const tooltip = hover(["run", "Run"], ["language", "Language"], ["layer", "Block"], ["value", leads ? "Main less strongest control" : "Main", "+.1%"], ["n", "Items of both"],
      ["first_rate", "Main, first run", ".1%"], ["second_rate", "Main, second run", ".1%"], ["difference", "Second less first", "+.1%"], ["low", "from", "+.1%"], ["high", "to", "+.1%"], ["p_bh", "p, corrected", ".3g"]);
    return byLanguage({ ...context, width: context.width - 24 }, order(rows), [ // labels below 0 are wider
      { mark: { type: "rule", strokeWidth: 0.8, color: theme.soft, aria: false }, encoding: { y: { datum: 0 } } },
      { mark: { type: "line", strokeWidth: 1.7 }, encoding: { x, y, color, strokeDash: { field: "run", type: "nominal", scale: looks(dashes), legend: null } } },
      { mark: { type: "point", filled: true, size: 28, opacity: 1 }, encoding: { x, y, color, shape: { field: "run", type: "nominal", scale: looks(shapes), legend: null }, tooltip } },
    ], data, 150);
  },
};

const corpora = {
  id: "corpora",
  title: "Alignment of parallel corpora by layer",
  choices: ["corpus"],
  rows: (context) => rowsOf(context.run.tables.corpora).filter((row) => corpusName(row) === context.corpus && row.stream === "resid"),
  caption: (context, rows) => [
    `${plain(context.corpus)}: ${corpusMeasures[rows[0].measure] ?? "a measure"}; by stream index (solid), and its mean where the pairs are permuted (dotted). ${counted(new Set(rows.map((row) => row.language)).size, "language")}, ${counted(layersOf(rows).length, "layer")} each.`,
    "No test stands behind a gap between the lines; the values of two poolings or corpora are not comparable.",
  ],
  build(context, rows) {
    const { theme } = context;
    const data = rows.map((row) => ({ ...named(row) }));
    const x = layerAxis("layer (stream index)", rows);
    const lowest = Math.min(0, ...rows.map((row) => Math.min(row.value, row.chance)));
    const y = { field: "value", type: "quantitative", title: plain(rows[0].measure), scale: { domain: [lowest, 1] }, axis: { tickCount: 5 } };
    const tooltip = hover(["language", "Language"], ["layer", "Layer"], ["value", "Value", ".3f"], ["chance", "By chance", ".3f"]);
    const lines = [
      { mark: { type: "line", strokeWidth: 1.4, strokeDash: [1.5, 3], color: theme.soft }, encoding: { x, y: { ...y, field: "chance" } } },
      { mark: { type: "line", strokeWidth: 1.8, color: theme.blue }, encoding: { x, y } },
      { mark: { type: "point", filled: true, size: 26, opacity: 1, color: theme.blue }, encoding: { x, y, tooltip } },
    ];
    return byLanguage(context, order(rows), lines, data);
  },
};

const sights = [
  ["right", "gold highest, all items", "ink", [1, 0], "diamond"],
  ["ts", "gold highest, TS", "blue", [1, 0], "circle"],
  ["tf", "gold highest, TF", "red", [5, 3], "square"],
  ["pivot", "pivot's word above own", "soft", [1.5, 3], "triangle-up"],
];

const lens = {
  id: "lens",
  title: "What the answer's state says by layer",
  rows: (context) => rowsOfPart(context.run, "lens", context.part),
  caption: (context, rows) => [
    "The state that predicts the answer, read at each index of the residual stream through the final norm and the head (the lens): share of items whose right option's first word stands highest among the options; of all items (solid, diamonds), of those that transfer (TS, solid, circles) and that fail (TF, dashed, squares).",
    rows.some((row) => row.pivot_above !== null) ? "Dotted, triangles: share of items whose right answer stands higher in the pivot's word than in their own." : "",
    `Bands are 95 % intervals. ${items(rows.filter((row) => row.group === "all"), "n")} a language; items whose words begin alike are left out, so that ${items(rows.filter((row) => row.group === "all"), "differ")} are compared.`,
  ],
  build(context, rows) {
    const { theme } = context;
    const sight = (row, key, field, n) => ({ ...named(row), sight: sights.find(([name]) => name === key)[1], share: row[field], low: low(row[`${field}_ci`]), high: high(row[`${field}_ci`]), compared: row[n] });
    const data = rows.flatMap((row) => [
      sight(row, row.group === "all" ? "right" : row.group.toLowerCase(), "right", "differ"),
      ...(row.group === "all" ? [sight(row, "pivot", "pivot_above", "pivot_differs")] : []),
    ]).filter((row) => row.share !== null);
    const scale = { domain: sights.map(([, label]) => label) };
    const x = layerAxis("layer (stream index)", rows);
    const y = { field: "share", ...shareAxis("items") };
    const color = { field: "sight", type: "nominal", scale: { ...scale, range: sights.map(([, , colour]) => theme[colour]) }, legend: { title: null, symbolOpacity: 1, columns: context.width < 560 ? 1 : 4 } };
    const shape = { field: "sight", type: "nominal", scale: { ...scale, range: sights.map(([, , , , mark]) => mark) } };
    const tooltip = hover(["language", "Language"], ["sight", "What"], ["layer", "Layer"], ["share", "Share", ".1%"], ["low", "from", ".1%"], ["high", "to", ".1%"], ["compared", "Items"], ["entropy", "Entropy, bits", ".2f"]);
    const lines = [
      { mark: { type: "area", opacity: 0.1 }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color } },
      { mark: { type: "line", strokeWidth: 1.8 }, encoding: { x, y, color, strokeDash: { field: "sight", type: "nominal", scale: { ...scale, range: sights.map(([, , , dash]) => dash) }, legend: null } } },
      { mark: { type: "point", filled: true, size: 22, opacity: 1 }, encoding: { x, y, color, shape, tooltip } },
    ];
    return byLanguage(context, order(rows), lines, data);
  },
};

const ablationRows = (context, table) => rowsOfPart(context.run, table, context.part).filter((row) => ablationName(row) === context.ablation);
const taken = (context) => `What is taken out (${context.ablation}) is so at all rows of context and options; random takes out as much elsewhere: another block, another head of the block, a random direction.`;

/// Around 0, with room for the widest interval.
function changeAxis(title, data) {
  const most = Math.max(0.1, ...data.flatMap((row) => [row.low, row.high, row.change].filter((value) => value !== null).map(Math.abs)));
  const end = Math.min(1, Math.ceil(most * 10 - 1e-9) / 10);
  return { field: "change", type: "quantitative", title, scale: { domain: [-end, end] }, axis: { format: "+.0%", tickCount: 5 } };
}

/// In the pivot each language's direction is another.
const ablatedName = (row) => `${languageName(row.language)}${row.component === "direction" && row.reference !== row.language ? ` (${languageName(row.reference)})` : ""}`;

function changeLines(context, rows, title) {
  const data = mainLast(rows).map((row) => ({ ...row, language: ablatedName(row), low: low(row.change_ci), high: high(row.change_ci), lead: row.control === "main" ? null : row.difference }));
  const controls = inOrder(rows.map((row) => row.control));
  const tooltip = hover(["language", "Language"], ["layer", "Block"], ["control", "Taken out"], ["change", "Change", "+.1%"], ["low", "from", "+.1%"], ["high", "to", "+.1%"],
    ["items", "Items"], ["draws", "Draws"], ["lead", "Main less this", "+.1%"], ["p_bh", "p, corrected", ".3g"]);
  return byLanguage({ ...context, width: context.width - 24 }, [...new Set(rows.map(ablatedName))], [ // labels below 0 are wider
    { mark: { type: "rule", strokeWidth: 0.8, color: context.theme.soft, aria: false }, encoding: { y: { datum: 0 } } },
    ...flipLines(context, rows, changeAxis(title, data), controls, controls, tooltip),
  ], data, 150);
}

const ablations = {
  id: "ablations",
  title: "Answers with one block, half of one or direction taken out",
  choices: ["ablation"],
  rows: (context) => ablationRows(context, "ablations").filter((row) => row.head === null && row.change !== null),
  caption: (context, rows) => [
    `Change of accuracy from the clean run, by block. ${taken(context)}`,
    `An item's value under random is its mean over draws; bands are 95 % intervals over items. ${items(rows, "items")} a language and block; p on hover is of main's change, or of main less random, corrected over blocks and languages.`,
  ],
  build: (context, rows) => changeLines(context, rows, "change of accuracy"),
};

const ablatedAlignment = {
  id: "ablated_alignment",
  title: "Alignment with one block, half of one or direction taken out",
  choices: ["ablation", "metric"],
  rows: (context) => ablationRows(context, "ablated_alignment").filter((row) => row.head === null && row.metric === context.metric && row.change !== null),
  caption: (context, rows) => [
    `Change of ${context.metric} from the clean run: its mean over the stream indices behind the block. ${taken(context)}`,
    `Both languages' texts run with it taken out. Bands are 95 % intervals over items; ${items(rows, "items")}.`,
  ],
  build: (context, rows) => changeLines(context, rows, `change of ${context.metric}`),
};

const ablatedHeads = {
  id: "ablated_heads",
  mixes: true,
  title: "Answers with one head taken out",
  choices: ["ablation"],
  rows: (context) => ablationRows(context, "ablations").filter((row) => row.head !== null && row.control === "main"),
  caption: (context, rows) => [
    `Change of accuracy from the clean run with one head taken out (${context.ablation}), by block and head, a panel a language. ${items(rows, "items")} a cell; ${rows.length} tests, corrected together.`,
  ],
  build(context, rows) {
    const data = rows.map((row) => ({ ...named(row), low: low(row.change_ci), high: high(row.change_ci) }));
    const languages = order(rows);
    const { columns, width } = panels(context.width, languages.length, 300);
    const most = Math.max(0.05, ...data.map((row) => Math.abs(row.change)));
    return {
      data: { values: data },
      facet: { field: "language", type: "nominal", title: null, sort: languages, header: { labelAnchor: "start" } },
      columns, spacing: 20,
      spec: {
        width, height: { step: 16 },
        mark: { type: "rect", stroke: context.theme.ground, strokeWidth: 1 },
        encoding: {
          x: { field: "layer", type: "ordinal", title: "block", axis: { labelAngle: 0, grid: false, domain: false, ticks: false, labelOverlap: "greedy" } },
          y: { field: "head", type: "ordinal", title: "head", axis: { grid: false, domain: false, ticks: false } },
          color: {
            field: "change", type: "quantitative", scale: { domain: [-most, -most / 2, 0, most / 2, most], range: context.theme.diverging, interpolate: "rgb" },
            legend: { title: "change of accuracy", format: "+.0%", gradientLength: Math.min(280, context.width - 150), gradientThickness: 10, titleFont: context.theme.font, titleFontWeight: "normal", titleColor: context.theme.ink, titlePadding: 6 },
          },
          tooltip: hover(["language", "Language"], ["layer", "Block"], ["head", "Head"], ["change", "Change", "+.1%"], ["low", "from", "+.1%"], ["high", "to", "+.1%"], ["p_bh", "p, corrected", ".3g"], ["items", "Items"]),
        },
      },
    };
  },
};

const repairs = {
  id: "repairs",
  title: "Repairs on items that they were not fitted on",
  rows: (context) => rowsOfPart(context.run, "repairs", context.part).filter((row) => row.control !== "pivot" && row.after !== null),
  caption: (context, rows) => [
    "Accuracy with the language's states mapped onto the pivot's (main), without that (none), and with the controls: random, a vector or map of equal norm; shuffled, fitted on pairs of different items; other_language, fitted on another.",
    `Bars are 95 % intervals. ${items(rows, "n")} a language, on which nothing was fitted or chosen; hover for TF that turn right and TS that turn wrong, main less each, and p after Holm.`,
  ],
  build(context, rows) {
    const { theme } = context;
    const data = mainLast(rows).map((row) => ({
      ...named(row), low: low(row.after_ci), high: high(row.after_ci), mended: `${row.repaired_k} of ${row.repaired_n}`, spoiled: `${row.broken_k} of ${row.broken_n}`,
    }));
    const controls = inOrder(rows.map((row) => row.control));
    const scales = controlScales(controls, theme);
    const y = { field: "repair", type: "nominal", title: null, axis: { grid: false, domain: false, ticks: false, labelColor: theme.ink, labelFontSize: 12 } };
    const yOffset = { field: "control", type: "nominal", sort: controls };
    const color = { field: "control", type: "nominal", scale: scales.colour, legend: { title: null, symbolOpacity: 1, columns: Math.max(2, Math.floor((context.width - 40) / 125)) } };
    const tooltip = hover(["language", "Language"], ["repair", "Repair"], ["control", "Which"], ["after", "Accuracy", ".1%"], ["low", "from", ".1%"], ["high", "to", ".1%"], ["mended", "TF turn right"], ["spoiled", "TS turn wrong"],
      ["difference", "Main less this", "+.1%"], ["p_holm", "p after Holm", ".3g"], ["layer", "Block"], ["alpha", "α"], ["n", "Items"]);
    const languages = order(rows);
    const { columns, width } = panels(context.width - 80, languages.length, 260);
    return {
      data: { values: data },
      facet: { field: "language", type: "nominal", title: null, sort: languages, header: { labelAnchor: "start" } },
      columns, spacing: 22,
      spec: {
        width, height: { step: 11, for: "offset" },
        layer: [
          { mark: { type: "rule", strokeWidth: 1.4 }, encoding: { y, yOffset, x: { field: "low", ...shareAxis("accuracy") }, x2: { field: "high" }, color, tooltip } },
          { mark: { type: "point", filled: true, size: 34, opacity: 1 }, encoding: { y, yOffset, x: { field: "after", type: "quantitative" }, color, shape: { field: "control", type: "nominal", scale: scales.shape }, tooltip } },
        ],
      },
    };
  },
};

/// In the order of the page.
export const figures = [accuracy, transfer, alignment, corpora, lens, correlation, flips, heatmap, heads, recovery, ablations, ablatedAlignment, ablatedHeads, repairs, translations, translationAlignment, translationPatches, compared];
export const figureNamed = (id) => figures.find((figure) => figure.id === id);

/// A whole specification; null where the run has nothing for it.
export function specification(figure, context) {
  const rows = figure.rows(context);
  if (rows.length === 0) return null;
  return { $schema: schema, config: config(context.theme), ...figure.build(context, rows) };
}

export function captionOf(figure, context) {
  const rows = figure.rows(context);
  return rows.length === 0 ? "" : figure.caption(context, rows).filter(Boolean).join(" ").replaceAll(" %", "\u00a0%");
}
