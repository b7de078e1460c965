/** The figures, each with its unit, trend and definition. */
import type { Status } from "../api/types";
import { KMH_PER_MPS, minutes, number, type Trend, trend, trendText } from "../format";
import { onLanguage, type StringName, t } from "../i18n";
import type { HistoryRow } from "../live/model";
import { h, LiveElement, setText } from "./dom";

export interface Figure {
  readonly id: string;
  readonly name: StringName;
  readonly definition: StringName;
  /** Where the number comes from, as a path below the server's address. */
  readonly source: string;
  readonly unit: StringName | null;
  readonly large?: boolean;
  readonly digits: number;
  readonly value: (status: Status) => number | null;
  /** How the value and its change are written, where not as a plain number. */
  readonly write?: (value: number | null) => string;
  readonly before: (row: HistoryRow) => number | null;
  /** Whether more is better (+1), worse (−1) or neither (0). */
  readonly better: 1 | 0 | -1;
}

const times = (factor: number, value: number | null): number | null =>
  value === null ? null : value * factor;

/** In the order of the panel. */
export const FIGURES: readonly Figure[] = [
  {
    id: "mean-speed",
    name: "meanSpeed",
    definition: "meanSpeedDefinition",
    source: "/api/v1/live#mean_speed",
    unit: "unitKmh",
    large: true,
    digits: 1,
    value: (status) => times(KMH_PER_MPS, status.mean_speed),
    before: (row) => times(KMH_PER_MPS, row.meanSpeed),
    better: 1,
  },
  {
    id: "delay-index",
    name: "delayIndex",
    definition: "delayIndexDefinition",
    source: "/api/v1/live#delay_index",
    unit: null,
    large: true,
    digits: 2,
    value: (status) => status.delay_index,
    before: (row) => row.delayIndex,
    better: -1,
  },
  {
    id: "vehicles",
    name: "vehicles",
    definition: "vehiclesDefinition",
    source: "/api/v1/live#running",
    unit: null,
    digits: 0,
    value: (status) => status.running,
    before: (row) => row.running,
    better: 0,
  },
  {
    id: "waiting-to-enter",
    name: "waitingToEnter",
    definition: "waitingToEnterDefinition",
    source: "/api/v1/live#waiting_to_enter",
    unit: null,
    digits: 0,
    value: (status) => status.waiting_to_enter,
    before: (row) => row.waitingToEnter,
    better: -1,
  },
  {
    id: "throughput",
    name: "throughput",
    definition: "throughputDefinition",
    source: "/api/v1/live#throughput_per_hour",
    unit: "unitPerHour",
    digits: 0,
    value: (status) => status.throughput_per_hour,
    before: (row) => row.throughput,
    better: 1,
  },
  {
    id: "travel-time",
    name: "travelTime",
    definition: "travelTimeDefinition",
    source: "/api/v1/live#att_engine",
    unit: "unitMinutes",
    digits: 0,
    value: (status) => status.att_engine,
    write: minutes,
    before: (row) => row.travelTime,
    better: -1,
  },
];

interface Card {
  readonly figure: Figure;
  readonly root: HTMLElement;
  readonly name: HTMLElement;
  readonly value: HTMLElement;
  readonly unit: HTMLElement;
  readonly trend: HTMLElement;
  readonly definition: HTMLElement;
}

export class FigurePanel extends LiveElement {
  #cards: Card[] = [];
  readonly #safety = {
    name: h("span", { class: "name" }),
    overrides: h("b"),
    fallbacks: h("b"),
    words: [h("span", { class: "unit" }), h("span", { class: "unit" })] as const,
    definition: h("span", { class: "definition", role: "tooltip", id: "definition-safety" }),
  };

  protected override build(signal: AbortSignal): void {
    this.#cards = FIGURES.map((figure) => makeCard(figure));
    this.append(...this.#cards.map(({ root }) => root), this.#makeSafety());
    // A definition that covers something goes away with Escape (WCAG 1.4.13).
    this.addEventListener(
      "keydown",
      (event) => {
        const button = (event.target as Element).closest(".figure");
        if (event.key !== "Escape" || !button || button.classList.contains("dismissed")) return;
        button.classList.add("dismissed");
        event.stopPropagation();
      },
      { signal },
    );
    for (const name of ["focusin", "pointerover"]) {
      this.addEventListener(
        name,
        (event) => {
          const button = (event.target as Element).closest(".figure");
          for (const other of this.querySelectorAll(".dismissed")) {
            if (other !== button || name === "focusin") other.classList.remove("dismissed");
          }
        },
        { signal },
      );
    }
    onLanguage(() => this.#label(), signal);
    this.model.on("status", () => this.#show(), signal);
    this.model.on("restart", () => this.#show(), signal);
  }

  #makeSafety(): HTMLElement {
    const { name, overrides, fallbacks, words, definition } = this.#safety;
    return h(
      "button",
      {
        type: "button",
        class: "figure safety",
        "data-figure": "safety",
        "aria-describedby": definition.id,
      },
      h("span", { class: "label" }, name),
      h("span", { class: "pair" }, overrides, words[0], fallbacks, words[1]),
      definition,
    );
  }

  #label(): void {
    for (const { figure, name, unit, definition } of this.#cards) {
      setText(name, t(figure.name));
      setText(unit, figure.unit ? t(figure.unit) : "");
      setText(definition, `${t(figure.definition)} ${t("source", { source: figure.source })}`);
    }
    setText(this.#safety.name, t("safety"));
    setText(this.#safety.words[0], t("overrides"));
    setText(this.#safety.words[1], t("fallbacks"));
    const source = t("source", { source: "/api/v1/live#safety" });
    setText(this.#safety.definition, `${t("safetyDefinition")} ${source}`);
    this.#show();
  }

  #show(): void {
    const { status, history } = this.model;
    if (!status) return;
    for (const card of this.#cards) {
      const { figure } = card;
      const value = figure.value(status);
      setText(card.value, figure.write?.(value) ?? number(value, figure.digits));
      const threshold = Math.max(0.5 / 10 ** figure.digits, Math.abs(value ?? 0) * 0.005);
      showTrend(
        card,
        trend(history, figure.before as (row: never) => number | null, status.t, value, threshold),
      );
    }
    setText(this.#safety.overrides, number(status.safety.overrides));
    setText(this.#safety.fallbacks, number(status.safety.fallbacks));
    this.querySelector(".safety")?.classList.toggle("alert", (status.safety.in_fallback ?? 0) > 0);
  }
}

function makeCard(figure: Figure): Card {
  const id = `definition-${figure.id}`;
  const name = h("span", { class: "name" });
  const value = h("span", { class: "value" }, "–");
  const unit = h("span", { class: "unit" });
  const change = h("span", { class: "trend" });
  const definition = h("span", { class: "definition", role: "tooltip", id });
  const root = h(
    "button",
    {
      type: "button",
      class: `figure${figure.large ? " large" : ""}`,
      "data-figure": figure.id,
      "aria-describedby": id,
    },
    h("span", { class: "label" }, name, unit),
    value,
    change,
    definition,
  );
  return { figure, root, name, value, unit, trend: change, definition };
}

function showTrend(card: Card, found: Trend): void {
  const { figure } = card;
  const arrow = { up: "▲", down: "▼", flat: "＝", none: "" }[found.direction];
  const sign = found.direction === "up" ? 1 : found.direction === "down" ? -1 : 0;
  const verdict = sign * figure.better;
  card.trend.dataset.verdict = verdict > 0 ? "good" : verdict < 0 ? "bad" : "neutral";
  const by = Math.abs(found.by);
  const amount = sign === 0 ? "" : (figure.write?.(by) ?? number(by, figure.digits));
  setText(card.trend, `${arrow} ${amount}`.trim());
  card.trend.setAttribute("title", trendText(found, amount));
}
