// A figure of the page: drawn when it comes into view, once for each run, with its caption, its numbers and its files.
import { svgOf, view } from "./chart.js";
import { download, downloadText, h, plain } from "./dom.js";
import { captionOf, specification } from "./figures.js";
import { unknown } from "./numbers.js";
import { dataTable } from "./table.js";
import { isPrinting, themes } from "./theme.js";

const paperWidth = 720;

let tip;

/// Values on hover, as text.
function showTip(_, event, __, value) {
  if (unknown(value) || typeof value !== "object") return void tip?.classList.remove("shown");
  placeTip(event.target.closest("dialog") ?? document.body);
  const pairs = Object.entries(value).filter(([, text]) => !/^(null|NaN|undefined)%?$/.test(String(text)));
  tip.replaceChildren(h("dl", {}, pairs.map(([name, text]) => [h("dt", {}, name), h("dd", {}, plain(text))])));
  tip.classList.add("shown");
  const { width, height } = tip.getBoundingClientRect();
  const x = Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8));
  const y = event.clientY + 18 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 18;
  tip.style.transform = `translate(${x}px, ${Math.max(4, y)}px)`;
}

/// A dialog lies above the page, so that what is shown on hover must lie in it.
function placeTip(parent) {
  tip ??= h("div", { id: "tip", "aria-hidden": "true" });
  parent.append(tip);
}

/// A drawing that keeps the width of its place. `make(width, theme)` gives the specification, or null.
export class Drawing {
  constructor(make, label) {
    this.make = make;
    this.element = h("div", { class: "plot", role: "img", "aria-label": label });
    this.width = 0;
    this.watch = new ResizeObserver(() => {
      const width = Math.floor(this.element.clientWidth);
      if (this.drawn && width > 0 && Math.abs(width - this.width) > 8) this.draw();
    });
    this.watch.observe(this.element);
  }

  draw(width = Math.floor(this.element.clientWidth)) {
    this.drawn?.finalize();
    this.drawn = null;
    this.width = width;
    const spec = this.make(width, themes.page);
    this.element.replaceChildren();
    if (!spec) return false;
    const place = h("div");
    this.element.append(place);
    this.drawn = view(spec).initialize(place).tooltip(showTip).hover();
    this.drawn.run();
    return true;
  }
}

/// The figures of the page.
const all = new Set();
function drawAgain(withAll) {
  for (const block of all) if (block.isDrawn ? block.figure.mixes : withAll) block.draw();
}

/// All are drawn for print, in light; those that mix their colours again where light and dark change.
export function followSurroundings() {
  addEventListener("beforeprint", () => (isPrinting(true), drawAgain(true)));
  addEventListener("afterprint", () => (isPrinting(false), drawAgain(false)));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAgain(false));
}

export class FigureBlock {
  /// `page`: document, choice(key), chooser(key, call), context(run, width, theme).
  constructor(page, figure) {
    this.page = page;
    this.figure = figure;
    this.isDrawn = false;
    this.plots = h("div", { class: "plots" });
    this.caption = h("span");
    this.numbers = h("div", { class: "numbers", hidden: true });
    this.choosers = h("div", { class: "choosers" });
    this.tools = h("div", { class: "tools" },
      this.button("SVG", () => this.each((name, spec) => svgOf(spec).then((svg) => downloadText(`${name}.svg`, svg, "image/svg+xml")))),
      this.button("PNG", () => this.each((name, spec) => view(spec, { renderer: "none" }).toImageURL("png", 3).then((url) => download(`${name}.png`, url)))),
      this.button("Vega-Lite", () => this.each(async (name, spec) => downloadText(`${name}.vl.json`, JSON.stringify(spec, null, 1), "application/json"))),
      (this.toggle = h("button", { type: "button", "aria-expanded": "false", onclick: () => this.showNumbers() }, "Numbers")),
    );
    this.element = h("figure", { id: `figure-${figure.id}` },
      h("div", { class: "above" }, this.choosers),
      this.plots,
      h("figcaption", {}, h("strong", { class: "label" }, `${figure.title}. `), this.caption),
      this.tools, this.numbers,
    );
    all.add(this);
    new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && !this.isDrawn && this.draw(), { rootMargin: "400px" }).observe(this.element);
    page.listen(["part", ...(figure.choices ?? [])], () => this.refresh());
    this.refresh();
  }

  button(text, call) {
    return h("button", { type: "button", title: `Save this figure: ${text}`, onclick: call }, text);
  }

  /// Of each run that has the figure; one that compares runs is drawn once.
  contexts() {
    const { runs } = this.page.document;
    return (this.figure.compares ? runs.slice(0, 1) : runs).map((run) => this.page.context(run)).filter((context) => this.figure.rows(context).length > 0);
  }

  get areSeveral() {
    return this.page.document.runs.length > 1 && !this.figure.compares;
  }

  /// A file for each run that has the figure.
  async each(save) {
    for (const context of this.contexts()) {
      const several = this.areSeveral;
      const spec = specification(this.figure, { ...context, width: paperWidth, theme: themes.paper });
      await save(`${this.figure.id}${several ? `-${plain(context.run.name).replace(/[^\p{L}\p{N}._-]+/gu, "-")}` : ""}`, spec);
    }
  }

  /// What is to be drawn has changed.
  refresh() {
    const contexts = this.contexts();
    this.element.hidden = contexts.length === 0;
    if (contexts.length === 0) return;
    this.choosers.replaceChildren(...(this.figure.choices ?? []).map((key) => this.page.chooser(key)).filter(Boolean));
    const captions = contexts.map((context) => captionOf(this.figure, context));
    if (captions.every((caption) => caption === captions[0])) this.caption.textContent = captions[0];
    else this.caption.replaceChildren(...contexts.map(({ run }, i) => h("span", { class: "ofrun" }, h("em", {}, `${plain(run.name)}: `), captions[i], " ")));
    if (this.isDrawn) this.draw();
    if (!this.numbers.hidden) this.fillNumbers();
  }

  draw() {
    if (this.element.hidden) return;
    this.isDrawn = true;
    const several = this.areSeveral;
    const drawings = this.contexts().map((context) => {
      const make = (width, theme) => specification(this.figure, { ...context, width, theme });
      const drawing = new Drawing(make, `${this.figure.title}${several ? `, ${plain(context.run.name)}` : ""}. ${captionOf(this.figure, context)}`);
      return { drawing, element: h("div", { class: "ofrun" }, several && h("p", { class: "runname" }, plain(context.run.name)), drawing.element) };
    });
    this.plots.classList.toggle("several", drawings.length > 1);
    this.plots.replaceChildren(...drawings.map(({ element }) => element));
    for (const { drawing } of drawings) drawing.draw();
  }

  showNumbers() {
    this.numbers.hidden = !this.numbers.hidden;
    this.toggle.setAttribute("aria-expanded", String(!this.numbers.hidden));
    if (!this.numbers.hidden) this.fillNumbers();
  }

  fillNumbers() {
    this.numbers.replaceChildren(...this.contexts().map((context) => {
      const rows = this.figure.rows(context);
      const columns = Object.keys(rows[0]).filter((name) => rows.some((row) => !unknown(row[name]) && row[name] !== ""));
      return dataTable({ name: this.figure.id, columns, rows: rows.map((row) => columns.map((name) => row[name])), pageSize: 10 });
    }));
  }
}
