// Numbers as people read them.

export const unknown = (value) => value === null || value === undefined || Number.isNaN(value);

export const percent = (share, digits = 0) => (unknown(share) ? "–" : `${(100 * share).toFixed(digits)} %`);

export function number(value, digits = 3) {
  if (unknown(value)) return "–";
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

export const pText = (p) => (unknown(p) ? "–" : p < 0.001 ? "< .001" : p.toFixed(3).replace(/^0/, ""));

export const interval = (pair, text = number) => (unknown(pair) ? "–" : `[${text(pair[0])}, ${text(pair[1])}]`);

export const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
