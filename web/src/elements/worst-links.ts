/** `<worst-links>`: where most time is lost now; a click flies there. */
import { number, ratioClass } from "../format";
import { named, onLanguage, t } from "../i18n";
import { rankLinks } from "../live/ranking";
import { palette } from "../map/palette";
import { every, h, LiveElement, setText } from "./dom";

const SHOWN = 8;
const REFRESH_MS = 2000;

interface Row {
  readonly root: HTMLButtonElement;
  readonly swatch: HTMLElement;
  readonly name: HTMLElement;
  readonly ratio: HTMLElement;
  readonly lost: HTMLElement;
  link: number;
}

export class WorstLinks extends LiveElement {
  readonly #heading = h("h2");
  readonly #columns = h("span", { class: "mark-note" });
  readonly #none = h("p", { class: "none" });
  #rows: Row[] = [];

  protected override build(signal: AbortSignal): void {
    const list = h("ol", { class: "ranking" });
    this.#rows = Array.from({ length: SHOWN }, () => this.#makeRow(list, signal));
    this.append(
      h("div", { class: "section-head" }, this.#heading, this.#columns),
      this.#none,
      list,
    );
    const show = (): void => this.#show();
    onLanguage(show, signal);
    every(REFRESH_MS, show, signal);
    this.model.on("palette", show, signal);
    this.model.on("names", show, signal);
    this.model.on("restart", show, signal);
    let first = true;
    this.model.on(
      "links",
      () => {
        if (first) show();
        first = false;
      },
      signal,
    );
  }

  #makeRow(list: HTMLElement, signal: AbortSignal): Row {
    const row: Row = {
      root: h("button", { type: "button" }),
      swatch: h("span", { class: "swatch", "aria-hidden": "true" }),
      name: h("span", { class: "name" }),
      ratio: h("span", { class: "ratio" }),
      lost: h("span", { class: "lost" }),
      link: -1,
    };
    row.root.append(row.swatch, row.name, row.ratio, row.lost);
    list.append(h("li", {}, row.root));
    row.root.addEventListener("click", () => this.#fly(row.link), { signal });
    return row;
  }

  #fly(link: number): void {
    this.model.select({ kind: "link", index: link });
    this.model.flyTo(link);
  }

  #show(): void {
    setText(this.#heading, t("worstLinks"));
    this.#heading.title = t("worstLinksDefinition");
    setText(this.#columns, t("worstColumns"));
    setText(this.#none, t("worstNone"));
    const ranked = rankLinks(this.model.links.values(), SHOWN);
    this.#none.hidden = ranked.length > 0;
    this.#rows.forEach((row, k) => {
      const entry = ranked[k];
      row.root.hidden = entry === undefined;
      if (!entry) return;
      row.link = entry.link;
      const known = this.model.directory.get(entry.link);
      setText(row.name, known ? named(known.name) : `${t("link")} ${entry.link}`);
      const level = ratioClass(entry.ratio);
      row.swatch.style.backgroundColor = palette().ratio[level];
      row.swatch.dataset.level = String(level);
      setText(row.ratio, `${number((entry.ratio ?? 0) * 100)} %`);
      setText(row.lost, number(entry.lost, 1));
      row.root.title = t("worstLinksDefinition");
    });
  }
}
