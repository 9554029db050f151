// The page; and where there is none, the figures alone (`tertium plot`).
import { svgOf } from "./chart.js";
import { ablationsOf, controlsOf, corporaOf, isPivot, metricsOf, partsOf, placesOf, readDocument, rowsOf, rowsOfPart, translatedOf } from "./data.js";
import { figureNamed, figures, specification } from "./figures.js";
import { openPage } from "./page.js";
import { themes } from "./theme.js";

const oneOf = (what, wanted, known) => {
  if (known.length === 0) throw new Error(`these results have no ${what}`);
  if (wanted && !known.includes(wanted)) throw new Error(`no ${what} "${wanted}"; there are ${known.join(", ")}`);
  return wanted || known[0];
};

/// A figure of the first run, or of what compares all, as Vega-Lite or SVG. `request`: document, figure, format, and what to choose: part, metric,
/// place, control, corpus, languages, width.
export async function plot(request) {
  const { document } = request;
  const figure = figureNamed(oneOf("figure", request.figure, figures.filter((one) => !one.compares || document.comparison).map((one) => one.id)));
  const run = document.runs[0];
  const part = figure.ofTranslations ? undefined : oneOf("task", request.part, partsOf(document));
  const places = placesOf(document, part), metrics = metricsOf(document, part);
  const keep = keeping(run, request.languages ?? [], part);
  const chosen = { ...run, tables: keep(run.tables) };
  const context = {
    run: chosen, first: chosen, part, width: request.width || 680, theme: themes.paper,
    metric: figure.choices?.includes("metric") ? oneOf("metric", request.metric, metrics) : metrics[0],
    place: figure.choices?.includes("place") ? oneOf("place", request.place, places) : places[0],
  };
  if (figure.choices?.includes("corpus")) context.corpus = oneOf("corpus", request.corpus, corporaOf(document));
  if (figure.choices?.includes("translated")) context.translated = oneOf("place", request.place, translatedOf(document));
  if (figure.choices?.includes("ablation")) context.ablation = oneOf("ablation", request.ablation, ablationsOf(document, context.part));
  if (document.comparison?.note) throw new Error(document.comparison.note);
  if (document.comparison) context.comparison = { ...document.comparison, tables: keep(document.comparison.tables) };
  if (request.control) context.control = oneOf("control", request.control, controlsOf(document, part, context.place));
  const spec = specification(figure, context);
  if (!spec) throw new Error(`the results have nothing for figure ${figure.id}`);
  return request.format === "json" ? `${JSON.stringify(spec, null, 1)}\n` : `${await svgOf(spec)}\n`;
}

/// Makes tables of some languages out of tables of all; the pivot stays.
function keeping(run, languages, part) {
  if (languages.length === 0) return (tables) => tables;
  const known = (part ? rowsOfPart(run, "languages", part) : rowsOf(run.tables.translations)).map((row) => row.language);
  for (const language of languages) oneOf("language", language, known);
  return (tables) => Object.fromEntries(Object.entries(tables).map(([name, table]) => {
    const column = table.columns.indexOf("language");
    const keep = (row) => column < 0 || (part ? isPivot(run, part, row[column]) : row[column] === run.pivot) || languages.includes(row[column]);
    return [name, { ...table, rows: table.rows.filter(keep) }];
  }));
}

if (typeof document !== "undefined")
  readDocument(document.getElementById("data")).then(
    (read) => openPage(read, document.getElementById("page")),
    () => (document.getElementById("page").textContent = "The data of this page are damaged, or the browser is older than 2023."),
  );
