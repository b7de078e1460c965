/** Missions of the running world on the map: vehicles, scenes, the ways, and the signals of the wave. */
import { type Map as MapLibre, Marker } from "maplibre-gl";
import type { LiveMission, Position } from "../api/types";
import { h } from "../elements/dom";
import type { VehicleFrame } from "../live/frames";
import { isUnderWay } from "../live/missions";
import type { LiveModel } from "../live/model";
import { placeOf } from "./place";
import { SOURCE } from "./style";

interface Marks {
  readonly vehicle: Marker;
  readonly scene: Marker;
}

export class MissionLayer {
  readonly #map: MapLibre;
  readonly #model: LiveModel;
  readonly #marks = new Map<number, Marks>();
  #held = new Set<number>();

  constructor(map: MapLibre, model: LiveModel, signal: AbortSignal) {
    this.#map = map;
    this.#model = model;
    model.missions.on("change", () => this.#show(), signal);
    model.on("vehicles", (frame) => this.#follow(frame), signal);
    this.#show();
  }

  #show(): void {
    const shown = this.#model.missions.missions.filter(({ ended }) => ended === null);
    const under = shown.filter(isUnderWay);
    for (const [id, marks] of this.#marks) {
      if (shown.some((one) => one.id === id)) continue;
      marks.vehicle.remove();
      marks.scene.remove();
      this.#marks.delete(id);
    }
    for (const mission of shown) this.#place(mission);
    const ways = under.flatMap(({ route, to_go: toGo }) => route.slice(route.length - toGo));
    this.#model.mark("mission", ways);
    this.#hold(new Set(under.flatMap(({ held }) => held)));
  }

  #place(mission: LiveMission): void {
    const { id, place, scene_place: scene } = mission;
    let marks = this.#marks.get(id);
    if (!marks) {
      marks = { vehicle: marker("vehicle running"), scene: marker("scene") };
      marks.scene.setLngLat(coordinates(scene)).addTo(this.#map);
      this.#marks.set(id, marks);
    }
    // The stream of vehicles moves it; this puts it there, and where it is when out of view.
    if (!place) marks.vehicle.remove();
    else if (!this.#isInView(place) || !marks.vehicle.getLngLat()) {
      marks.vehicle.setLngLat(coordinates(place)).addTo(this.#map);
    }
  }

  #isInView([longitude, latitude]: Position): boolean {
    return this.#map.getBounds().contains([longitude, latitude]);
  }

  #follow(frame: VehicleFrame): void {
    for (const mission of this.#model.missions.missions) {
      const marks = this.#marks.get(mission.id);
      if (!marks || !isUnderWay(mission)) continue;
      const place = placeOf(frame, mission.vehicle);
      if (place) marks.vehicle.setLngLat(place).addTo(this.#map);
    }
  }

  /** Rings around the signals that are held now. */
  #hold(held: Set<number>): void {
    const set = (id: number, value: boolean): void => {
      this.#map.setFeatureState({ source: SOURCE, sourceLayer: "signals", id }, { held: value });
    };
    for (const id of this.#held) if (!held.has(id)) set(id, false);
    for (const id of held) set(id, true);
    this.#held = held;
  }
}

function marker(kind: string): Marker {
  return new Marker({ element: h("div", { class: `mission-mark ${kind}` }) });
}

function coordinates([longitude, latitude]: Position): [number, number] {
  return [longitude, latitude];
}
