/** Signals on the map: aspects of stop lines, phases of signal points, and their numbers as text. */
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { type GroupRecord, YELLOW } from "../live/frames";
import type { LiveModel } from "../live/model";
import { ASPECTS } from "./palette";
import { LABELS, SOURCE } from "./style";

const PHASE_ZOOM = 14.2;
const COUNTDOWN_ZOOM = 16.2;
const BEHIND_PIXELS = 16;
const APART_PIXELS = 15;

interface Label {
  readonly key: string;
  readonly longitude: number;
  readonly latitude: number;
  readonly kind: "phase" | "countdown";
  readonly text: string;
  readonly colour: string;
}

export class SignalLabels {
  readonly #map: MapLibre;
  readonly #model: LiveModel;
  readonly #aspects = new Map<number, number>();
  readonly #phases = new Map<number, number | null>();
  /** One movement group of each signal, as the tiles say. */
  readonly #groupOf = new Map<number, number>();
  readonly #centres = new Map<number, readonly [number, number]>();
  #shown = "";
  count = 0;

  constructor(map: MapLibre, model: LiveModel) {
    this.#map = map;
    this.#model = model;
    map.on("sourcedata", (event) => {
      if (event.sourceId === SOURCE && "tile" in event) this.#learn();
    });
    this.#learn();
  }

  /** Reads from loaded tiles which group stands for which signal. */
  #learn(): void {
    const known = this.#groupOf.size;
    for (const feature of this.#map.querySourceFeatures(SOURCE, { sourceLayer: "signals" })) {
      const { group } = feature.properties as { group?: unknown };
      if (typeof feature.id !== "number") continue;
      if (typeof group === "number") this.#groupOf.set(feature.id, group);
      if (feature.geometry.type === "Point") {
        const [longitude = 0, latitude = 0] = feature.geometry.coordinates;
        this.#centres.set(feature.id, [longitude, latitude]);
      }
    }
    if (this.#groupOf.size > known) this.#paintPhases();
  }

  /** Takes new aspects and phases to the map. */
  paint(records: Iterable<GroupRecord>): void {
    for (const { group, aspect } of records) {
      if (this.#aspects.get(group) === aspect) continue;
      this.#aspects.set(group, aspect);
      this.#map.setFeatureState(
        { source: SOURCE, sourceLayer: "stoplines", id: group },
        { aspect },
      );
    }
    this.#paintPhases();
  }

  #paintPhases(): void {
    for (const [signal, group] of this.#groupOf) {
      const phase = this.#model.groups.get(group)?.phase ?? null;
      if (this.#phases.get(signal) === phase) continue;
      this.#phases.set(signal, phase);
      this.#map.setFeatureState(
        { source: SOURCE, sourceLayer: "signals", id: signal },
        { phase: phase ?? -1 },
      );
    }
  }

  /** Phase and remaining seconds of a signal, if known. */
  state(signal: number): { phase: number | null; remaining: number | null } | null {
    const group = this.#groupOf.get(signal);
    if (group === undefined) return null;
    return {
      phase: this.#model.groups.get(group)?.phase ?? null,
      remaining: this.#model.remaining(group),
    };
  }

  clear(): void {
    this.#aspects.clear();
    this.#phases.clear();
    for (const sourceLayer of ["stoplines", "signals"]) {
      this.#map.removeFeatureState({ source: SOURCE, sourceLayer });
    }
  }

  /** Writes the numbers that belong to what is in view. */
  refresh(): void {
    const zoom = this.#map.getZoom();
    const labels =
      zoom >= COUNTDOWN_ZOOM ? this.#countdowns() : zoom >= PHASE_ZOOM ? this.#phaseNumbers() : [];
    const shown = labels.map(({ key, text, colour }) => `${key}=${text}${colour}`).join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.count = labels.length;
    this.#map.getSource<GeoJSONSource>(LABELS)?.setData({
      type: "FeatureCollection",
      features: labels.map(({ longitude, latitude, kind, text, colour }) => ({
        type: "Feature",
        geometry: { type: "Point", coordinates: [longitude, latitude] },
        properties: { kind, text, colour },
      })),
    });
  }

  #phaseNumbers(): Label[] {
    const labels = new Map<string, Label>();
    for (const feature of this.#map.queryRenderedFeatures({ layers: ["signals"] })) {
      if (typeof feature.id !== "number" || feature.geometry.type !== "Point") continue;
      const phase = this.#phases.get(feature.id);
      if (phase === undefined || phase === null) continue;
      const [longitude = 0, latitude = 0] = feature.geometry.coordinates;
      const key = `p${feature.id}`;
      labels.set(key, {
        key,
        longitude,
        latitude,
        kind: "phase",
        text: String(phase + 1),
        colour: "#0b1016",
      });
    }
    return [...labels.values()];
  }

  /** Seconds at stop lines, one for each lane position; what is green speaks for the lane. */
  #countdowns(): Label[] {
    const labels = new Map<string, Label & { aspect: number }>();
    for (const feature of this.#map.queryRenderedFeatures({ layers: ["stoplines"] })) {
      if (typeof feature.id !== "number" || feature.geometry.type !== "LineString") continue;
      const line = feature.geometry.coordinates;
      const [first, last] = [line[0], line.at(-1)];
      const state = this.#model.groups.get(feature.id);
      const remaining = this.#model.remaining(feature.id);
      // Seconds run to the end of the phase; a yellow is over before that.
      if (!first || !last || !state || remaining === null || state.aspect === YELLOW) continue;
      const longitude = ((first[0] ?? 0) + (last[0] ?? 0)) / 2;
      const latitude = ((first[1] ?? 0) + (last[1] ?? 0)) / 2;
      const key = `${longitude.toFixed(5)},${latitude.toFixed(5)}`;
      const known = labels.get(key);
      if (known && known.aspect >= state.aspect) continue;
      const colour = ASPECTS[state.aspect as 0 | 1 | 2 | 3] ?? "#ffffff";
      const { signal } = feature.properties as { signal?: unknown };
      const [lng, lat] = this.#behind(longitude, latitude, signal);
      labels.set(key, {
        key,
        longitude: lng,
        latitude: lat,
        kind: "countdown",
        text: String(Math.ceil(remaining)),
        colour,
        aspect: state.aspect,
      });
    }
    return this.#apart([...labels.values()].sort((a, b) => weight(a.aspect) - weight(b.aspect)));
  }

  /** Those that have room on the screen, the most telling first. */
  #apart(labels: readonly Label[]): Label[] {
    const taken: { x: number; y: number }[] = [];
    return labels.filter(({ longitude, latitude }) => {
      const at = this.#map.project([longitude, latitude]);
      if (taken.some(({ x, y }) => Math.hypot(at.x - x, at.y - y) < APART_PIXELS)) return false;
      taken.push(at);
      return true;
    });
  }

  /** A place a little before a stop line, away from the middle of its junction. */
  #behind(longitude: number, latitude: number, signal: unknown): readonly [number, number] {
    const centre = typeof signal === "number" ? this.#centres.get(signal) : undefined;
    if (!centre) return [longitude, latitude];
    const line = this.#map.project([longitude, latitude]);
    const middle = this.#map.project([centre[0], centre[1]]);
    const [x, y] = [line.x - middle.x, line.y - middle.y];
    // Along the approach: it leaves the junction mainly in one direction of the offset.
    const distance = Math.hypot(x, y) || 1;
    const place = this.#map.unproject([
      line.x + (x / distance) * BEHIND_PIXELS,
      line.y + (y / distance) * BEHIND_PIXELS,
    ]);
    return [place.lng, place.lat];
  }
}

/** Which aspect speaks for an approach: what goes, then what stops, then who may always go. */
function weight(aspect: number): number {
  return [2, 1, 3, 0][aspect] ?? 4;
}
