/** A link of a list, shown on the map. */
import { api, messageOf } from "../api/client";
import type { LiveModel } from "../live/model";
import { h } from "./dom";

/** Lines a link on the map and flies there. */
async function showLink(model: LiveModel, link: number): Promise<void> {
  model.mark("corridor", [link]);
  try {
    const { centre, length } = await api.link(link);
    if (centre && length) model.emit("focus", { centre, length });
  } catch (error) {
    model.emit("problem", messageOf(error));
  }
}

/** A link's name as a button that shows it. */
export function linkButton(model: LiveModel, link: number | null, name: string): HTMLButtonElement {
  const button = h("button", { type: "button", class: "link", "data-link": link ?? -1 }, name);
  button.addEventListener("click", () => {
    if (link !== null) void showLink(model, link);
  });
  return button;
}
