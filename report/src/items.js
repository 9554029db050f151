// All items, one a row, and what is known of one of them.
import { partOf, placeName } from "./data.js";
import { viewDialog } from "./dialog.js";
import { foreign, h, languageName, plain } from "./dom.js";
import { Drawing } from "./figureview.js";
import { itemAlignment, itemPatches } from "./itemfigures.js";
import { number } from "./numbers.js";
import { get, set } from "./state.js";
import { dataTable } from "./table.js";

const groups = ["TS", "TF", "FS", "FF"];
const isPart = (part) => (of) => `${of.task}/${of.protocol}` === part;
const letter = (option) => (option < 26 ? String.fromCharCode(65 + option) : String(option + 1));

const kept = new Map();

/// Results of a run's part by item.
class Items {
  static of(run, part) {
    const key = `${run.name}\n${part}`;
    if (!kept.has(key)) kept.set(key, new Items(run, part));
    return kept.get(key);
  }

  constructor(run, part) {
    this.run = run;
    this.task = run.items.tasks.find((task) => task.task === partOf(run, part)?.task) ?? { ids: [], categories: [], texts: {} };
    this.answers = new Map();
    for (const answers of run.items.answers.filter(isPart(part))) {
      const byItem = new Map();
      let begin = 0;
      answers.items.forEach((item, at) => {
        byItem.set(item, { at, begin });
        begin += answers.options[at];
      });
      this.answers.set(answers.language, { ...answers, byItem });
    }
    this.alignment = run.items.alignment.filter((of) => of.task === this.task.task);
    this.patches = run.items.patches.filter(isPart(part));
    this.detail = run.items.detail;  // "draws", or for many patches "means", "main" or "none"
  }

  answer(language, item) {
    const of = this.answers.get(language);
    const place = of?.byItem.get(item);
    if (!place) return null;
    const { at, begin } = place;
    return {
      pivot: of.pivot, gold: of.gold[at], chosen: of.chosen[at], margin: of.margins[at], group: groups[of.transfer[at]] ?? "",
      scores: of.scores.slice(begin, begin + of.options[at]), hasScores: of.has_scores,
    };
  }

  pivots() {
    return new Set([...this.answers.values()].map((of) => of.pivot));
  }

  /// By language: at how many of how many layers an item is aligned.
  aligned(metric) {
    const all = new Map();
    for (const of of this.alignment) {
      if (of.metric !== metric || of.stream !== "resid" || typeof of.values[0] !== "string") continue;
      const counts = new Map(of.items.map((item, i) => [item, of.values.filter((bits) => bits[i] === "1").length]));
      all.set(of.language, { counts, layers: of.layers.length });
    }
    return all;
  }

  /// By language and item: the blocks at which main changes the answer.
  flipped(place) {
    const all = new Map();
    for (const of of this.patches) {
      if (placeName(of) !== place || of.head >= 0) continue;
      const blocks = new Map();
      of.groups.forEach(({ control, layer, begin }, g) => {
        if (control !== "main") return;
        const end = of.groups[g + 1]?.begin ?? of.items.length;
        for (let i = begin; i < end; ++i) {
          if (!blocks.has(of.items[i])) blocks.set(of.items[i], new Set());
          if (of.changed[i] === "1") blocks.get(of.items[i]).add(layer);
        }
      });
      all.set(of.language, blocks);
    }
    return all;
  }
}

const columns = ["item", "language", "category", "group", "answer", "margin", "aligned", "flips"];

function rowsFor(items, metric, place) {
  const aligned = items.aligned(metric), flipped = items.flipped(place), pivots = items.pivots();
  const rows = [];
  for (const [language, of] of items.answers) {
    if (pivots.has(language)) continue;
    of.items.forEach((item, at) => {
      const near = aligned.get(language), turned = flipped.get(language)?.get(item);
      const right = of.chosen[at] === of.gold[at];
      const answer = of.has_scores ? `${letter(of.chosen[at])} ${right ? "right" : "wrong"}` : right ? "right" : "wrong";
      rows.push({
        number: item, blocks: turned,
        values: [items.task.ids[item], language, items.task.categories[item] ?? "", groups[of.transfer[at]] ?? "", answer,
          of.has_scores ? of.margins[at] : null, near?.counts.has(item) ? near.counts.get(item) : null, turned ? turned.size : null],
      });
    });
  }
  return rows;
}

const options = (values, all) => [h("option", { value: "" }, all), ...values.map((value) => h("option", { value }, value))];

/// A choice that is kept in the address.
export function chooser(key, label, values, all = "all", text = plain) {
  const select = h("select", { onchange: () => set({ [key]: select.value }) }, options(values, all));
  for (const option of select.options) if (option.value) option.textContent = text(option.value);
  select.value = values.includes(get(key)) ? get(key) : "";
  return h("label", {}, `${label} `, select);
}

export function itemsSection(page) {
  const choosers = h("div", { class: "choosers" });
  const place = h("div");
  const note = h("p", { class: "note" });

  function draw() {
    const run = page.run();
    const part = page.part();
    const items = Items.of(run, part);
    const rows = rowsFor(items, page.metric(), page.place());
    const value = (column) => [...new Set(rows.map((row) => row.values[columns.indexOf(column)]))].filter((one) => one !== "" && one !== null);
    const blocks = [...new Set(rows.flatMap((row) => [...(row.blocks ?? [])]))].sort((a, b) => a - b).map(String);
    choosers.replaceChildren(
      ...[
        page.document.runs.length > 1 && page.chooser("run"),
        chooser("il", "Language", value("language"), "all", languageName),
        chooser("ig", "Group", groups.filter((group) => value("group").includes(group))),
        value("category").length > 0 && chooser("ic", "Category", value("category")),
        blocks.length > 0 && chooser("ib", "Flipped at block", ["any", ...blocks], "–"),
        page.chooser("metric"), page.chooser("place"),
      ].filter(Boolean),
    );
    const [language, group, category, block] = ["il", "ig", "ic", "ib"].map(get);
    const chosen = rows.filter(({ values, blocks: at }) =>
      (!language || values[1] === language) && (!group || values[3] === group) && (!category || values[2] === category) &&
      (!block || (block === "any" ? at?.size > 0 : at?.has(Number(block)))));
    const hasTexts = Object.keys(items.task.texts).length > 0;
    note.textContent = `${chosen.length} of ${rows.length} rows, an item in a language each. Aligned: layers at which ${page.metric() ?? "the metric"} calls it aligned. Flips: blocks at which main changes its answer (${page.place() ?? "nothing was patched"}).${hasTexts ? "" : " These results hold no texts: they were imported, or written before results kept them; ids only."}`;
    const used = columns.filter((_, i) => chosen.length === 0 || chosen.some(({ values }) => values[i] !== null && values[i] !== ""));
    const open = new Map(chosen.map((row) => [row.values[0], row.number]));
    place.replaceChildren(dataTable({
      name: "items", columns: used, pageSize: 25,
      rows: chosen.map(({ values }) => used.map((name) => values[columns.indexOf(name)])),
      cell(name, shown) {
        if (name === "item") return h("a", { href: "#", onclick: (event) => (event.preventDefault(), set({ item: items.task.ids[open.get(shown)] })) }, plain(shown));
        if (name === "language") return languageName(shown);
        if (name === "group") return shown && h("span", { class: `group ${shown.toLowerCase()}` }, shown);
        return undefined;
      },
    }));
  }

  page.listen(["part", "metric", "place", "run", "il", "ig", "ic", "ib"], () => drawn && draw());
  let drawn = false;
  const element = h("div", {}, note, choosers, place);
  new IntersectionObserver((seen) => {
    if (drawn || !seen.some((entry) => entry.isIntersecting)) return;
    drawn = true;
    draw();
  }, { rootMargin: "600px" }).observe(element);
  return element;
}

/// Long texts scroll in their own place, which the keyboard must reach.
const scrolls = (text) => (text?.length > 250 ? "0" : null);

/// What a line of an item's patches is.
const lines = {
  draws: "One line a draw.",
  means: "There are many patches: a line is the mean over a control's draws, and a mark is filled where more than half of them changed the answer.",
  main: "There are too many patches to show the controls by item.",
};

/// What an item says and how it was answered, in one language.
function card(items, item, language, isPivot) {
  const answer = items.answer(language, item);
  if (!answer) return null;
  const texts = items.task.texts[language]?.[item] ?? [];
  const count = Math.max(answer.scores.length, texts.length - 1);
  const line = (option) => {
    const isGold = option === answer.gold, isChosen = option === answer.chosen;
    return h("li", { class: `${isGold ? "gold" : ""} ${isChosen ? "chosen" : ""}` },
      h("span", { class: "mark" }, letter(option)),
      h("span", { class: "text", tabindex: scrolls(texts[option + 1]) }, texts.length > 0 ? foreign((texts[option + 1] ?? "").trimStart(), language) : answer.hasScores ? `option ${letter(option)}` : option === 0 ? "right" : "wrong",
        " ", isGold && h("span", { class: "badge" }, "right option"), isChosen && h("span", { class: `badge ${isGold ? "ok" : "no"}` }, "answered")),
      answer.hasScores && h("span", { class: "score" }, number(answer.scores[option], 5)));
  };
  return h("section", { class: "card", "aria-label": languageName(language) },
    h("h4", {}, languageName(language), " ", isPivot ? h("span", { class: "group pivot" }, "pivot") : answer.group ? h("span", { class: `group ${answer.group.toLowerCase()}` }, answer.group) : h("span", { class: "group" }, "undecided")),
    texts.length > 0 && h("p", { class: "context", tabindex: scrolls(texts[0]) }, foreign(texts[0], language)),
    h("ol", { class: "options" }, Array.from({ length: count }, (_, option) => line(option))));
}

function alignmentRows(items, item, metric) {
  const rows = [];
  let isIndicator = true;
  for (const of of items.alignment) {
    if (of.metric !== metric || of.stream !== "resid") continue;
    const at = of.items.indexOf(item);
    if (at < 0) continue;
    of.layers.forEach((layer, l) => {
      const value = of.values[l][at];
      if (typeof value === "number") isIndicator = false;
      if (value !== "." && value !== null) rows.push({ language: languageName(of.language), layer, value: Number(value) });
    });
  }
  return { rows, isIndicator };
}

function patchRows(items, item, place) {
  const rows = [], clean = {}, means = items.detail !== "draws";
  for (const of of items.patches) {
    if (placeName(of) !== place || of.head >= 0) continue;
    const language = languageName(of.language);
    const pivot = items.answer(of.language, item)?.pivot;
    const recipient = ["break", "lift"].includes(of.direction) ? pivot : of.language;
    clean[language] = items.answer(recipient, item)?.margin ?? null;
    of.groups.forEach(({ control, layer, begin }, g) => {
      const end = of.groups[g + 1]?.begin ?? of.items.length;
      for (let i = begin; i < end; ++i)
        if (of.items[i] === item)
          rows.push({ language, control, layer, margin: of.margins[i], changed: of.changed[i] === "1",
            ...(means ? { draw: 0, draws: of.draws[i] } : { draw: of.draws[i], donor: items.task.ids[of.donors[i]] ?? "–", answer: letter(of.chosen[i]) }) });
    });
  }
  return { rows, clean };
}

/// The view of one item, opened by the address.
export function itemDialog(page) {
  const step = (by) => () => {
    const items = Items.of(page.run(), page.part());
    const at = items.task.ids.indexOf(get("item")) + by;
    if (at >= 0 && at < items.task.ids.length) set({ item: items.task.ids[at] });
  };
  const dialog = viewDialog("item",
    h("button", { type: "button", onclick: step(-1), "aria-label": "previous item" }, "‹"),
    h("button", { type: "button", onclick: step(1), "aria-label": "next item" }, "›"));

  function draw() {
    const id = get("item");
    const items = Items.of(page.run(), page.part());
    const item = id === undefined || id === null ? -1 : items.task.ids.indexOf(id);
    if (item < 0) return void dialog.close();
    dialog.title.replaceChildren("Item ", h("bdi", {}, plain(id)), items.task.categories[item] ? `, ${plain(items.task.categories[item])}` : "");
    const pivots = items.pivots();
    const languages = [...items.answers.keys()].sort((a, b) => pivots.has(b) - pivots.has(a));
    const drawings = [];
    const figure = (make, name, caption, choosers) => {
      const drawing = new Drawing(make, name);
      drawings.push(drawing);
      return h("figure", {}, h("div", { class: "choosers" }, choosers), drawing.element, h("figcaption", {}, h("strong", {}, `${name}. `), caption));
    };
    const { rows: near, isIndicator } = alignmentRows(items, item, page.metric());
    const { rows: patched, clean } = patchRows(items, item, page.place());
    dialog.body.replaceChildren(
      h("div", { class: "cards" }, languages.map((language) => card(items, item, language, pivots.has(language)))),
      ...[
        near.length > 0 && figure((width, theme) => itemAlignment(near, isIndicator, { width, theme }), "Alignment of this item by layer",
          isIndicator ? `At which layers ${page.metric()} calls it aligned with the pivot.` : `${page.metric()}, a difference of cosines: above 0 its counterpart is the nearest.`, page.chooser("metric")),
        patched.length > 0 ? figure((width, theme) => itemPatches(patched, clean, { width, theme }), "What each patch did",
          `The right option's score less the best other's, with activations of each control put in at a block (${page.place()}). Above 0 the answer is right; filled marks: the answer changed; dotted: the clean run. ${lines[items.detail]}`, page.chooser("place"))
          : h("p", { class: "note" }, items.detail === "none" ? "There are too many patches to show them by item; tertium export has them." : page.place() ? "This item was not patched there." : "Nothing was patched."),
      ].filter(Boolean));
    dialog.open(() => drawings.forEach((drawing) => drawing.draw()));
  }

  page.listen(["item", "metric", "place", "run", "part"], draw);
  return { element: dialog.element, draw };
}
