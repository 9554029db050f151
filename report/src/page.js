// The page from top to bottom.
import { ablationsOf, controlsOf, corporaOf, directions, info, metricsOf, partName, partsOf, placeName, placesOf, rowsOf, rowsOfPart, translatedOf } from "./data.js";
import { h, languageName, plain } from "./dom.js";
import { figureNamed } from "./figures.js";
import { FigureBlock, followSurroundings } from "./figureview.js";
import { itemDialog, itemsSection } from "./items.js";
import { counted, number, percent, unknown } from "./numbers.js";
import { get, on, set } from "./state.js";
import { dataTable } from "./table.js";
import { translationDialog, translationsSection } from "./translations.js";
import { themes } from "./theme.js";

const baseName = (path) => String(path).split("/").filter(Boolean).at(-1) ?? "";

/// What is chosen for the whole page.
class Page {
  constructor(document) {
    this.document = document;
  }

  choices(key) {
    if (key === "run") return this.document.runs.map((run) => run.name);
    if (key === "part") return partsOf(this.document);
    if (key === "metric") return metricsOf(this.document, this.part());
    if (key === "corpus") return corporaOf(this.document);
    if (key === "translated") return translatedOf(this.document);
    if (key === "ablation") return ablationsOf(this.document, this.part());
    if (key === "control") return ["", ...controlsOf(this.document, this.part(), this.place())];
    return placesOf(this.document, this.part());
  }

  choice(key) {
    const known = this.choices(key);
    return known.includes(get(key)) ? get(key) : known[0];
  }

  part = () => this.choice("part");
  metric = () => this.choice("metric");
  place = () => this.choice("place");
  control = () => this.choice("control");
  run = () => this.document.runs.find((run) => run.name === this.choice("run"));
  listen = on;

  context(run, width = 720, theme = themes.page) {
    return { run, first: this.document.runs[0], comparison: this.document.comparison, part: this.part(), metric: this.metric(), place: this.place(), control: this.control(), corpus: this.choice("corpus"), ablation: this.choice("ablation"), translated: this.choice("translated"), width, theme };
  }

  static titles = { run: "Results", part: "Task", metric: "Metric", place: "Patched", corpus: "Corpus", ablation: "Taken out", translated: "Patched", control: "Main against" };

  /// Nothing where there is no choice.
  chooser(key) {
    const known = this.choices(key);
    if (known.length < (key === "control" ? 3 : 2)) return null;
    const select = h("select", { onchange: () => set({ [key]: select.value }) }, known.map((value) => h("option", { value }, value ? plain(value) : "all controls")));
    select.value = this.choice(key);
    return h("label", {}, `${Page.titles[key]} `, select);
  }
}

const section = (id, title, ...children) => h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...children);

function tableOf(name, table, options = {}) {
  const used = table.columns.map((_, i) => i).filter((i) => table.rows.some((row) => !unknown(row[i]) && row[i] !== ""));
  return dataTable({ name, columns: used.map((i) => table.columns[i]), rows: table.rows.map((row) => used.map((i) => row[i])), ...options });
}

const facts = (pairs) => h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

function whatWasRun(page) {
  const all = page.document.runs.map((run) => {
    const tasks = run.parts.map((part) => {
      const languages = rowsOfPart(run, "languages", partName(part)).map((row) => row.language);
      return h("span", { class: "line" }, `${plain(part.task)} (${plain(part.protocol)}): ${counted(part.items, "item")} in ${languages.map(plain).join(", ")}`);
    });
    const seconds = info(run, "seconds");
    return h("div", { class: "run" },
      page.document.runs.length > 1 && h("h3", {}, plain(run.name)),
      facts([
        ["Model", info(run, "model") && plain(baseName(info(run, "model")))],
        ["Family, precision", info(run, "family") && `${plain(info(run, "family"))}, ${plain(info(run, "dtype") ?? "")}`],
        ["Tasks", tasks.length > 0 ? tasks : undefined],
        ["Pivot", [...new Set(run.parts.length > 0 ? run.parts.flatMap((part) => part.pivots) : [run.pivot])].map(languageName).join(", ")],
        ["Patches", placesFor(run)],
        ["Controls", run.controls.length > 0 ? run.controls.map(plain).join(", ") : undefined],
        ["Run", info(run, "started") && `${plain(info(run, "started").replace("T", " ").replace("Z", " UTC"))}${seconds ? `, ${plain(seconds)} s on ${counted(Number(info(run, "threads") ?? 1), "thread")}` : ""}`],
        ["tertium", info(run, "tertium") && plain(info(run, "tertium"))],
        ["Imported", info(run, "imported") && plain(info(run, "imported"))],
      ]),
      !run.finished && h("div", { class: "warning", role: "note" }, h("strong", {}, "This run has not finished. "), "What follows is of a part; missing: ", run.missing.map(plain).join("; "), "."));
  });
  return h("div", { class: all.length > 1 ? "several" : null }, all);
}

function placesFor(run) {
  const names = [...new Set((run.tables.places?.rows ?? []).map((row) => placeName(Object.fromEntries(run.tables.places.columns.map((name, i) => [name, row[i]])))))];
  if (names.length === 0) return undefined;
  return names.length <= 6 ? names.map(plain).join("; ") : `${names.slice(0, 6).map(plain).join("; ")} and ${names.length - 6} more`;
}

function dataWarnings(page) {
  const all = page.document.runs.flatMap((run) => run.warnings.map((warning) => ({ run, ...warning })));
  if (all.length === 0) return [h("p", {}, "The run noted nothing of its items. ", h("code", {}, "tertium audit"), " looks further.")];
  return [h("ul", { class: "warnings" }, all.map(({ run, text, where }) => h("li", {}, page.document.runs.length > 1 && h("em", {}, `${plain(run.name)}: `), text, " ", h("span", { class: "where" }, where.map(plain).join("; ")))))];
}

function noise(page) {
  const paragraphs = page.document.runs.map((run) => {
    const name = page.document.runs.length > 1 ? `${plain(run.name)}: ` : "";
    if (run.tables.places.rows.length === 0) return h("p", {}, `${name}Nothing was patched.`);
    if (unknown(run.noise_floor)) return h("p", {}, `${name}Noise floor: not measured, since no item was patched with itself (control self).`);
    const worst = Math.max(0, ...rowsOfPart(run, "places", page.part()).map((row) => row.noise_rate ?? 0));
    return h("p", {}, h("strong", {}, `${name}Noise floor: ${number(run.noise_floor, 2)}. `),
      `That is by how much a score moves at most where an item is patched with its own activations, which changes nothing but rounding. ${worst > 0 ? `It flips up to ${percent(worst)} of items: the precision is too coarse here.` : "It flips no item."}`);
  });
  return h("div", { class: "noise" }, paragraphs);
}

function harm(page) {
  const box = h("p", { class: "note" });
  const draw = () => {
    const names = placesOf(page.document, page.part());
    const measured = names.filter((name) => !directions[name.split(" ")[0]]?.repairs);
    box.textContent = names.length === 0 ? "" : measured.length > 0
      ? `Harm, the right answers that the same patch turns wrong, is the figure of flips with ${measured.map((name) => `“${name}”`).join(" or ")} chosen.`
      : "Harm was not measured: a patch that repairs may also turn right answers wrong. Add keep to patch.directions to see it.";
  };
  page.listen(["part"], draw);
  draw();
  return box;
}

/// What it is about, then what is said of it.
function sentenceItem(sentence) {
  const at = sentence.indexOf(": ");
  const text = (part) => part.replaceAll(" %", "\u00a0%");
  return at < 0 ? h("li", {}, text(sentence)) : h("li", {}, h("strong", {}, text(sentence.slice(0, at + 1))), text(sentence.slice(at + 1)));
}

function conclusions(page) {
  return page.document.runs.map((run) => [
    page.document.runs.length > 1 && h("h3", {}, plain(run.name)),
    run.conclusions.length > 0 ? h("ul", { class: "conclusions" }, run.conclusions.map(sentenceItem)) : h("p", {}, "The tables allow no conclusion."),
  ]);
}

const tableTitles = {
  languages: "Languages: accuracy and transfer",
  layer_choice: "TS against TF at a layer chosen by a rule",
  alignment: "TS against TF at every layer",
  across: "Accuracy with alignment across languages",
  places: "Main against its strongest control",
  flips: "Every control at every place",
  regression: "Regression of right answers",
  corpora: "Parallel corpora",
  lens: "The lens at every layer",
  ablations: "Answers with a part taken out, and its control",
  ablated_alignment: "Alignment with a part taken out, and its control",
  repairs: "Repairs beside their controls and their harm",
  repaired_alignment: "Alignment under repairs",
  translations: "Translations by language",
  translation_alignment: "Alignment with a translation's quality",
  translation_patches: "What patches do to the reference, every control",
};

/// Made when opened: there may be many rows.
function details(title, make) {
  const place = h("div");
  const element = h("details", { ontoggle: () => element.open && place.childElementCount === 0 && place.append(make()) }, h("summary", {}, title), place);
  return element;
}

function testTables(page) {
  return page.document.runs.map((run) => [
    page.document.runs.length > 1 && h("h3", {}, plain(run.name)),
    Object.entries(tableTitles)
      .filter(([name]) => run.tables[name]?.rows.length > 0)
      .map(([name, title]) => details(`${title} (${name}, ${counted(run.tables[name].rows.length, "row")})`, () => tableOf(name, run.tables[name]))),
  ]);
}

function comparison(page) {
  const { comparison: of } = page.document;
  if (!of) return null;
  if (of.note) return section("compare", "Compared", h("p", {}, `The folders cannot be compared item by item: ${of.note}`));
  const changed = of.tables.items;
  const [at, task, protocol, won] = ["item", "task", "protocol", "won"].map((name) => changed.columns.indexOf(name));
  return section("compare", "Compared on the same items",
    h("ul", { class: "conclusions" }, of.conclusions.map(sentenceItem)),
    h("h3", {}, "Answers"), tableOf("answers", of.tables.answers),
    new FigureBlock(page, figureNamed("compared")).element,
    of.tables.flips.rows.length > 0 && details(`Flips at blocks of the same depth (flips, ${counted(of.tables.flips.rows.length, "row")})`, () => tableOf("compared-flips", of.tables.flips)),
    of.tables.alignment.rows.length > 0 && details(`Alignment at layers of the same depth (${counted(of.tables.alignment.rows.length, "row")})`, () => tableOf("alignment", of.tables.alignment)),
    h("h3", {}, "Items that changed"),
    changed.rows.length === 0 ? h("p", {}, "No answer changed.") : tableOf("items-changed", changed, {
      cell(name, value, row) {
        if (name === "item") return h("a", { href: "#", onclick: (event) => (event.preventDefault(), set({ part: `${row[task]}/${row[protocol]}`, item: row[at] })) }, plain(value));
        if (name === "won" && won >= 0) return value === 1 ? "won: right in the second only" : "lost: right in the first only";
        return undefined;
      },
    }));
}

function reproduce(page) {
  return page.document.runs.map((run) => {
    const experiment = info(run, "experiment");
    const hashes = run.info.filter(([key]) => key.startsWith("sha256 ")).map(([key, value]) => [key.slice("sha256 ".length), value]);
    const known = ["experiment"];
    const others = run.info.filter(([key]) => !key.startsWith("sha256 ") && !known.includes(key));
    return [
      page.document.runs.length > 1 && h("h3", {}, plain(run.name)),
      experiment && [
        h("p", {}, "Put this into a file, ", h("code", {}, "experiment.toml"), ", and call ", h("code", {}, "tertium run experiment.toml --out results"), ". Paths count from the file's folder; the files must have the hashes below."),
        h("pre", { tabindex: "0", "aria-label": "The experiment" }, experiment),
      ],
      hashes.length > 0 && details(`Files and their SHA-256 (${hashes.length})`, () => dataTable({ name: "hashes", columns: ["file", "sha256"], rows: hashes })),
      others.length > 0 && details(`All that the run noted (${others.length})`, () => dataTable({ name: "runs", columns: ["key", "value"], rows: others, pageSize: 40 })),
    ];
  });
}

const bibtex = (version) => `@software{tertium,
  title   = {tertium: is the meaning of an item misaligned inside a multilingual language model?},
  version = {${version}}
}
@misc{arxiv.2504.09378,
  title  = {The study that tertium implements},
  eprint = {2504.09378},
  archivePrefix = {arXiv}
}`;

function cite(page) {
  return [
    h("p", {}, "Cite the study whose method this is, and the version of tertium that computed the numbers:"),
    h("pre", { tabindex: "0", "aria-label": "BibTeX" }, bibtex(page.document.tertium)),
    h("p", { class: "note" }, "Benchmarks and models have authors and licences of their own: cite them too."),
  ];
}

function titleOf(document) {
  const models = [...new Set(document.runs.map((run) => info(run, "model") && baseName(info(run, "model"))).filter(Boolean))];
  const of = (values) => [...new Set(document.runs.flatMap(values))];
  const tasks = [...of((run) => run.parts.map((part) => part.task)), ...of((run) => run.tables.corpora?.rows.map((row) => row[run.tables.corpora.columns.indexOf("corpus")]) ?? []),
    ...of((run) => rowsOf(run.tables.translations).map((row) => `translation into ${row.target}`))];
  return `${models.length > 0 ? models.map(plain).join(", ") : document.runs.map((run) => plain(run.name)).join(", ")} on ${tasks.map(plain).join(", ")}`;
}

function standfirst(document) {
  const run = document.runs[0];
  const languages = new Set(run.tables.languages.rows.map((row) => row[run.tables.languages.columns.indexOf("language")]));
  const pivots = new Set(run.parts.flatMap((part) => part.pivots));
  for (const pivot of pivots) languages.delete(pivot);
  const translated = new Set(rowsOf(run.tables.translations).map((row) => row.language));
  if (languages.size === 0 && translated.size > 0) return `${counted(translated.size, "language")} translated: how well, whether a sentence's alignment with ${languageName(run.pivot)} tells, and what the pivot's states do to the reference.`;
  if (languages.size === 0) return "Which layers align the sentences of parallel corpora.";
  return `${counted(languages.size, "language")} held against ${pivots.size === 1 ? languageName([...pivots][0]) : "pivots of their own"}: which items the model solves there but not here, whether their meaning is aligned inside it, and whether putting the meaning in repairs the answer.`;
}

export function openPage(document_, root) {
  const page = new Page(document_);
  const figure = (id) => new FigureBlock(page, figureNamed(id)).element;
  const dialog = itemDialog(page);
  const several = document_.runs.length > 1;
  const isAsked = partsOf(document_).length > 0; // else there are corpora or translations only
  const isTranslated = document_.runs.some((run) => rowsOf(run.tables.translations).length > 0);
  const sentence = translationDialog(page);
  const sections = [
    section("run", "What was run", whatWasRun(page)),
    section("warnings", "Data warnings", dataWarnings(page)),
    isAsked && section("accuracy", "Accuracy and transfer", figure("accuracy"), figure("transfer")),
    section("alignment", "Alignment", figure("alignment"), figure("corpora")),
    document_.runs.some((run) => run.tables.lens.rows.length > 0) && section("lens", "When the answer stands there", figure("lens")),
    document_.runs.some((run) => run.tables.across_points.rows.length > 0) && section("across", "Across languages", figure("correlation")),
    isAsked && section("patching", "Patching", figure("flips"), figure("heatmap"), figure("heads"), figure("recovery"), harm(page), noise(page)),
    document_.runs.some((run) => run.tables.ablations.rows.length > 0) && section("ablation", "What answers and alignment rest on", figure("ablations"), figure("ablated_alignment"), figure("ablated_heads")),
    document_.runs.some((run) => run.tables.repairs.rows.length > 0) && section("repair", "Repair without training", figure("repairs")),
    isTranslated && section("translation", "Translation", figure("translations"), figure("translation_alignment"), figure("translation_patches")),
    section("conclusions", "Tests and conclusions",
      h("p", { class: "note" }, "Sentences are made by rule from the tables, the same for every run. Every p has its family: Holm over languages, Benjamini-Hochberg over layers and languages."),
      conclusions(page), testTables(page)),
    comparison(page),
    isAsked && section("items", "Items", itemsSection(page)),
    isTranslated && section("sentences", "Translations by sentence", translationsSection(page)),
    section("reproduce", "Cite and reproduce", cite(page), reproduce(page)),
  ].filter(Boolean);
  const links = sections.map((one) => h("li", {}, h("a", { href: `#${one.id}`, onclick(event) {
    event.preventDefault();
    one.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    one.querySelector("h2").setAttribute("tabindex", "-1");
    one.querySelector("h2").focus({ preventScroll: true });
  } }, one.querySelector("h2").textContent)));
  const bar = h("div", { class: "parts choosers" });
  const chooseParts = () => bar.replaceChildren(...[page.chooser("part")].filter(Boolean));
  chooseParts();
  on(["part"], chooseParts);

  document.title = `${titleOf(document_)} · tertium`;
  root.replaceChildren(
    h("a", { class: "skip", href: "#main", onclick: (event) => (event.preventDefault(), main.focus()) }, "Skip to the results"),
    h("header", { class: "top" },
      h("p", { class: "kicker" }, `tertium ${plain(document_.tertium)}${several ? `, ${document_.runs.length} results side by side` : ""}`),
      h("h1", {}, titleOf(document_)), h("p", { class: "standfirst" }, standfirst(document_))),
    h("nav", { "aria-label": "Sections" }, h("ol", {}, links), bar),
  );
  const main = h("main", { id: "main", tabindex: "-1" }, sections);
  root.append(main, dialog.element, sentence.element);
  followSurroundings();
  dialog.draw();
  sentence.draw();
  performance.mark("ready");
}
