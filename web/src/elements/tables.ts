/** Tables of figures, and the mark of a half of a comparison. */
import { h } from "./dom";

/** The cell above a column. */
export function column(...content: (Node | string)[]): HTMLElement {
  return h("th", { scope: "col" }, ...content);
}

/** A table anew: the cells above its columns, its rows, and what it is called, if that is said. */
export function fillTable(
  table: HTMLTableElement,
  columns: readonly HTMLElement[],
  rows: readonly HTMLElement[],
  caption: HTMLElement | null = null,
): void {
  table.replaceChildren(
    ...(caption ? [caption] : []),
    h("thead", {}, h("tr", {}, ...columns)),
    h("tbody", {}, ...rows),
  );
}

/** The colour of a half. */
export function sideMark(side: "left" | "right"): HTMLElement {
  return h("span", { class: `side-mark ${side}`, "aria-hidden": "true" });
}
