// What the reader has chosen, kept in the address, so that a view can be sent.

const listeners = new Map(); // by key

let values = read();

function read() {
  const hash = typeof location === "undefined" ? "" : location.hash;
  return new URLSearchParams(hash.includes("=") ? hash.slice(1) : "");
}

export const get = (key) => values.get(key);

export function set(changes) {
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") values.delete(key);
    else values.set(key, value);
  }
  const text = values.toString();
  history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  tell(Object.keys(changes));
}

function tell(keys) {
  const calls = new Set(keys.flatMap((key) => [...(listeners.get(key) ?? [])]));
  for (const call of calls) call();
}

export function on(keys, call) {
  for (const key of keys) {
    if (!listeners.has(key)) listeners.set(key, new Set());
    listeners.get(key).add(call);
  }
}

if (typeof window !== "undefined")
  window.addEventListener("hashchange", () => {
    const before = values;
    values = read();
    const keys = new Set([...before.keys(), ...values.keys()]);
    tell([...keys].filter((key) => before.get(key) !== values.get(key)));
  });
