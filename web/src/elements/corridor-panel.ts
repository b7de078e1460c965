/** `<corridor-panel>`: chooses a corridor, and gives its diagram in figures. */
import { minutes, number, timeOfDay } from "../format";
import { named, onLanguage, t } from "../i18n";
import { figures, type Records } from "../live/corridor";
import { every, h, LiveElement, setText } from "./dom";
import { column, fillTable } from "./tables";

/** Simulated seconds before the figures mean something. */
const ENOUGH = 120;
const REFRESH_MS = 2000;
const ARROWS = ["↑", "↗", "→", "↘", "↓", "↙", "←", "↖"];

/** An arrow on a map with north above. */
export function arrow(bearing: number): string {
  return ARROWS[Math.round(bearing / 45) % 8] ?? "";
}

export class CorridorPanel extends LiveElement {
  readonly #heading = h("h2");
  readonly #help = h("p", { class: "help-text" });
  readonly #label = h("label", { for: "corridor-street" });
  readonly #street = h("select", { id: "corridor-street" });
  readonly #pick = h("p", { class: "small", "aria-live": "polite" });
  readonly #summary = h("div", { class: "corridor-summary" });
  readonly #band = h("p", { class: "verdict" });
  readonly #through = h("p");
  readonly #table = h("table", { class: "figures-table", id: "corridor-table" });
  readonly #note = h("p", { class: "small" });
  #start: number | null = null;
  #startName = "";

  protected override build(signal: AbortSignal): void {
    this.#summary.append(this.#band, this.#through, this.#table, this.#note);
    this.append(
      this.#heading,
      this.#help,
      h("div", { class: "task-form" }, h("div", { class: "field" }, this.#label, this.#street)),
      this.#pick,
      this.#summary,
    );
    const { model } = this;
    const { corridor } = model;
    this.#street.addEventListener(
      "change",
      () => {
        this.#start = null;
        corridor.choose(corridor.offered[Number(this.#street.value)] ?? null);
      },
      { signal },
    );
    model.takePicks("signal", (index) => this.#take(index), signal);
    signal.addEventListener(
      "abort",
      () => {
        model.mark("corridor", []);
        corridor.rest();
      },
      { once: true },
    );
    // Escape begins the pick again.
    model.on(
      "selection",
      (selection) => {
        if (selection !== null) return;
        this.#start = null;
        this.#show();
      },
      signal,
    );
    corridor.on("chosen", () => this.#fill(), signal);
    every(REFRESH_MS, () => this.#show(), signal);
    onLanguage(() => this.#fill(), signal);
    if (corridor.offered.length === 0) void corridor.loadOffered();
    if (corridor.chosen) corridor.choose(corridor.chosen);
  }

  #take(signal: number): void {
    if (this.#start === null || this.#start === signal) {
      this.#start = signal;
      this.#startName = String(signal);
    } else {
      void this.model.corridor.between(this.#start, signal);
      this.#start = null;
    }
    this.#show();
  }

  #fill(): void {
    const { corridor } = this.model;
    setText(this.#heading, t("corridorTitle"));
    setText(this.#help, t("corridorHelp"));
    setText(this.#label, t("corridorChoose"));
    const at = corridor.chosen ? corridor.offered.indexOf(corridor.chosen) : -1;
    this.#street.replaceChildren(
      h("option", { value: -1 }, t("corridorChooseOne")),
      ...corridor.offered.map(({ name, bearing, signals }, k) =>
        h("option", { value: k }, `${arrow(bearing)} ${named(name)} · ${signals.length} ◉`),
      ),
    );
    this.#street.value = String(at);
    this.model.mark("corridor", corridor.chosen?.links ?? []);
    this.#show();
  }

  #show(): void {
    const { records, chosen } = this.model.corridor;
    setText(
      this.#pick,
      this.#start === null ? t("corridorPick") : t("corridorPickEnd", { name: this.#startName }),
    );
    this.#summary.hidden = !records || !chosen;
    if (records) this.#showFigures(records);
  }

  #showFigures(records: Records): void {
    const known = records.t - records.began;
    const start = this.model.dayStart;
    const enough = known >= ENOUGH;
    this.#table.hidden = !enough;
    this.#through.hidden = !enough;
    setText(this.#note, enough ? t("corridorOffsetHelp") : "");
    if (!enough) {
      const waiting = { clock: timeOfDay(start + records.began), seconds: ENOUGH };
      setText(this.#band, t("corridorWaiting", waiting));
      return;
    }
    const found = figures(records, records.began, records.t);
    const cycle = found.stops.find((stop) => stop.cycle !== null)?.cycle ?? null;
    setText(
      this.#band,
      found.band === null || cycle === null || found.bandShare === 0
        ? t("corridorBandNone")
        : t("corridorBandText", {
            band: number(found.band),
            cycle: number(cycle),
            share: number((found.bandShare ?? 0) * 100),
          }),
    );
    setText(
      this.#through,
      found.through === 0
        ? t("corridorThroughNone")
        : t("corridorThrough", {
            count: number(found.through),
            stops: number(found.stopsPerVehicle, 1),
            time: minutes(found.travelTime),
          }),
    );
    fillTable(
      this.#table,
      [
        column(t("corridorStop")),
        column(t("corridorAt")),
        column(t("corridorCycle")),
        column(t("corridorGreen")),
        column(t("corridorOffset")),
      ],
      records.stops.map((stop, k) => {
        const own = found.stops[k];
        return h(
          "tr",
          {},
          h("th", { scope: "row" }, stop.crossStreet ? named(stop.crossStreet) : stop.id),
          h("td", {}, number(stop.at)),
          h("td", {}, number(own?.cycle)),
          h("td", {}, `${number((own?.green ?? 0) * 100)} %`),
          h("td", {}, number(own?.offset)),
        );
      }),
      h("caption", {}, t("corridorSignals", { minutes: number(known / 60) })),
    );
  }
}
