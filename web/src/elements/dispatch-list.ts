/** `<dispatch-list>`: the missions of the running city, how far each is, and what signals do for it. */
import type { LiveMission } from "../api/types";
import { minutes } from "../format";
import { named, onLanguage, type StringName, t } from "../i18n";
import { isUnderWay } from "../live/missions";
import { every, h, LiveElement, setText } from "./dom";
import { signalsAhead } from "./signals-ahead";

const STATES: Readonly<Record<LiveMission["state"], StringName>> = {
  dispatched: "missionLeaving",
  "on-the-way": "dispatchOnTheWay",
  "at-scene": "dispatchAtScene",
  cleared: "dispatchCleared",
  cancelled: "dispatchCancelled",
};

const REASONS: Readonly<Record<NonNullable<LiveMission["reason"]>, StringName>> = {
  done: "dispatchDone",
  asked: "dispatchAsked",
  restart: "dispatchRestart",
  demand: "dispatchDemand",
  controller: "dispatchController",
  closure: "dispatchClosure",
  overdue: "dispatchOverdue",
  fault: "dispatchFault",
};

/** How much of the map is shown around a vehicle, metres. */
const AROUND = 900;

interface Row {
  readonly item: HTMLElement;
  readonly title: HTMLElement;
  readonly state: HTMLElement;
  readonly time: HTMLElement;
  readonly signals: HTMLElement;
  readonly show: HTMLButtonElement;
  readonly end: HTMLButtonElement;
}

export class DispatchList extends LiveElement {
  readonly #heading = h("h3");
  readonly #list = h("ul", { class: "plain missions" });
  readonly #none = h("p", { class: "small" });
  readonly #payback = h("p", { class: "small" });
  readonly #news = h("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  readonly #definitions = h("p", { class: "small" });
  readonly #rows = new Map<number, Row>();

  protected override build(signal: AbortSignal): void {
    this.append(
      this.#heading,
      this.#none,
      this.#list,
      this.#payback,
      this.#news,
      this.#definitions,
    );
    const { missions } = this.model;
    missions.on("change", () => this.#show(), signal);
    onLanguage(() => this.#show(), signal);
    every(500, () => this.#count(), signal);
    void missions.load();
  }

  #show(): void {
    const { missions, payingBack } = this.model.missions;
    setText(this.#heading, t("dispatchList"));
    setText(this.#none, t("dispatchNone"));
    setText(this.#definitions, t("dispatchDefinitions"));
    this.#none.hidden = missions.length > 0;
    this.#payback.hidden = payingBack.length === 0;
    setText(this.#payback, t("dispatchPayingBack", { count: payingBack.length }));
    for (const [id, { item }] of this.#rows) {
      if (missions.some((one) => one.id === id)) continue;
      item.remove();
      this.#rows.delete(id);
    }
    for (const mission of missions) this.#showMission(mission);
    this.#count();
  }

  #showMission(mission: LiveMission): void {
    const row = this.#rows.get(mission.id) ?? this.#add(mission);
    const { unit, state, reason, held, priority } = mission;
    const street = named(mission.street);
    const title = unit === null ? "dispatchFromLink" : "dispatchUnit";
    setText(row.title, t(title, { unit: unit ?? "", street }));
    const why = reason === null || reason === "done" ? "" : ` · ${t(REASONS[reason])}`;
    setText(row.state, t(STATES[state]) + why);
    const before = row.item.dataset.state;
    row.item.dataset.state = state;
    const under = isUnderWay(mission);
    row.signals.hidden = !under;
    const wave = priority ? t("dispatchHeld", { count: held.length }) : t("missionWithout");
    row.signals.replaceChildren(signalsAhead(mission), ` · ${wave}`);
    row.show.hidden = mission.ended !== null;
    row.end.hidden = mission.ended !== null;
    setText(row.show, t("dispatchShow"));
    setText(row.end, t(under ? "dispatchCancel" : "dispatchClear"));
    if (before !== undefined && before !== state) {
      setText(this.#news, `${row.title.textContent} · ${row.state.textContent}`);
    }
  }

  #add({ id }: LiveMission): Row {
    const row: Row = {
      item: h("li", { "data-mission": id }),
      title: h("b"),
      state: h("span", { class: "mission-state" }),
      time: h("p", { class: "mission-time" }),
      signals: h("p", { class: "small" }),
      show: h("button", { type: "button" }),
      end: h("button", { type: "button", class: "end" }),
    };
    const head = h("p", {}, row.title, " ", row.state);
    row.item.append(head, row.time, row.signals, h("div", { class: "row" }, row.show, row.end));
    row.show.addEventListener("click", () => this.#fly(id));
    row.end.addEventListener("click", () => void this.model.missions.end(id));
    this.#rows.set(id, row);
    // The newest first.
    this.#list.prepend(row.item);
    return row;
  }

  #fly(id: number): void {
    const mission = this.model.missions.missions.find((one) => one.id === id);
    if (!mission) return;
    const centre = mission.place ?? mission.scene_place;
    this.model.emit("focus", { centre, length: AROUND });
  }

  /** The times, which go on between two messages. */
  #count(): void {
    for (const mission of this.model.missions.missions) {
      const row = this.#rows.get(mission.id);
      if (row) setText(row.time, this.#time(mission));
    }
  }

  #time(mission: LiveMission): string {
    const estimate = minutes(mission.estimate);
    const { time_to_scene: measured, ended, ordered } = mission;
    if (measured !== null) return t("dispatchArrived", { time: minutes(measured), estimate });
    const time = minutes(Math.max(0, (ended ?? this.model.now) - ordered));
    return t(ended === null ? "dispatchTime" : "dispatchNever", { time, estimate });
  }
}
