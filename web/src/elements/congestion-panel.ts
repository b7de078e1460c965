/** `<congestion-panel>`: the congestion index of the running city with its intervals, quarter hour
 *  by quarter hour, and the links where the index is highest. */
import { api, messageOf } from "../api/client";
import type { CongestionIndex, Interval, MeasuredCongestion } from "../api/types";
import { number, timeOfDay } from "../format";
import { named, onLanguage, type StringName, t } from "../i18n";
import { every, h, LiveElement, live, setText } from "./dom";
import { linkButton } from "./show-link";
import { column, fillTable } from "./tables";

const REFRESH_MS = 10_000;
const LINKS_SHOWN = 10;
const DISTRICTS_SHOWN = 50;

/** The city's figures: which, with how many digits, and what to multiply by. */
const FIGURES: readonly [StringName, (city: MeasuredCongestion) => Interval, number, number][] = [
  ["congestionIndex", (city) => city.tti, 2, 1],
  ["congestionSpeed", (city) => city.speed_kmh, 1, 1],
  ["congestionFree", (city) => exact(city.free_speed_kmh), 1, 1],
  ["congestionShare", (city) => city.congested_km_share, 1, 100],
  ["congestionLost", (city) => city.delay_hours, 0, 1],
];

const exact = (value: number): Interval => ({ value, low: value, high: value });

export class CongestionPanel extends LiveElement {
  readonly #heading = h("h2");
  readonly #help = h("p", { class: "help-text" });
  readonly #city = h("table", { class: "figures-table", "data-table": "city" });
  readonly #seriesHeading = h("h3");
  readonly #series = h("table", { class: "figures-table", "data-table": "series" });
  readonly #districtsHeading = h("h3");
  readonly #districts = h("table", { class: "figures-table", "data-table": "districts" });
  readonly #linksHeading = h("h3");
  readonly #links = h("table", { class: "figures-table", "data-table": "links" });
  readonly #definitions = h("p", { class: "small" });
  #found: readonly [CongestionIndex, CongestionIndex] | null = null;
  #byDistrict: CongestionIndex | null = null;

  protected override build(signal: AbortSignal): void {
    this.append(
      this.#heading,
      this.#help,
      this.#city,
      this.#seriesHeading,
      this.#series,
      this.#districtsHeading,
      this.#districts,
      this.#linksHeading,
      this.#links,
      this.#definitions,
      live("incident-list", this.model),
    );
    onLanguage(() => this.#show(), signal);
    const load = (): void => void this.#load();
    every(REFRESH_MS, load, signal);
    this.model.on("scenario", load, signal);
    this.model.on("restart", load, signal);
    signal.addEventListener("abort", () => this.model.mark("corridor", []), { once: true });
    load();
  }

  async #load(): Promise<void> {
    // Whether there are districts to ask for is not known before; its coming loads.
    const { scenario } = this.model;
    if (!scenario) return;
    try {
      const [city, links, districts] = await Promise.all([
        api.congestion("city", 1),
        api.congestion("link", LINKS_SHOWN),
        scenario.districts ? api.congestion("district", DISTRICTS_SHOWN) : null,
      ]);
      this.#found = [city, links];
      this.#byDistrict = districts;
      if (this.isConnected) this.#show();
    } catch (error) {
      this.model.emit("problem", messageOf(error));
    }
  }

  #show(): void {
    setText(this.#heading, t("congestionTitle"));
    setText(this.#help, t("congestionHelp"));
    setText(this.#seriesHeading, t("congestionSeries"));
    setText(this.#districtsHeading, t("congestionDistricts"));
    setText(this.#linksHeading, t("congestionWorst"));
    const byDistrict = (this.#byDistrict?.measured.length ?? 0) > 0;
    this.#districtsHeading.hidden = !byDistrict;
    this.#districts.hidden = !byDistrict;
    setText(this.#definitions, t("congestionDefinitions"));
    const city = this.#found?.[0].measured[0];
    if (!this.#found || !city) {
      // A run that has just begun: nothing of the one before is left standing.
      for (const table of [this.#city, this.#series, this.#districts, this.#links]) {
        table.replaceChildren();
      }
      return;
    }
    this.#showCity(city);
    this.#showSeries(this.#found[0]);
    if (this.#byDistrict) this.#showDistricts(this.#byDistrict);
    this.#showLinks(this.#found[1]);
  }

  #showDistricts({ measured }: CongestionIndex): void {
    const rows = measured.map(({ id, tti, speed_kmh: speed, delay_hours: lost }) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, named(id)),
        h("td", {}, number(tti.value, 2)),
        h("td", {}, number(speed.value, 1)),
        h("td", {}, number(lost.value, 1)),
      ),
    );
    fill(
      this.#districts,
      ["congestionDistrict", "congestionIndex", "congestionSpeed", "congestionLost"],
      rows,
    );
  }

  #showCity(city: MeasuredCongestion): void {
    const rows = FIGURES.map(([name, read, digits, factor]) => {
      const { value, low, high } = read(city);
      const text = (figure: number): string => number(figure * factor, digits);
      return h(
        "tr",
        { "data-row": name },
        h("th", { scope: "row" }, t(name)),
        h("td", {}, text(value)),
        h("td", {}, low === high ? "–" : `${text(low)} – ${text(high)}`),
      );
    });
    fill(this.#city, ["compareFigure", "congestionNow", "congestionInterval"], rows);
  }

  #showSeries({ series }: CongestionIndex): void {
    const rows = series.map(({ time, tti, speed_kmh: speed }, k) => {
      const before = series[k - 1]?.tti;
      const by = before === undefined ? null : tti - before;
      const verdict = by === null || Math.abs(by) < 0.005 ? "neutral" : by < 0 ? "good" : "bad";
      const change = by === null ? "–" : `${by > 0 ? "+" : ""}${number(by, 2)}`;
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, timeOfDay(time)),
        h("td", {}, number(tti, 2)),
        h("td", {}, number(speed, 1)),
        h("td", { class: "trend", "data-verdict": verdict }, change),
      );
    });
    fill(
      this.#series,
      ["congestionFrom", "congestionIndex", "congestionSpeed", "congestionChange"],
      rows,
    );
  }

  #showLinks({ measured }: CongestionIndex): void {
    const active = document.activeElement as HTMLElement | null;
    const focused = this.#links.contains(active) ? active?.dataset.link : undefined;
    const rows = measured.map(({ link, name, id, tti, delay_hours: lost }) => {
      const fly = linkButton(this.model, link, named(name ?? id));
      const interval = `${number(tti.low, 1)} – ${number(tti.high, 1)}`;
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, fly),
        h("td", {}, number(tti.value, 1)),
        h("td", {}, interval),
        h("td", {}, number(lost.value, 1)),
      );
    });
    fill(
      this.#links,
      ["congestionLink", "congestionIndex", "congestionInterval", "congestionLost"],
      rows,
    );
    if (focused) this.#links.querySelector<HTMLElement>(`[data-link="${focused}"]`)?.focus();
  }
}

/** A table anew: its columns' titles, and its rows. */
function fill(
  table: HTMLTableElement,
  columns: readonly StringName[],
  rows: readonly HTMLTableRowElement[],
): void {
  const titled = columns.map((name) => column(t(name)));
  fillTable(table, titled, rows);
}
