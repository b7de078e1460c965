/** `<help-dialog>`: keyboard shortcuts and the definition of every figure. */
import { onLanguage, type StringName, t } from "../i18n";
import { h, LiveElement, setText } from "./dom";
import { FIGURES } from "./figure-panel";

const KEYS: readonly (readonly [keys: string, meaning: StringName])[] = [
  ["Space", "keySpace"],
  ["+ −", "keyPlusMinus"],
  ["C", "keyC"],
  ["R R", "keyR"],
  ["1 … 5", "keyTasks"],
  ["F", "keyF"],
  ["P", "keyP"],
  ["L", "keyL"],
  ["Esc", "keyEscape"],
  ["?", "keyHelp"],
];

export class HelpDialog extends LiveElement {
  readonly #dialog = h("dialog", { "aria-labelledby": "help-title" });
  readonly #close = h("button", { type: "button", class: "close" });
  readonly #title = h("h2", { id: "help-title" });
  readonly #keys = h("dl", { class: "keys" });
  readonly #definitionsTitle = h("h3");
  readonly #definitions = h("dl", { class: "definitions" });

  protected override build(signal: AbortSignal): void {
    this.#dialog.append(
      h("div", { class: "section-head" }, this.#title, this.#close),
      this.#keys,
      this.#definitionsTitle,
      this.#definitions,
    );
    this.append(this.#dialog);
    this.#close.addEventListener("click", () => this.#dialog.close(), { signal });
    this.#dialog.addEventListener(
      "click",
      (event) => {
        if (event.target === this.#dialog) this.#dialog.close();
      },
      { signal },
    );
    onLanguage(() => this.#show(), signal);
  }

  open(): void {
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  #show(): void {
    setText(this.#title, t("shortcuts"));
    setText(this.#close, t("close"));
    setText(this.#definitionsTitle, t("definitions"));
    this.#keys.replaceChildren(
      ...KEYS.map(([keys, meaning]) =>
        h(
          "div",
          {},
          h("dt", {}, ...keys.split(" ").map((key) => h("kbd", {}, key))),
          h("dd", {}, t(meaning)),
        ),
      ),
    );
    const entry = (name: StringName, definition: StringName): HTMLElement =>
      h("div", {}, h("dt", {}, t(name)), h("dd", {}, t(definition)));
    this.#definitions.replaceChildren(
      ...FIGURES.map(({ name, definition }) => entry(name, definition)),
      entry("safety", "safetyDefinition"),
      entry("worstLinks", "worstLinksDefinition"),
    );
  }
}
