// What figures are made of: panels, axes, what is shown on hover.
import { languageName } from "./dom.js";
import { counted } from "./numbers.js";
import { controlScales } from "./theme.js";

export const shares = { format: ".0%" };

/// How many small panels stand side by side, and how wide each is.
export function panels(width, count, least = 190) {
  const margin = 74;
  const columns = Math.max(1, Math.min(count, Math.floor((width - margin) / least), 4));
  const gap = 22;
  return { columns, width: Math.floor((width - margin - gap * (columns - 1)) / columns) };
}

export const fitted = (context) => ({ width: context.width, autosize: { type: "fit-x", contains: "padding" } });

export const low = (pair) => (pair ? pair[0] : null);
export const high = (pair) => (pair ? pair[1] : null);

/// Shown on hover: [field, title, format].
export const hover = (...fields) => fields.map(([field, title, format]) => ({ field, title, ...(format ? { format } : {}) }));

export const layersOf = (rows) => [...new Set(rows.map((row) => row.layer))].sort((a, b) => a - b);

export const layerAxis = (title, rows) => {
  const layers = layersOf(rows);
  return {
    field: "layer",
    type: "quantitative",
    title,
    scale: { domain: [layers[0], layers.at(-1)], nice: false, padding: 4 },
    axis: { tickMinStep: 1, format: "d", grid: false },
  };
};

export const shareAxis = (title, domain = [0, 1]) => ({
  type: "quantitative",
  title,
  scale: { domain },
  axis: { ...shares, tickCount: 5 },
});

/// Small panels, one a language.
export function byLanguage(context, languages, layers, data, height = 130) {
  const { columns, width } = panels(context.width, languages.length);
  return {
    data: { values: data },
    facet: {
      field: "language", type: "nominal", title: null, sort: languages,
      header: { labelAnchor: "start", labelExpr: "datum.label" },
    },
    columns,
    spacing: { row: 18, column: 22 },
    spec: { width, height, layer: layers },
    resolve: { axis: { x: "independent" } },
  };
}

/// The highest end of an interval, rounded up, so that small rates have room.
export const top = (data) => Math.min(1, Math.max(0.2, Math.ceil(Math.max(...data.map((row) => row.high ?? row.rate ?? 0)) * 5 - 1e-9) / 5));

/// What is drawn last lies on top.
export const mainLast = (rows) => [...rows].sort((a, b) => (a.control === "main") - (b.control === "main"));

export const named = (row) => ({ ...row, language: languageName(row.language) });
export const order = (rows) => [...new Set(rows.map((row) => languageName(row.language)))];

export const items = (rows, field, noun = "item") => {
  const counts = rows.map((row) => row[field]);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? counted(least, noun) : `${least} to ${most} ${noun}s`;
};

export function flipLines(context, rows, y, controls, bands, tooltip) {
  const { theme } = context;
  const x = layerAxis("block", rows);
  const scales = controlScales(controls, theme);
  const color = { field: "control", type: "nominal", scale: scales.colour, legend: { title: null, symbolOpacity: 1, columns: Math.max(2, Math.floor((context.width - 40) / 125)) } };
  // Pale where they are many, since all of them lie at 0 together.
  const band = (some, opacity) => ({
    transform: [{ filter: { field: "control", oneOf: some } }], mark: { type: "area", opacity, clip: true }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
  });
  return [
    band(bands.filter((control) => control !== "main"), bands.length > 2 ? 0.07 : 0.14),
    band(["main"], 0.18),
    { mark: { type: "line", strokeWidth: 1.7, clip: true }, encoding: { x, y, color, strokeDash: { field: "control", type: "nominal", scale: scales.dash, legend: null } } },
    { mark: { type: "point", filled: true, size: 28, opacity: 1, clip: true }, encoding: { x, y, color, shape: { field: "control", type: "nominal", scale: scales.shape }, tooltip } },
  ];
}
