// A view over the page of one thing that the address names.
import { h } from "./dom.js";
import { set } from "./state.js";

/// `key`: what names the thing in the address, forgotten when the view closes; `tools`: buttons beside the one that
/// closes it.
export function viewDialog(key, ...tools) {
  const id = `${key}-title`;
  const body = h("div", { class: "body" });
  const title = h("h3", { id, tabindex: "-1" });
  const dialog = h("dialog", { "aria-labelledby": id, onclose: () => set({ [key]: null }) },
    h("header", {}, title, h("span", { class: "tools" }, tools, h("button", { type: "button", onclick: () => dialog.close() }, "Close"))),
    body);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return {
    element: dialog, title, body,
    /// `draw`: what needs a place on the screen first.
    open(draw = () => {}) {
      if (!dialog.open) dialog.showModal();
      draw();
      title.focus({ preventScroll: true });
      dialog.scrollTop = 0;
    },
    close() {
      if (dialog.open) dialog.close();
    },
  };
}
