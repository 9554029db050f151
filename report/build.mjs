// Bundles the page: node build.mjs MODULES OUT writes OUT/page.html, which lacks only its data, and OUT/report.js, the
// program in it. The page's policy names its script and its style by hash, so that nothing else can run in it.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [modules, out] = process.argv.slice(2).map((path) => resolve(path));
const source = join(dirname(fileURLToPath(import.meta.url)), "src");
const esbuild = createRequire(join(modules, "x.js"))("esbuild");

async function bundle(entry, options) {
  const built = await esbuild.build({
    entryPoints: [join(source, entry)],
    bundle: true,
    minify: true,
    write: false,
    charset: "ascii",
    legalComments: "eof", // the licences of what is bundled stay with it
    nodePaths: [modules],
    logLevel: "warning",
    ...options,
  });
  return built.outputFiles[0].text.trim();
}

const once = (text, mark) => {
  if (text.split(mark).length !== 2) throw new Error(`${mark} must stand in the page once`);
  return text;
};
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const script = await bundle("main.js", { format: "iife", globalName: "tertiumReport", target: "es2022" });
const style = await bundle("style.css", { target: ["chrome110", "firefox115", "safari16.4"] });
if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) throw new Error("the bundle ends its own element");

const parts = { SCRIPT: script, STYLE: style, "SCRIPT-HASH": hash(script), "STYLE-HASH": hash(style) };
const template = readFileSync(join(source, "template.html"), "utf8");
const page = template.replace(/TERTIUM-(SCRIPT-HASH|STYLE-HASH|SCRIPT|STYLE)-HERE/g, (_, name) => parts[name]);

mkdirSync(out, { recursive: true });
writeFileSync(join(out, "page.html"), once(page, "TERTIUM-DATA-HERE"));
writeFileSync(join(out, "report.js"), script);
