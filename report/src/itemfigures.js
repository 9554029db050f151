// The figures of one item.
import { plain } from "./dom.js";
import { config, controlScales, inOrder } from "./theme.js";

const layerAxis = (title) => ({ field: "layer", type: "quantitative", title, axis: { tickMinStep: 1, format: "d", grid: false }, scale: { nice: false, padding: 6 } });

/// Aligned or not, by language and layer. `rows`: language, layer, value (0, 1 or a margin).
export function itemAlignment(rows, isIndicator, { width, theme }) {
  if (rows.length === 0) return null;
  const languages = [...new Set(rows.map((row) => row.language))];
  const layers = [...new Set(rows.map((row) => row.layer))];
  const step = Math.max(9, Math.min(26, Math.floor((width - 150) / layers.length)));
  const color = isIndicator
    ? { field: "aligned", type: "nominal", scale: { domain: ["aligned", "not aligned"], range: [theme.blue, theme.greyPale] }, legend: { symbolType: "square" } }
    : { field: "value", type: "quantitative", scale: { domainMid: 0, range: theme.diverging, interpolate: "rgb" }, legend: { title: "margin", titleFontWeight: "normal", titleColor: theme.ink, gradientLength: 180 } };
  return {
    config: config(theme),
    width: { step }, height: { step: 22 },
    data: { values: rows.map((row) => ({ ...row, aligned: row.value === 1 ? "aligned" : "not aligned" })) },
    mark: { type: "rect", stroke: theme.ground, strokeWidth: 1.5 },
    encoding: {
      x: { field: "layer", type: "ordinal", title: "layer (stream index)", axis: { labelAngle: 0, domain: false, ticks: false, labelOverlap: "greedy" } },
      y: { field: "language", type: "nominal", title: null, sort: languages, axis: { domain: false, ticks: false, labelColor: theme.ink, labelFontSize: 12, labelLimit: 180 } },
      color,
      tooltip: [{ field: "language", title: "Language" }, { field: "layer", title: "Layer" }, isIndicator ? { field: "aligned", title: "State" } : { field: "value", title: "Margin", format: ".4f" }],
    },
  };
}

/// The margin by block under every control. `rows`: language, control, draw, layer, margin, changed, donor, answer; of means
/// draws in place of the last two.
export function itemPatches(rows, clean, { width, theme }) {
  if (rows.length === 0) return null;
  const controls = inOrder(rows.map((row) => row.control));
  const scales = controlScales(controls, theme);
  const languages = [...new Set(rows.map((row) => row.language))];
  const columns = Math.max(1, Math.min(languages.length, Math.floor((width - 60) / 260)));
  const cell = Math.floor((width - 60 - 24 * (columns - 1)) / columns);
  const x = layerAxis("block"), y = { field: "margin", type: "quantitative", title: "margin", axis: { tickCount: 5 } };
  const color = { field: "control", type: "nominal", scale: scales.colour, legend: { title: null, symbolOpacity: 1, columns: Math.max(2, Math.floor((width - 40) / 125)) } };
  const means = "draws" in rows[0];
  const data = rows.map((row) => ({ ...row, line: `${row.control} ${row.draw}`, donor: plain(row.donor ?? ""), clean: clean[row.language], zero: 0, state: row.changed ? "changed" : "as before" }));
  const tooltip = [["language", "Language"], ["control", "Control"], ...(means ? [["draws", "Mean of draws"]] : [["draw", "Draw"], ["donor", "Donor"], ["answer", "Answer"]]), ["layer", "Block"], ["state", "Answer is"]]
    .map(([field, title]) => ({ field, title })).concat([{ field: "margin", title: "Margin", format: ".3f" }]);
  const rule = (field, dash) => ({ mark: { type: "rule", strokeDash: dash, color: theme.soft }, encoding: { y: { aggregate: "min", field, type: "quantitative" } } });
  return {
    config: config(theme),
    data: { values: data },
    facet: { field: "language", type: "nominal", title: null, sort: languages, header: { labelAnchor: "start" } },
    columns, spacing: 24,
    spec: {
      width: cell, height: 170,
      layer: [
        rule("zero", [1, 0]), rule("clean", [1.5, 3]),
        { mark: { type: "line", strokeWidth: 1.4, opacity: 0.85 }, encoding: { x, y, color, detail: { field: "line" }, strokeDash: { field: "control", type: "nominal", scale: scales.dash, legend: null } } },
        { mark: { type: "point", opacity: 1, size: 42, strokeWidth: 1.5 }, encoding: {
          x, y, color, shape: { field: "control", type: "nominal", scale: scales.shape },
          fill: { field: "control", type: "nominal", scale: scales.colour, legend: { title: null } }, fillOpacity: { condition: { test: "datum.changed", value: 1 }, value: 0 }, tooltip,
        } },
      ],
    },
    resolve: { axis: { x: "independent" } },
  };
}
