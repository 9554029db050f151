// The document that tertium/report/document.cc writes, and how the page looks into it.

async function inflated(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

export async function readDocument(element) {
  return JSON.parse(await inflated(element.textContent.trim()));
}

const kept = new WeakMap();
/// The rows of a table as objects.
export function rowsOf(table) {
  if (!table) return [];
  if (!kept.has(table)) {
    const { columns } = table;
    kept.set(table, table.rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]]))));
  }
  return kept.get(table);
}

export const info = (run, key) => run.info.find(([name]) => name === key)?.[1];

export const partName = (part) => `${part.task}/${part.protocol}`;

/// Tasks under a protocol, of all runs.
export function partsOf(document) {
  const names = document.runs.flatMap((run) => run.parts.map(partName));
  return [...new Set(names)];
}

export const partOf = (run, name) => run.parts.find((part) => partName(part) === name);

/// Rows of a table that belong to a part. What does not depend on a protocol belongs to all.
export function rowsOfPart(run, table, name) {
  return rowsOf(run.tables[table]).filter((row) => partName(row) === name);
}

/// A kind of place, but for the head.
export const placeName = (row) =>
  `${row.direction} ${row.site} ${row.position}${row.window > 1 ? ` window ${row.window}` : ""}`;

const unique = (values) => [...new Set(values)];

export function placesOf(document, part) {
  return unique(document.runs.flatMap((run) => rowsOfPart(run, "places", part).map(placeName)));
}

export function controlsOf(document, part, place) {
  const rows = document.runs.flatMap((run) => rowsOfPart(run, "flips", part).filter((row) => placeName(row) === place));
  return unique(rows.map((row) => row.control)).filter((control) => control !== "main");
}

export function metricsOf(document, part) {
  const ofTranslations = (run) => rowsOf(run.tables.translation_alignment);  // which belong to no part
  return unique(document.runs.flatMap((run) => [...rowsOfPart(run, "alignment", part), ...ofTranslations(run)].map((row) => row.metric)));
}

export const isPivot = (run, part, language) => partOf(run, part)?.pivots.includes(language) ?? false;

/// What was taken out, and how; a direction is each language's own.
export const ablationName = (row) =>
  [row.component, row.operation, row.component === "direction" ? "" : row.reference, row.position === "everywhere" ? "" : row.position].filter(Boolean).join(" ");

export function ablationsOf(document, part) {
  return unique(document.runs.flatMap((run) => rowsOfPart(run, "ablations", part).map(ablationName)));
}

/// A measure of a parallel corpus under one pooling.
export const corpusName = (row) => `${row.corpus} ${row.measure}${row.pooling ? ` ${row.pooling}` : ""}`;

export function corporaOf(document) {
  return unique(document.runs.flatMap((run) => rowsOf(run.tables.corpora).filter((row) => row.measure !== "accuracy").map(corpusName)));
}

/// What is patched of translations, and into which language.
export const translatedName = (row) => `into ${row.target}: ${row.site} ${row.position}`;

export function translatedOf(document) {
  return unique(document.runs.flatMap((run) => rowsOf(run.tables.translation_patches).map(translatedName)));
}

/// What a direction patches, and what a flip is.
export const directions = {
  fix: { pool: "TF", repairs: true, turns: "wrong answers that turn right" },
  keep: { pool: "TS", repairs: false, turns: "right answers that turn wrong" },
  break: { pool: "TF", repairs: false, turns: "right answers in the pivot that turn wrong" },
  lift: { pool: "FS", repairs: true, turns: "wrong answers in the pivot that turn right" },
  spoil: { pool: "FS", repairs: false, turns: "right answers that turn wrong" },
};

/// Whether a kind of place was patched head by head.
export function hasHeads(run, part, place) {
  return rowsOfPart(run, "places", part).some((row) => placeName(row) === place && row.head !== null);
}
