/** `<history-charts>`: mean speed, vehicles and throughput since the start of the run. */
import { KMH_PER_MPS } from "../format";
import { onLanguage, type StringName, t } from "../i18n";
import type { HistoryRow } from "../live/model";
import { h, LiveElement, setText } from "./dom";

interface Line {
  readonly title: StringName;
  readonly colour: string;
  readonly digits: number;
  readonly read: (row: HistoryRow) => number | null;
}

const LINES: readonly Line[] = [
  {
    title: "chartSpeed",
    colour: "#5cc8ff",
    digits: 1,
    read: (row) => (row.meanSpeed === null ? null : row.meanSpeed * KMH_PER_MPS),
  },
  { title: "chartVehicles", colour: "#ffb454", digits: 0, read: (row) => row.running },
  { title: "chartThroughput", colour: "#7ee2a8", digits: 0, read: (row) => row.throughput },
];

export class HistoryCharts extends LiveElement {
  readonly #heading = h("h2");
  readonly #note = h("span", { class: "mark-note" });

  protected override build(signal: AbortSignal): void {
    const charts = LINES.map(() => document.createElement("city-chart"));
    this.append(h("div", { class: "section-head" }, this.#heading, this.#note), ...charts);
    const show = (): void => {
      const { history, changes, dayStart: start } = this.model;
      setText(this.#heading, t("history"));
      const marks = changes.map(([time]) => time).filter((time) => time > 0);
      setText(this.#note, marks.length > 0 ? `┆ ${t("controllerChange")}` : "");
      LINES.forEach((line, k) => {
        const chart = charts[k];
        if (!chart) return;
        chart.data = {
          title: t(line.title),
          colour: line.colour,
          digits: line.digits,
          times: history.map((row) => row.t),
          values: history.map(line.read),
          marks,
          start,
        };
      });
    };
    onLanguage(show, signal);
    this.model.on("history", show, signal);
    this.model.on("restart", show, signal);
  }
}
