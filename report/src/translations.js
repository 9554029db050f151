// Translations sentence by sentence, and all that is known of one of them.
import { viewDialog } from "./dialog.js";
import { foreign, h, languageName, plain } from "./dom.js";
import { chooser } from "./items.js";
import { number, unknown } from "./numbers.js";
import { get, set } from "./state.js";
import { dataTable } from "./table.js";

const columns = ["line", "language", "into", "source", "text", "chrF++", "log p by token", "language out"];
const short = (text) => (text.length > 90 ? `${text.slice(0, 88)}…` : text);

const byToken = (of, i) => (unknown(of.log_probs[i]) || of.tokens[i] === 0 ? null : of.log_probs[i] / of.tokens[i]);
const sentence = (run, language, item) => run.translations.sentences[language]?.[item] ?? "";

/// A sentence in the address.
const keyOf = (target, language, item) => `${target}/${language}/${item}`;

export function translationsSection(page) {
  const place = h("div"), choosers = h("div", { class: "choosers" }), note = h("p", { class: "note" });
  const draw = () => {
    const run = page.run();
    const clean = (run.translations?.texts ?? []).filter((of) => of.condition === "");
    const languages = [...new Set(clean.map((of) => of.language))];
    choosers.replaceChildren(...[page.document.runs.length > 1 && page.chooser("run"), chooser("tl", "Language", languages, "all", languageName)].filter(Boolean));
    const chosen = languages.includes(get("tl")) ? clean.filter((of) => of.language === get("tl")) : clean;
    const rows = chosen.flatMap((of) => of.items.map((item, i) =>
      [item, of.language, of.target, short(sentence(run, of.language, item)), short(of.texts[i]), of.chrfpp[i], byToken(of, i), of.languages_out[i]]));
    note.textContent = rows.length > 0 ? "A line opens its source, its reference and the texts under every patch." : "No text was generated: the run read the reference's log-probability alone.";
    place.replaceChildren(dataTable({
      name: "translations-by-sentence", columns, rows, pageSize: 15,
      cell(name, value, [item, language, target]) {
        if (name === "line") return h("a", { href: "#", onclick: (event) => (event.preventDefault(), set({ sentence: keyOf(target, language, item) })) }, plain(value));
        if (name === "language" || name === "into") return languageName(value);
        if (name === "source") return foreign(value, language);
        if (name === "text") return foreign(value, target);
        return undefined;
      },
    }));
  };
  page.listen(["run", "tl"], draw);
  draw();
  return h("div", {}, note, choosers, place);
}

/// The view of one sentence, opened by the address.
export function translationDialog(page) {
  const dialog = viewDialog("sentence");

  function draw() {
    const run = page.run(), key = get("sentence");
    const all = (run.translations?.texts ?? []).flatMap((of) => of.items.flatMap((item, i) => (keyOf(of.target, of.language, item) === key ? [{ of, i }] : [])));
    if (all.length === 0) return void dialog.close();
    const { of: { language, target, items }, i: first } = all[0];
    const item = items[first];
    const told = (label, of) => h("section", { class: "card", "aria-label": label }, h("h4", {}, label), h("p", {}, foreign(sentence(run, of, item), of)));
    dialog.title.replaceChildren(`Line ${plain(item)}, ${languageName(language)} into ${languageName(target)}`);
    dialog.body.replaceChildren(
      h("div", { class: "cards" }, ...[
        told(`Source, ${languageName(language)}`, language),
        language !== run.pivot && sentence(run, run.pivot, item) && told(`Pivot, ${languageName(run.pivot)}`, run.pivot),
        told(`Reference, ${languageName(target)}`, target)].filter(Boolean)),
      dataTable({
        name: `line-${item}`, columns: ["condition", "text", "chrF++", "log p by token", "language out", "ends with"], filter: false,
        rows: all.map(({ of, i }) => [of.condition || "clean", of.texts[i], of.chrfpp[i], byToken(of, i), of.languages_out[i], of.stops[i]]),
        cell: (name, value) => (name === "text" ? foreign(value, target) : name === "chrF++" && !unknown(value) ? number(value, 3) : undefined),
      }));
    dialog.open();
  }

  page.listen(["sentence", "run"], draw);
  return { element: dialog.element, draw };
}
