/** `<city-map>`: the network and its traffic on a map. */
import {
  AttributionControl,
  type GeoJSONSource,
  type MapGeoJSONFeature,
  Map as MapLibre,
  type MapMouseEvent,
  type PointLike,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { messageOf, tilesUrl } from "../api/client";
import type { Position, Scenario } from "../api/types";
import { every, h, LiveElement, live, setText, svg } from "../elements/dom";
import { number } from "../format";
import { named, onLanguage, t } from "../i18n";
import type { LinkRecord } from "../live/frames";
import type { MarkKind, Selection } from "../live/model";
import { Motion } from "../live/motion";
import { ratioColour } from "./expressions";
import { MissionLayer } from "./mission-layer";
import { palette } from "./palette";
import { SignalLabels } from "./signal-labels";
import { BEFORE_VEHICLES, LABELS, makeStyle, SOURCE } from "./style";
import { VehicleLayer } from "./vehicle-layer";

setWorkerUrl(workerUrl);

const LINK_LAYERS = ["elevated-speed", "elevated-casing", "ground-speed", "ground-casing"];
/** At zoom 0 on the equator, with tiles of 512 pixels. */
const METRES_PER_PIXEL = 78_271.5;
/** Between these zooms lies where a link is flown to. */
const FARTHEST = 13.5;
const CLOSEST = 17;

type Picked = {
  readonly kind: "link" | "signal";
  readonly index: number;
  readonly feature: MapGeoJSONFeature;
};

export class CityMap extends LiveElement {
  /** The map, once the scenario is known: for tests and for the curious. */
  map: MapLibre | null = null;
  readonly motion = new Motion();
  readonly vehicles = new VehicleLayer(this.motion);
  #labels: SignalLabels | null = null;
  /** Whether the whole network is shown, as long as nobody has moved the map. */
  #home = true;
  /** Called once the map is drawn. */
  onReady: ((map: MapLibre) => void) | null = null;
  #marked: { kind: MarkKind; link: number }[] = [];
  #hovered: Picked | null = null;
  #selected: Selection = null;
  readonly #frame = h("div", { class: "map-frame" });
  readonly #tip = h("div", { class: "map-tip", hidden: true });
  readonly #buttons = {
    in: h("button", { type: "button" }, "+"),
    out: h("button", { type: "button" }, "−"),
    fit: h(
      "button",
      { type: "button", "aria-keyshortcuts": "F" },
      svg(
        "svg",
        { viewBox: "0 0 20 20", "aria-hidden": "true" },
        svg("path", { d: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4" }),
      ),
    ),
  };

  protected override build(signal: AbortSignal): void {
    const { in: zoomIn, out: zoomOut, fit } = this.#buttons;
    this.append(
      this.#frame,
      h("div", { class: "map-buttons" }, zoomIn, zoomOut, fit),
      live("map-legend", this.model),
      h("div", { class: "crosshair", "aria-hidden": "true" }),
      this.#tip,
    );
    zoomIn.addEventListener("click", () => this.#zoom(1), { signal });
    zoomOut.addEventListener("click", () => this.#zoom(-1), { signal });
    fit.addEventListener("click", () => this.fit(), { signal });
    onLanguage(() => this.#label(), signal);
    const { model } = this;
    if (model.scenario) this.#start(model.scenario, signal);
    else model.on("scenario", (scenario) => this.#start(scenario, signal), signal);
  }

  /** Shows the whole network. */
  fit(animate = true): void {
    this.#home = true;
    const bounds = this.model.scenario?.network.bounds;
    if (!bounds) return;
    const [west, south, east, north] = bounds;
    this.map?.fitBounds([west, south, east, north], { padding: this.#padding(), animate });
  }

  #zoom(step: number): void {
    this.#home = false;
    this.map?.zoomTo(this.map.getZoom() + step);
  }

  /** Room for what lies over the map: buttons above, the legend below. */
  #padding(): { top: number; bottom: number; left: number; right: number } {
    const legend = this.querySelector("map-legend");
    const covered = this.clientWidth < 600 || !legend ? 12 : legend.clientHeight + 44;
    return { top: 20, bottom: covered, left: 20, right: this.clientWidth < 600 ? 20 : 64 };
  }

  #label(): void {
    const { in: zoomIn, out: zoomOut, fit } = this.#buttons;
    for (const [button, text] of [
      [zoomIn, t("zoomIn")],
      [zoomOut, t("zoomOut")],
      [fit, t("fitNetwork")],
    ] as const) {
      button.setAttribute("aria-label", text);
      button.title = text;
    }
    this.map?.getCanvas().setAttribute("aria-label", t("map"));
  }

  #start(scenario: Scenario, signal: AbortSignal): void {
    const { bounds, driving_side: side, attribution } = scenario.network;
    try {
      this.map = new MapLibre({
        container: this.#frame,
        style: makeStyle(tilesUrl(), bounds, {
          latitude: (bounds[1] + bounds[3]) / 2,
          side,
          size: screenSize(),
          palette: palette(),
        }),
        bounds: [...bounds],
        fitBoundsOptions: { padding: this.#padding() },
        attributionControl: false,
        // Seconds at stop lines change each second: they must not fade in.
        fadeDuration: 0,
        maxZoom: 20.5,
        minZoom: 8,
        dragRotate: false,
        pitchWithRotate: false,
        localIdeographFontFamily:
          "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif",
      });
    } catch (error) {
      this.#frame.append(h("p", { class: "map-failed" }, messageOf(error)));
      return;
    }
    const { map } = this;
    map.touchZoomRotate.disableRotation();
    const source = attribution ?? scenario.network.name;
    map.addControl(
      new AttributionControl({
        compact: false,
        customAttribution: [escaped(t("attribution", { source })), "MapLibre"],
      }),
      "bottom-right",
    );
    map.addControl(new ScaleControl({ maxWidth: 140 }), "bottom-right");
    this.vehicles.size = screenSize();
    this.motion.smooth = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    signal.addEventListener("abort", () => map.remove(), { once: true });
    map.on("error", ({ error }) => this.model.emit("problem", error.message));
    map.on("load", () => this.#live(map, signal));
    this.#label();
  }

  #live(map: MapLibre, signal: AbortSignal): void {
    const { model } = this;
    map.addLayer(this.vehicles, BEFORE_VEHICLES);
    this.#labels = new SignalLabels(map, model);
    new MissionLayer(map, model, signal);
    const sendView = (): void => {
      const bounds = map.getBounds();
      model.setView([bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]);
    };
    sendView();
    map.on("moveend", sendView);
    map.on("mousemove", (event) => this.#hover(event));
    map.on("movestart", (event) => {
      if (event.originalEvent) this.#home = false;
      this.#leave();
    });
    map.on("resize", () => {
      if (this.#home) this.fit(false);
    });
    map.on("mouseout", () => this.#leave());
    map.on("click", (event) => this.#click(this.#pick(event.point, 8)));
    map.getCanvas().addEventListener("keydown", (event) => this.#key(event), { signal });
    const drawFrame = (frame: Parameters<Motion["push"]>[0]): void => {
      this.motion.push(frame, performance.now());
      // Out of sight, nothing has to be drawn.
      if (this.offsetParent !== null) this.vehicles.update();
    };
    model.on("vehicles", drawFrame, signal);
    model.on("links", (records) => this.#paintLinks(records), signal);
    model.on("signals", (records) => this.#labels?.paint(records), signal);
    model.on("restart", () => this.#clear(), signal);
    model.on("selection", (selection) => this.#mark(selection), signal);
    model.on("focus", ({ centre, length }) => this.flyTo(centre, length), signal);
    model.on("palette", () => this.#recolour(), signal);
    model.on("marks", () => this.#showMarks(), signal);
    this.#paintLinks(model.links.values());
    this.#labels.paint(model.groups.values());
    this.#mark(model.selection);
    this.#showMarks();
    this.onReady?.(map);
    every(500, () => this.#labels?.refresh(), signal);
  }

  /** Goes where `length` metres fill most of the map; jumps for those who asked for less motion. */
  flyTo(centre: Position, length: number): void {
    const { map } = this;
    if (!map) return;
    this.#home = false;
    const narrow = Math.min(this.clientWidth, this.clientHeight);
    const metres = METRES_PER_PIXEL * Math.cos((centre[1] * Math.PI) / 180);
    const zoom = Math.log2((metres * narrow * 0.7) / length);
    map.flyTo({
      center: [centre[0], centre[1]],
      zoom: Math.min(CLOSEST, Math.max(FARTHEST, zoom)),
      speed: 1.6,
    });
  }

  #paintLinks(records: Iterable<LinkRecord>): void {
    const { map } = this;
    if (!map) return;
    for (const { link, ratio } of records) {
      map.setFeatureState(
        { source: SOURCE, sourceLayer: "links", id: link },
        { ratio: ratio ?? -1 },
      );
    }
  }

  #clear(): void {
    this.motion.clear();
    this.map?.removeFeatureState({ source: SOURCE, sourceLayer: "links" });
    this.#labels?.clear();
    this.#mark(this.model.selection);
    this.#showMarks();
  }

  /** Links of the corridor looked at, and links with a closed lane. */
  #showMarks(): void {
    const { map } = this;
    if (!map) return;
    const set = (kind: string, link: number, value: boolean): void => {
      map.setFeatureState({ source: SOURCE, sourceLayer: "links", id: link }, { [kind]: value });
    };
    for (const { kind, link } of this.#marked) set(kind, link, false);
    this.#marked = (["corridor", "closed", "mission"] as const).flatMap((kind) =>
      [...this.model.marks[kind]].map((link) => ({ kind, link })),
    );
    for (const { kind, link } of this.#marked) set(kind, link, true);
  }

  #recolour(): void {
    for (const level of ["ground", "elevated"]) {
      this.map?.setPaintProperty(`${level}-speed`, "line-color", ratioColour(palette()));
    }
  }

  #pick(point: { x: number; y: number }, reach: number): Picked | null {
    const { map } = this;
    if (!map) return null;
    const box: [PointLike, PointLike] = [
      [point.x - reach, point.y - reach],
      [point.x + reach, point.y + reach],
    ];
    const signals = map.queryRenderedFeatures(box, { layers: ["signals-halo"] });
    const nearest = closest(map, signals, point);
    if (nearest && typeof nearest.id === "number")
      return { kind: "signal", index: nearest.id, feature: nearest };
    const [area] = map.queryRenderedFeatures([point.x, point.y], { layers: ["junction-areas"] });
    const { signal } = (area?.properties ?? {}) as { signal?: unknown };
    if (area && typeof signal === "number") return { kind: "signal", index: signal, feature: area };
    for (const area of [[point.x, point.y] as PointLike, box]) {
      const [link] = map.queryRenderedFeatures(area, { layers: LINK_LAYERS });
      if (link && typeof link.id === "number")
        return { kind: "link", index: link.id, feature: link };
    }
    return null;
  }

  #click(picked: Picked | null): void {
    this.model.select(picked ? { kind: picked.kind, index: picked.index } : null);
  }

  /** The map by keyboard: Enter picks what is under the cross in the middle. */
  #key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !this.map) return;
    const { clientWidth, clientHeight } = this.map.getCanvas();
    this.#click(this.#pick({ x: clientWidth / 2, y: clientHeight / 2 }, 40));
  }

  #hover(event: MapMouseEvent): void {
    const { map } = this;
    if (!map || event.originalEvent.buttons !== 0) return;
    const picked = this.#pick(event.point, 4);
    if (picked?.kind !== this.#hovered?.kind || picked?.index !== this.#hovered?.index) {
      this.#setState(this.#hovered, { hover: false });
      this.#setState(picked, { hover: true });
      this.#hovered = picked;
      map.getCanvas().style.cursor = picked ? "pointer" : "";
    }
    this.#tip.hidden = picked === null;
    if (!picked) return;
    setText(this.#tip, this.#describe(picked));
    const right = event.point.x > this.clientWidth - 240;
    this.#tip.style.transform = `translate(${event.point.x + (right ? -12 : 14)}px, ${event.point.y + 14}px) translateX(${right ? "-100%" : "0"})`;
  }

  #leave(): void {
    this.#setState(this.#hovered, { hover: false });
    this.#hovered = null;
    this.#tip.hidden = true;
  }

  #describe({ kind, index, feature }: Picked): string {
    const { name } = feature.properties as { name?: unknown };
    if (kind === "signal") return this.#describeSignal(index, name);
    const known = typeof name === "string" ? name : this.model.directory.get(index)?.name;
    const title = known ? named(known) : t("link");
    const record = this.model.links.get(index);
    if (!record || record.ratio === null) return `${title} · ${t("noVehicles")}`;
    return `${title} · ${number(record.ratio * 100)} % · ${record.count} ${t("unitVehicles")}`;
  }

  #describeSignal(index: number, name: unknown): string {
    const state = this.#labels?.state(index);
    const title = typeof name === "string" ? name : t("junction");
    if (!state || state.phase === null) return title;
    const text = `${title} · ${t("phase", { number: state.phase + 1 })}`;
    if (state.remaining === null) return text;
    return `${text} · ${number(state.remaining)} ${t("unitSeconds")} ${t("remaining")}`;
  }

  #mark(selection: Selection): void {
    this.#setState(this.#selected, { selected: false });
    this.#setState(selection, { selected: true });
    this.#selected = selection;
  }

  #setState(
    target: { kind: "link" | "signal"; index: number } | null,
    state: Record<string, boolean>,
  ): void {
    if (!target || !this.map) return;
    const sourceLayer = target.kind === "link" ? "links" : "signals";
    this.map.setFeatureState({ source: SOURCE, sourceLayer, id: target.index }, state);
  }

  /** Labels now on the map, by kind: for tests. */
  labelCount(): number {
    const source = this.map?.getSource<GeoJSONSource>(LABELS);
    return source ? (this.#labels?.count ?? 0) : 0;
  }
}

/** How much larger than on a desk things must be drawn: the page's font size says it. */
function screenSize(): number {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Math.max(1, rem / 16);
}

function closest(
  map: MapLibre,
  features: readonly MapGeoJSONFeature[],
  point: { x: number; y: number },
): MapGeoJSONFeature | null {
  let best: MapGeoJSONFeature | null = null;
  let nearest = Number.POSITIVE_INFINITY;
  for (const feature of features) {
    if (feature.geometry.type !== "Point") continue;
    const [longitude = 0, latitude = 0] = feature.geometry.coordinates;
    const at = map.project([longitude, latitude]);
    const distance = Math.hypot(at.x - point.x, at.y - point.y);
    if (distance < nearest) {
      nearest = distance;
      best = feature;
    }
  }
  return best;
}

/** The attribution goes in as markup; the network's file is not to be trusted with that. */
function escaped(text: string): string {
  const holder = document.createElement("span");
  holder.textContent = text;
  return holder.innerHTML;
}
