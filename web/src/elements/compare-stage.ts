/** `<compare-stage>`: both futures of a comparison on a map each, which move together. */
import type { Map as MapLibre } from "maplibre-gl";
import type { Status } from "../api/types";
import { kmh, number } from "../format";
import { onLanguage, t } from "../i18n";
import { LiveModel } from "../live/model";
import { halfTitle } from "./compare-panel";
import { h, LiveElement, live, setText } from "./dom";

const SIDES = ["left", "right"] as const;
type Side = (typeof SIDES)[number];

export class CompareStage extends LiveElement {
  #id = -1;
  #life: AbortController | null = null;
  #maps: MapLibre[] = [];

  protected override build(signal: AbortSignal): void {
    this.model.comparison.on("change", () => this.#show(), signal);
    onLanguage(() => this.setAttribute("aria-label", t("compareMaps")), signal);
    this.setAttribute("role", "group");
    signal.addEventListener("abort", () => this.#clear(), { once: true });
    this.#show();
  }

  #clear(): void {
    this.#life?.abort();
    this.#life = null;
    this.#maps = [];
    this.#id = -1;
    this.replaceChildren();
  }

  #show(): void {
    const { current } = this.model.comparison;
    if (current?.id === this.#id) return;
    this.#clear();
    if (!current) return;
    this.#id = current.id;
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.append(...SIDES.map((side) => this.#pane(side, current.id, signal)));
  }

  #pane(side: Side, comparison: number, signal: AbortSignal): HTMLElement {
    const model = new LiveModel({ comparison, side });
    const title = h("b");
    const clock = h("span", { class: "pane-clock" });
    const figures = h("span", { class: "pane-figures" });
    const mark = h("span", { class: `side-mark ${side}`, "aria-hidden": "true" });
    const head = h("div", { class: "pane-head" }, mark, title, clock, figures);
    const map = live("city-map", model);
    map.onReady = (drawn) => this.#join(drawn);
    const show = (status: Status | null): void => {
      const half = this.model.comparison.current?.[side];
      if (half) setText(title, halfTitle(this.model, half));
      if (!status) return;
      setText(clock, status.clock);
      const speed = `${kmh(status.mean_speed, 1)} ${t("unitKmh")}`;
      setText(figures, `${number(status.running)} ${t("unitVehicles")} · ${speed}`);
    };
    onLanguage(() => show(model.status), signal);
    model.on("status", show, signal);
    signal.addEventListener("abort", () => model.stop(), { once: true });
    void model.start();
    return h("section", { class: `pane ${side}` }, head, h("div", { class: "pane-map" }, map));
  }

  /** What one map shows the other shows too. */
  #join(map: MapLibre): void {
    this.#maps.push(map);
    let following = false;
    const follow = (from: MapLibre, to: MapLibre): void => {
      from.on("move", () => {
        if (following) return;
        following = true;
        to.jumpTo({ center: from.getCenter(), zoom: from.getZoom() });
        following = false;
      });
    };
    const [first, second] = this.#maps;
    if (!first || !second) return;
    second.jumpTo({ center: first.getCenter(), zoom: first.getZoom() });
    follow(first, second);
    follow(second, first);
  }
}
