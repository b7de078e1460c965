/** `<city-chart>`: one quantity over time, drawn by uPlot, with marks where the controller changed. */
import uPlot from "uplot";
import { number, timeOfDay } from "../format";
import { t } from "../i18n";
import { h, setText } from "./dom";

export interface ChartData {
  readonly title: string;
  readonly colour: string;
  readonly digits: number;
  /** Simulated seconds. */
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  /** What the line is called, where there is a second one beside it. */
  readonly label?: string;
  readonly second?: {
    readonly label: string;
    readonly colour: string;
    readonly values: readonly (number | null)[];
  };
  /** When another controller took over. */
  readonly marks: readonly number[];
  /** Second of the day at simulated second 0. */
  readonly start: number;
}

export class CityChart extends HTMLElement {
  #data: ChartData | null = null;
  #plot: uPlot | null = null;
  #observer: ResizeObserver | null = null;
  readonly #title = h("span", { class: "chart-title" });
  readonly #value = h("span", { class: "chart-value" });
  readonly #frame = h("div", { class: "chart-frame", role: "img" });
  readonly #empty = h("p", { class: "chart-empty" });

  connectedCallback(): void {
    this.replaceChildren(
      h("div", { class: "chart-head" }, this.#title, this.#value),
      this.#frame,
      this.#empty,
    );
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(this.#frame);
    this.#draw();
  }

  disconnectedCallback(): void {
    this.#observer?.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  set data(data: ChartData) {
    if (data.colour !== this.#data?.colour || !data.second !== !this.#data.second) {
      this.#plot?.destroy();
      this.#plot = null;
    }
    this.#data = data;
    if (this.isConnected) this.#draw();
  }

  #draw(): void {
    const data = this.#data;
    if (!data) return;
    setText(this.#title, data.title);
    this.#showValue(null);
    const enough = data.times.length > 1;
    this.#empty.hidden = enough;
    this.#frame.hidden = !enough;
    setText(this.#empty, t("chartEmpty"));
    this.#frame.setAttribute("aria-label", this.#summary(data));
    if (!enough) return;
    const lines = [data.values, ...(data.second ? [data.second.values] : [])];
    const columns = [[...data.times], ...lines.map((line) => [...line])] as uPlot.AlignedData;
    if (this.#plot) this.#plot.setData(columns);
    else this.#create(columns);
  }

  #create(columns: uPlot.AlignedData): void {
    const { width, height } = this.#size();
    if (width < 20) return;
    this.#plot = new uPlot(this.#options(width, height), columns, this.#frame);
    this.#plot.root.setAttribute("aria-hidden", "true");
  }

  #size(): { width: number; height: number } {
    return { width: this.#frame.clientWidth, height: this.#frame.clientHeight };
  }

  #resize(): void {
    const { width, height } = this.#size();
    if (width < 20) return;
    if (!this.#plot) this.#draw();
    else if (this.#plot.width !== width || this.#plot.height !== height) {
      this.#plot.setSize({ width, height });
    }
  }

  #options(width: number, height: number): uPlot.Options {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const font = `${Math.round(rem * 0.7)}px system-ui, sans-serif`;
    const axis = { stroke: "#a9b9ca", font, ticks: { show: false } } as const;
    const grid = { stroke: "#243040", width: 1 };
    return {
      width,
      height,
      padding: [rem * 0.4, rem * 1.3, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: false }, y: { range: (_plot, low, high) => span(low, high) } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: rem * 1.3,
          gap: 2,
          space: rem * 4,
          incrs: [60, 300, 600, 900, 1800, 3600],
          values: (plot, ticks) =>
            ticks.map((tick) => {
              // The first label would run into those of the other axis.
              const crowded = ticks.length > 1 && plot.valToPos(tick, "x") < rem;
              return crowded ? "" : timeOfDay((this.#data?.start ?? 0) + tick);
            }),
        },
        {
          ...axis,
          grid,
          size: rem * 2.6,
          gap: 3,
          space: rem * 1.4,
          values: (_plot, ticks) => ticks.map((tick) => number(tick)),
        },
      ],
      series: [
        {},
        {
          stroke: this.#data?.colour ?? "#fff",
          width: 2,
          ...(this.#data?.second ? {} : { fill: `${this.#data?.colour ?? "#ffffff"}22` }),
          points: { show: false },
        },
        ...(this.#data?.second
          ? [
              {
                stroke: this.#data.second.colour,
                width: 2,
                dash: [6, 3],
                points: { show: false },
              },
            ]
          : []),
      ],
      hooks: {
        draw: [(plot) => this.#drawMarks(plot)],
        setCursor: [(plot) => this.#showValue(plot.cursor.idx ?? null)],
      },
    };
  }

  #drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = "#ffffffb0";
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const mark of this.#data?.marks ?? []) {
      const x = Math.round(plot.valToPos(mark, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  #showValue(index: number | null): void {
    const data = this.#data;
    if (!data) return;
    const at = index ?? data.values.length - 1;
    const own = number(data.values[at], data.digits);
    const other = data.second ? number(data.second.values[at], data.digits) : "";
    const value = data.second
      ? `${data.label ?? ""} ${own} · ${data.second.label} ${other}`.trim()
      : own;
    const time = data.times[at];
    setText(
      this.#value,
      index === null || time === undefined ? value : `${timeOfDay(data.start + time)}  ${value}`,
    );
  }

  #summary(data: ChartData): string {
    const known = data.values.filter((value) => value !== null);
    if (known.length === 0) return `${data.title}. ${t("chartEmpty")}`;
    const other = data.second
      ? `; ${data.second.label} ${number(data.second.values.at(-1), data.digits)}`
      : "";
    return t("chartSummary", {
      title: `${data.title}${data.label ? `, ${data.label}` : ""}`,
      points: known.length,
      low: number(Math.min(...known), data.digits),
      high: number(Math.max(...known), data.digits),
      now: `${number(known.at(-1), data.digits)}${other}`,
    });
  }
}

/** A scale that starts at 0, so that a small wobble does not look like a collapse. */
export function span(low: number | null, high: number | null): [number, number] {
  const top = Math.max(high ?? 0, 0);
  return [Math.min(0, low ?? 0), top > 0 ? top * 1.12 : 1];
}
