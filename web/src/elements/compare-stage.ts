/** `<compare-stage>`: both futures of a comparison on a map each, which move together. */
import { type Map as MapLibre, Marker } from "maplibre-gl";
import { api } from "../api/client";
import type { MissionReport, Status } from "../api/types";
import { kmh, number } from "../format";
import { onLanguage, t } from "../i18n";
import { LiveModel } from "../live/model";
import { placeOf } from "../map/place";
import { halfTitle } from "./compare-panel";
import { h, LiveElement, live, setText } from "./dom";
import { sideMark } from "./tables";

const SIDES = ["left", "right"] as const;
/** About three kilometres around the scene. */
const SCENE_ZOOM = 13;
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
    const head = h("div", { class: "pane-head" }, sideMark(side), title, clock, figures);
    const map = live("city-map", model);
    map.onReady = (drawn) => {
      this.#join(drawn);
      this.#showMission(drawn, model, side, signal);
    };
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

  /** The way to the scene, the scene, and where the ambulance is. */
  #showMission(map: MapLibre, model: LiveModel, side: Side, signal: AbortSignal): void {
    const mission = (): MissionReport | null =>
      this.model.comparison.current?.[side].mission ?? null;
    const sent = mission();
    if (!sent) return;
    model.mark("corridor", sent.route);
    const mark = (kind: string): Marker =>
      new Marker({ element: h("div", { class: `mission-mark ${kind}` }) });
    const vehicle = mark("vehicle");
    const scene = sent.route.at(-1);
    if (scene !== undefined) void placeScene(map, mark("scene"), scene, side === "left");
    model.on(
      "vehicles",
      (frame) => {
        const place = placeOf(frame, sent.vehicle);
        if (!place) vehicle.remove();
        else vehicle.setLngLat(place).addTo(map);
      },
      signal,
    );
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

/** Marks the scene; with `look` the map goes there. */
async function placeScene(map: MapLibre, mark: Marker, link: number, look: boolean): Promise<void> {
  const { centre } = await api.link(link).catch(() => ({ centre: undefined }));
  if (!centre) return;
  mark.setLngLat([centre[0], centre[1]]).addTo(map);
  if (look) map.jumpTo({ center: [centre[0], centre[1]], zoom: SCENE_ZOOM });
}
