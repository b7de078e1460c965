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
  #ways = "";

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
    // Marks are drawn anew as a whole: only when there is something new.
    if (this.#ways !== ways.join()) {
      this.#ways = ways.join();
      this.#model.mark("mission", ways);
    }
    this.#hold(new Set(under.flatMap(({ held }) => held)));
  }

  #place(mission: LiveMission): void {
    const { id, place, scene_place: scene } = mission;
    let marks = this.#marks.get(id);
    if (!marks) {
      marks = { vehicle: marker("vehicle running"), scene: marker("scene") };
      this.#put(marks.scene, coordinates(scene));
      this.#marks.set(id, marks);
    }
    // The stream of vehicles moves it; this puts it there, and where it is when out of view.
    if (!place) marks.vehicle.remove();
    else if (!this.#isInView(place) || !marks.vehicle.getElement().isConnected) {
      this.#put(marks.vehicle, coordinates(place));
    }
  }

  /** Adding it anew would begin its pulse anew. */
  #put(mark: Marker, place: [number, number]): void {
    mark.setLngLat(place);
    if (!mark.getElement().isConnected) mark.addTo(this.#map);
  }

  #isInView([longitude, latitude]: Position): boolean {
    return this.#map.getBounds().contains([longitude, latitude]);
  }

  #follow(frame: VehicleFrame): void {
    for (const mission of this.#model.missions.missions) {
      const marks = this.#marks.get(mission.id);
      if (!marks || !isUnderWay(mission)) continue;
      const place = placeOf(frame, mission.vehicle);
      if (place) this.#put(marks.vehicle, place);
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
