// Translations sentence by sentence, and all that is known of one of them.
import { foreign, h, languageName, plain } from "./dom.js";
import { number, unknown } from "./numbers.js";
import { get, set } from "./state.js";
import { dataTable } from "./table.js";

const columns = ["line", "language", "source", "text", "chrF++", "log p by token", "language out"];
const short = (text) => (text.length > 90 ? `${text.slice(0, 88)}…` : text);

const byToken = (of, i) => (unknown(of.log_probs[i]) || of.tokens[i] === 0 ? null : of.log_probs[i] / of.tokens[i]);
const sentence = (run, language, item) => run.translations.sentences[language]?.[item] ?? "";
const clean = (run) => (run.translations?.texts ?? []).filter((of) => of.condition === "");

/// A sentence in the address: target, language and line.
const keyOf = (of, i) => `${of.target}/${of.language}/${of.items[i]}`;

export function translationsSection(page) {
  const place = h("div"), choosers = h("div", { class: "choosers" }), note = h("p", { class: "note" });
  const draw = () => {
    const run = page.run();
    const groups = clean(run);
    const languages = [...new Set(groups.map((of) => of.language))];
    const select = h("select", { onchange: () => set({ tl: select.value }) }, h("option", { value: "" }, "all"), languages.map((one) => h("option", { value: one }, languageName(one))));
    select.value = languages.includes(get("tl")) ? get("tl") : "";
    choosers.replaceChildren(...[page.document.runs.length > 1 && page.chooser("run"), h("label", {}, "Language ", select)].filter(Boolean));
    const rows = groups.filter((of) => !select.value || of.language === select.value).flatMap((of) => of.items.map((item, i) =>
      [`${item} → ${of.target}`, of.language, short(sentence(run, of.language, item)), short(of.texts[i]), of.chrfpp[i], byToken(of, i), of.languages_out[i], keyOf(of, i)]));
    note.textContent = rows.length > 0 ? "A line opens its source, its reference and the texts under every patch." : "No text was generated: the run read the reference's log-probability alone.";
    place.replaceChildren(dataTable({
      name: "translations-by-sentence", columns, rows, pageSize: 15,
      cell(name, value, row) {
        if (name === "line") return h("a", { href: "#", onclick: (event) => (event.preventDefault(), set({ sentence: row.at(-1) })) }, plain(value));
        if (name === "language") return languageName(value);
        if (name === "source") return foreign(value, row[1]);
        if (name === "text") return foreign(value, row[0].split(" → ").at(-1));
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
  const body = h("div", { class: "body" }), title = h("h3", { id: "sentence-title", tabindex: "-1" });
  const dialog = h("dialog", { "aria-labelledby": "sentence-title", onclose: () => set({ sentence: null }) },
    h("header", {}, title, h("div", { class: "tools" }, h("button", { type: "button", onclick: () => dialog.close() }, "Close"))), body);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  function draw() {
    const run = page.run(), key = get("sentence");
    const all = key ? (run.translations?.texts ?? []).flatMap((of) => of.items.map((_, i) => ({ of, i }))).filter(({ of, i }) => keyOf(of, i) === key) : [];
    if (all.length === 0) {
      if (dialog.open) dialog.close();
      return;
    }
    const { of: { language, target, items }, i: first } = all[0];
    const item = items[first];
    title.replaceChildren(`Line ${plain(item)}, ${languageName(language)} into ${languageName(target)}`);
    const told = (label, text, of) => h("section", { class: "card", "aria-label": label }, h("h4", {}, label), h("p", {}, foreign(text, of)));
    body.replaceChildren(
      h("div", { class: "cards" },
        told(`Source, ${languageName(language)}`, sentence(run, language, item), language),
        language !== run.pivot && sentence(run, run.pivot, item) && told(`Pivot, ${languageName(run.pivot)}`, sentence(run, run.pivot, item), run.pivot),
        told(`Reference, ${languageName(target)}`, sentence(run, target, item), target)),
      dataTable({
        name: `line-${item}`, columns: ["condition", "text", "chrF++", "log p by token", "language out", "ends with"], filter: false,
        rows: all.map(({ of, i }) => [of.condition || "clean", of.texts[i], of.chrfpp[i], byToken(of, i), of.languages_out[i], of.stops[i]]),
        cell: (name, value) => (name === "text" ? foreign(value, target) : name.startsWith("chrF") && !unknown(value) ? number(value, 3) : undefined),
      }));
    if (!dialog.open) dialog.showModal();
    title.focus({ preventScroll: true });
    dialog.scrollTop = 0;
  }

  page.listen(["sentence", "run"], draw);
  return { element: dialog, draw };
}
