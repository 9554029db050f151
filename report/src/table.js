// A table that sorts, filters and copies as CSV; a page of rows at a time.
import { copyText, downloadText, h, plain } from "./dom.js";
import { interval, number, pText, unknown } from "./numbers.js";

const isP = (name) => /(^|_)p($|_)/.test(name);

function shown(name, value) {
  if (unknown(value)) return "–";
  if (Array.isArray(value)) return interval(value);
  if (typeof value === "number") return isP(name) ? pText(value) : number(value);
  return plain(value);
}

/// A text that a spreadsheet would run as a formula gets an apostrophe before it.
const field = (value) => {
  if (unknown(value)) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/// As `tertium stats --format csv` writes it: an interval is two columns.
function csv(columns, rows) {
  const pairs = columns.map((_, i) => rows.some((row) => Array.isArray(row[i])));
  const heading = columns.flatMap((name, i) => (pairs[i] ? [`${name}_low`, `${name}_high`] : [name]));
  const lines = rows.map((row) => row.flatMap((value, i) => (pairs[i] ? (value ?? [null, null]).map(field) : [field(value)])));
  return [heading, ...lines].map((cells) => cells.join(",")).join("\r\n") + "\r\n";
}

const compare = (a, b) => {
  if (unknown(a) || unknown(b)) return unknown(a) - unknown(b);
  const [x, y] = [a, b].map((value) => (Array.isArray(value) ? value[0] : value));
  return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
};

/// `columns`: names; `rows`: lists of values. `cell(name, value, row)` may give an element for a value.
export function dataTable({ name, columns, rows, titles = {}, cell, pageSize = 20, filter = true, sort }) {
  let order = sort ?? null; // { column, down }
  let wanted = "";
  let page = 0;

  const isNumber = columns.map((_, i) => rows.some((row) => typeof row[i] === "number" || Array.isArray(row[i])));
  const body = h("tbody");
  const status = h("span", { class: "status", role: "status" });
  const pager = h("span", { class: "pager" });
  const heads = columns.map((column, i) => {
    const button = h("button", { type: "button", onclick: () => sortBy(i) }, titles[column] ?? column.replaceAll("_", " "));
    return h("th", { scope: "col", class: isNumber[i] ? "number" : null }, button);
  });

  const matches = (row) => row.some((value) => typeof value === "string" && value.toLowerCase().includes(wanted));
  const chosen = () => {
    const some = wanted ? rows.filter(matches) : rows;
    if (!order) return some;
    const sign = order.down ? -1 : 1;
    return [...some].sort((a, b) => {
      const [x, y] = [a[order.column], b[order.column]];
      return unknown(x) || unknown(y) ? compare(x, y) : sign * compare(x, y);
    });
  };

  function sortBy(column) {
    const numeric = rows.some((row) => typeof row[column] === "number");
    order = order?.column === column ? { column, down: !order.down } : { column, down: numeric && !isP(columns[column]) };
    page = 0;
    draw();
  }

  function draw() {
    const all = chosen();
    const pages = Math.max(1, Math.ceil(all.length / pageSize));
    page = Math.min(page, pages - 1);
    heads.forEach((head, i) => {
      if (order?.column === i) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    body.replaceChildren(
      ...all.slice(page * pageSize, (page + 1) * pageSize).map((row) =>
        h("tr", {}, row.map((value, i) =>
          h("td", { class: isNumber[i] ? "number" : null }, cell?.(columns[i], value, row) ?? shown(columns[i], value)),
        )),
      ),
    );
    status.textContent = all.length === rows.length ? `${rows.length} rows` : `${all.length} of ${rows.length} rows`;
    pager.replaceChildren(
      ...(pages > 1
        ? [
            h("button", { type: "button", disabled: page === 0, "aria-label": "previous page", onclick: () => turn(-1) }, "‹"),
            h("span", {}, ` ${page + 1} / ${pages} `),
            h("button", { type: "button", disabled: page === pages - 1, "aria-label": "next page", onclick: () => turn(1) }, "›"),
          ]
        : []),
    );
  }

  function turn(by) {
    page += by;
    draw();
    (by < 0 ? pager.firstElementChild : pager.lastElementChild)?.focus();
  }

  const text = () => csv(columns, chosen());
  const copy = h("button", { type: "button", async onclick() {
    await copyText(text());
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy CSV"), 1500);
  } }, "Copy CSV");
  const tools = h("div", { class: "tools" },
    filter && rows.length > 5 && h("input", { type: "search", placeholder: "Filter", "aria-label": `Filter table ${name}`, oninput(event) {
      wanted = event.target.value.toLowerCase();
      page = 0;
      draw();
    } }),
    status, pager, copy,
    h("button", { type: "button", onclick: () => downloadText(`${name}.csv`, text(), "text/csv") }, "Save CSV"),
  );
  const table = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `Table ${name}` }, h("table", {}, h("thead", {}, h("tr", {}, heads)), body));
  draw();
  return h("div", { class: "datatable" }, table, tools);
}
