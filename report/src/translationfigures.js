// Figures of translations: how well languages are translated, whether alignment tells, and what patches do.
import { rowsOf, translatedName } from "./data.js";
import { languageName, plain } from "./dom.js";
import { byLanguage, flipLines, high, hover, items, layerAxis, low, mainLast, named, order, panels } from "./figureparts.js";
import { inOrder } from "./theme.js";

const intoTarget = (row) => `into ${languageName(row.target)}`;
const qualities = [["chrfpp", "chrF++", "chrfpp_ci", ".1f"], ["per_token", "log p by token", null, ".3f"]];

export const translations = {
  id: "translations",
  ofTranslations: true,
  title: "Translations by source language",
  rows: (context) => rowsOf(context.run.tables.translations).filter((row) => row.chrfpp !== null || row.per_token !== null),
  caption: (context, rows) => [
    `How well each language is translated ${[...new Set(rows.map(intoTarget))].join(", ")}: chrF++ of all texts together with its 95 % interval (bootstrap over sentences), and the mean log-probability of the reference's tokens (log p by token). Diamonds are the pivot.`,
    `${items(rows, "n", "sentence")} a language. Table “translations” has chrF, BLEU, and how many texts are empty, repeated, untranslated or in another language.`,
  ],
  build(context, rows) {
    const { theme } = context;
    const used = qualities.filter(([field]) => rows.some((row) => row[field] !== null));
    const data = used.flatMap(([field, quality, interval]) => rows.map((row) => ({
      ...named(row), into: intoTarget(row), quality, value: row[field], from: interval ? low(row[interval]) : null, to: interval ? high(row[interval]) : null,
      kind: row.language === context.run.pivot ? "pivot" : "language",
    }))).filter((row) => row.value !== null).map((row) => ({ ...row, low: row.from ?? row.value, high: row.to ?? row.value }));
    const { columns, width } = panels(context.width - 90, used.length, 250);
    const sort = [...rows].sort((a, b) => (b.chrfpp ?? b.per_token) - (a.chrfpp ?? a.per_token)).map((row) => languageName(row.language));
    const y = { field: "language", type: "nominal", title: null, sort, axis: { grid: false, domain: false, ticks: false, labelColor: theme.ink, labelFontSize: 12, labelLimit: 200 } };
    const x = { type: "quantitative", title: null, scale: { zero: false, nice: true, padding: 10 }, axis: { tickCount: 5 } };
    const tooltip = hover(["language", "Language"], ["into", "Direction"], ["quality", "What"], ["value", "Value", ".3f"], ["from", "from", ".3f"], ["to", "to", ".3f"], ["n", "Sentences"]);
    return {
      data: { values: data },
      facet: { field: "quality", type: "nominal", title: null, sort: used.map(([, name]) => name), header: { labelAnchor: "start" } },
      columns, spacing: 24,
      spec: {
        width, height: { step: 24 },
        layer: [
          { mark: { type: "rule", strokeWidth: 1.6, color: theme.blue }, encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" }, tooltip } },
          { mark: { type: "point", filled: true, size: 75, opacity: 1, color: theme.blue }, encoding: { y, x: { ...x, field: "value" }, shape: { field: "kind", type: "nominal", scale: { domain: ["language", "pivot"], range: ["circle", "diamond"] }, legend: null }, tooltip } },
        ],
      },
      resolve: { scale: { x: "independent" } },
    };
  },
};

export const translationPatches = {
  id: "translation_patches",
  ofTranslations: true,
  title: "What patches do to the reference's log-probability",
  choices: ["translated"],
  rows: (context) => rowsOf(context.run.tables.translation_patches).filter((row) => translatedName(row) === context.translated && row.change !== null),
  caption: (context, rows) => [
    `Change of the reference's log-probability (a sum over its tokens, in nats) from the clean run when a row of the source prompt is replaced at one block (${plain(context.translated)}); main puts in the pivot's prompt of the same sentence, the controls something else.`,
    `Bands are 95 % intervals over sentences; ${items(rows.filter((row) => row.control === "main"), "items", "sentence")} a language and block. p on hover is of main less that control, after Holm over blocks and controls.`,
  ],
  build(context, rows) {
    const data = mainLast(rows).map((row) => ({ ...named(row), low: low(row.change_ci), high: high(row.change_ci), lead: row.control === "main" ? null : row.difference }));
    const controls = inOrder(rows.map((row) => row.control));
    const tooltip = hover(["language", "Language"], ["layer", "Block"], ["control", "Control"], ["change", "Change, nats", "+.2f"], ["low", "from", "+.2f"], ["high", "to", "+.2f"],
      ["items", "Sentences"], ["draws", "Draws"], ["lead", "Main less this", "+.2f"], ["p_holm", "p after Holm", ".3g"]);
    const y = { field: "change", type: "quantitative", title: "change of log p, nats", axis: { format: "+d", tickCount: 5 } };
    return byLanguage({ ...context, width: context.width - 24 }, order(rows), [
      { mark: { type: "rule", strokeWidth: 0.8, color: context.theme.soft, aria: false }, encoding: { y: { datum: 0 } } },
      ...flipLines(context, rows, y, controls, controls.length <= 4 ? controls : ["main"], tooltip),
    ], data, 150);
  },
};

/// Translations may have been aligned by other metrics than items.
const metricOf = (context) => {
  const known = [...new Set(rowsOf(context.run.tables.translation_alignment).map((row) => row.metric))];
  return known.includes(context.metric) ? context.metric : known[0];
};

export const translationAlignment = {
  id: "translation_alignment",
  ofTranslations: true,
  title: "A sentence's alignment and its translation",
  choices: ["metric"],
  rows: (context) => rowsOf(context.run.tables.translation_alignment).filter((row) => row.metric === metricOf(context) && row.stream === "resid" && row.spearman !== null),
  caption: (context, rows) => [
    `Spearman's correlation over sentences of ${metricOf(context)} at a layer with the translation's quality: chrF++ of its text, and the reference's log-probability by token. Above 0, sentences nearer to the pivot's are translated better.`,
    `Bands are 95 % intervals (bootstrap over sentences, not corrected over layers). ${items(rows, "n", "sentence")} a language.`,
  ],
  build(context, rows) {
    const { theme } = context;
    const label = Object.fromEntries([["chrfpp", "chrF++"], ["log_prob", "log-probability by token"]]);
    const scale = { domain: Object.values(label) };
    const data = rows.map((row) => ({ ...named(row), quality: label[row.quality] ?? plain(row.quality), low: low(row.spearman_ci), high: high(row.spearman_ci) }));
    const x = layerAxis("layer (stream index)", rows);
    const y = { field: "spearman", type: "quantitative", title: "Spearman", scale: { domain: [-1, 1] }, axis: { tickCount: 5 } };
    const color = { field: "quality", type: "nominal", scale: { ...scale, range: [theme.blue, theme.red] }, legend: { title: null, symbolOpacity: 1 } };
    const tooltip = hover(["language", "Language"], ["quality", "With"], ["layer", "Layer"], ["spearman", "Spearman", "+.2f"], ["low", "from", "+.2f"], ["high", "to", "+.2f"], ["n", "Sentences"]);
    return byLanguage(context, order(rows), [
      { mark: { type: "rule", strokeWidth: 0.8, color: theme.soft, aria: false }, encoding: { y: { datum: 0 } } },
      { mark: { type: "area", opacity: 0.14 }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color } },
      { mark: { type: "line", strokeWidth: 1.8 }, encoding: { x, y, color, strokeDash: { field: "quality", type: "nominal", scale: { ...scale, range: [[1, 0], [5, 3]] }, legend: null } } },
      { mark: { type: "point", filled: true, size: 26, opacity: 1 }, encoding: { x, y, color, shape: { field: "quality", type: "nominal", scale: { ...scale, range: ["circle", "square"] } }, tooltip } },
    ], data);
  },
};
