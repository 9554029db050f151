// From a specification to a drawing. Expressions are interpreted, never compiled, as the page's policy demands.
import { parse, View, Warn } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";

/// Nothing is fetched, whatever a specification says.
const loader = {
  load: () => Promise.reject(new Error("this page loads nothing")),
  sanitize: () => Promise.reject(new Error("this page links nothing")),
  http: () => Promise.reject(new Error("this page loads nothing")),
  file: () => Promise.reject(new Error("this page loads nothing")),
};

const quiet = { level: () => quiet, error: console.error, warn: () => quiet, info: () => quiet, debug: () => quiet };

export function view(spec, options = {}) {
  const compiled = compile(spec, { logger: quiet }).spec;
  const runtime = parse(compiled, null, { ast: true });
  return new View(runtime, { expr: expressionInterpreter, loader, logLevel: Warn, renderer: "svg", ...options });
}

export async function svgOf(spec) {
  const drawn = view(spec, { renderer: "none" });
  const svg = await drawn.toSVG();
  drawn.finalize();
  return svg;
}
