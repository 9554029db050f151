// Elements are made here and nowhere else. Texts become text nodes, never markup.

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// What turns the direction of the text around it. Shown as what it is, since an item may use it to hide what it says.
const turning = /[\u202a-\u202e\u2066-\u2069]/u;
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u;

const named = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/// A name, on one line, with nothing in it that turns or hides what is around it.
export function plain(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, (c) => `⟨${named(c)}⟩`);
}

/// A text in its own script and direction, apart from what is around it.
export function foreign(text, language, attributes = {}) {
  const pieces = String(text)
    .split(/([\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069])/u)
    .map((piece) =>
      piece.length === 1 && (turning.test(piece) || control.test(piece))
        ? h("span", { class: "control" }, named(piece))
        : piece,
    );
  return h("bdi", { dir: "auto", lang: languageTag(language), ...attributes }, pieces);
}

/// As HTML wants it, where the name is one.
function languageTag(name) {
  const tag = String(name).replaceAll("_", "-");
  return /^[a-z]{2,3}(-[A-Za-z]{2,8})*$/.test(tag) ? tag : undefined;
}

let names;
/// "Italian (it)"
export function languageName(code) {
  const known = /^[a-z]{2,3}$|^[a-z]{3}_[A-Z][a-z]{3}$/.test(code);
  try {
    names ??= new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });
    const name = known && names.of(code.split("_")[0]); // the script stands in the code
    return name ? `${name} (${code})` : plain(code);
  } catch {
    return plain(code);
  }
}

export function download(name, href) {
  const link = h("a", { download: name, href });
  document.body.append(link);
  link.click();
  link.remove();
}

export function downloadText(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  download(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "offscreen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
