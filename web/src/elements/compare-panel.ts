/** `<compare-panel>`: starts a comparison of two futures, and shows how they differ. */
import type { Comparison, HalfReport } from "../api/types";
import { clockStart, KMH_PER_MPS, minutes, number } from "../format";
import { onLanguage, type StringName, t, titled } from "../i18n";
import { bothSides } from "../live/comparison";
import type { LiveModel } from "../live/model";
import { h, LiveElement, setText } from "./dom";
import { column, fillTable, sideMark } from "./tables";

/** Colours of the halves; the right one's lines are dashed too. */
export const SIDES = { left: "#ffb454", right: "#5cc8ff" } as const;

interface Quantity {
  readonly column: string;
  readonly title: StringName;
  readonly digits: number;
  readonly factor: number;
  /** Whether more is better (+1), worse (−1) or neither (0). */
  readonly better: 1 | 0 | -1;
  readonly chart: boolean;
}

const QUANTITIES: readonly Quantity[] = [
  {
    column: "delay_per_vehicle",
    title: "compareDelay",
    digits: 1,
    factor: 1,
    better: -1,
    chart: true,
  },
  {
    column: "mean_speed",
    title: "compareSpeed",
    digits: 1,
    factor: KMH_PER_MPS,
    better: 1,
    chart: true,
  },
  { column: "standing", title: "compareStanding", digits: 0, factor: 1, better: -1, chart: true },
  { column: "running", title: "compareVehicles", digits: 0, factor: 1, better: 0, chart: true },
  {
    column: "waiting_to_enter",
    title: "compareWaiting",
    digits: 0,
    factor: 1,
    better: -1,
    chart: false,
  },
  { column: "finished", title: "compareArrived", digits: 0, factor: 1, better: 1, chart: false },
];

const STATES: Readonly<Record<Comparison["state"], StringName>> = {
  running: "compareStateRunning",
  finished: "compareStateFinished",
  ended: "compareStateEnded",
  failed: "compareStateFailed",
};

const MINUTES = [5, 10, 15, 30];
const DEFAULT_MINUTES = 10;
const DEFAULT_SPEED = 10;

/** What a half is called: what its mission may do, or its controller and how many lanes are closed
 *  in it. */
export function halfTitle(model: LiveModel, half: HalfReport): string {
  const known = model.scenario?.controllers.find(({ id }) => id === half.controller);
  const name = known ? titled(known.title) : half.controller;
  const arm = half.mission?.arm;
  if (arm) return t(arm === "priority" ? "missionWith" : "missionWithout");
  const count = half.closed_lanes.length;
  return count > 0 ? t("compareClosed", { name, count }) : name;
}

/** How far a comparison is, in words. */
export function progressText({ from, from_clock: clock, t: now, until }: Comparison): string {
  return t("compareProgress", { passed: minutes(now - from), total: minutes(until - from), clock });
}

export class ComparePanel extends LiveElement {
  readonly #heading = h("h2");
  readonly #help = h("p", { class: "help-text" });
  readonly #form = h("form", { class: "task-form" });
  readonly #left = h("select", { id: "compare-left" });
  readonly #right = h("select", { id: "compare-right" });
  readonly #length = h("select", { id: "compare-length" });
  readonly #speed = h("select", { id: "compare-speed" });
  readonly #start = h("button", { type: "submit", class: "primary" });
  readonly #limits = h("p", { class: "small" });
  readonly #others = h("div", { class: "others" });
  readonly #result = h("div", { class: "result" });
  readonly #progress = h("progress", { max: 1 });
  readonly #progressText = h("p", { class: "progress-text", id: "compare-progress" });
  readonly #verdict = h("p", { class: "verdict" });
  readonly #table = h("table", { class: "figures-table" });
  readonly #end = h("button", { type: "button" });
  readonly #fresh = h("button", { type: "button" });
  readonly #definitions = h("p", { class: "small" });
  readonly #charts = QUANTITIES.filter(({ chart }) => chart).map((quantity) => ({
    quantity,
    chart: document.createElement("city-chart"),
  }));
  readonly #labels: [HTMLElement, StringName][] = [];
  #starting = false;

  protected override build(signal: AbortSignal): void {
    const field = (name: StringName, control: HTMLSelectElement): HTMLElement => {
      const label = h("label", { for: control.id });
      this.#labels.push([label, name]);
      return h("div", { class: "field" }, label, control);
    };
    this.#form.append(
      field("compareLeft", this.#left),
      field("compareRight", this.#right),
      field("compareFor", this.#length),
      field("speed", this.#speed),
      this.#start,
    );
    this.#progress.setAttribute("aria-labelledby", this.#progressText.id);
    this.#result.append(
      this.#progressText,
      this.#progress,
      this.#verdict,
      this.#table,
      h("div", { class: "row" }, this.#end, this.#fresh),
      ...this.#charts.map(({ chart }) => chart),
      this.#definitions,
    );
    this.append(this.#heading, this.#help, this.#form, this.#limits, this.#others, this.#result);
    const { comparison } = this.model;
    this.#form.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        void this.#begin();
      },
      { signal },
    );
    this.#end.addEventListener("click", () => void comparison.end(), { signal });
    this.#fresh.addEventListener("click", () => comparison.leave(), { signal });
    comparison.on("change", () => this.#show(), signal);
    this.model.on("scenario", () => this.#fill(), signal);
    onLanguage(() => this.#fill(), signal);
    void comparison.loadList();
  }

  async #begin(): Promise<void> {
    if (this.#starting) return;
    this.#starting = true;
    this.#show();
    await this.model.comparison.start({
      left: { controller: this.#left.value },
      right: { controller: this.#right.value },
      seconds: Number(this.#length.value) * 60,
      speed: Number(this.#speed.value),
    });
    this.#starting = false;
    this.#show();
  }

  #fill(): void {
    const { scenario } = this.model;
    setText(this.#heading, t("compareTitle"));
    setText(this.#help, t("compareHelp"));
    setText(this.#end, t("compareEnd"));
    setText(this.#fresh, t("compareNew"));
    setText(this.#definitions, t("compareDefinitions"));
    for (const [label, name] of this.#labels) setText(label, t(name));
    if (scenario) {
      const ids = scenario.controllers.map(({ id }) => id);
      const wish = (id: string, at: number): string => (ids.includes(id) ? id : (ids.at(at) ?? ""));
      for (const [select, first] of [
        [this.#left, wish("plan", 0)],
        [this.#right, wish("brain", -1)],
      ] as const) {
        const chosen = select.value || first;
        select.replaceChildren(
          ...scenario.controllers.map(({ id, title, about }) =>
            h("option", { value: id, title: about ? titled(about) : null }, titled(title)),
          ),
        );
        select.value = chosen;
      }
      const speed = this.#speed.value || String(DEFAULT_SPEED);
      this.#speed.replaceChildren(
        ...scenario.speeds.map((factor) => h("option", { value: factor }, `${factor}×`)),
      );
      this.#speed.value = speed;
    }
    this.#show();
  }

  #show(): void {
    const { current, list } = this.model.comparison;
    this.#form.hidden = current !== null;
    this.#limits.hidden = current !== null || list === null;
    this.#result.hidden = current === null;
    this.#start.disabled = this.#starting;
    setText(this.#start, t(this.#starting ? "compareStarting" : "compareStart"));
    if (list) {
      const limits = {
        running: list.running_max,
        minutes: Math.floor(list.seconds_max / 60),
        idle: list.idle_seconds_max,
      };
      setText(this.#limits, t("compareLimits", limits));
    }
    this.#fillLengths(list?.seconds_max ?? 0);
    this.#showOthers();
    if (current) this.#showResult(current);
  }

  #fillLengths(most: number): void {
    const offered = MINUTES.filter((minute) => minute * 60 <= most);
    const texts = offered.map((minute) => t("compareMinutes", { minutes: minute }));
    const options = [...this.#length.options].map(({ text }) => text);
    if (texts.join() === options.join()) return;
    const chosen = this.#length.value || String(DEFAULT_MINUTES);
    this.#length.replaceChildren(
      ...offered.map((minute, k) => h("option", { value: minute }, texts[k] ?? "")),
    );
    this.#length.value = chosen;
  }

  /** Comparisons that somebody else has started, to be watched too. */
  #showOthers(): void {
    const { current, list } = this.model.comparison;
    const all = list?.comparisons ?? [];
    this.#others.hidden = current !== null || all.length === 0;
    if (this.#others.hidden) return;
    const focused = this.#others.contains(document.activeElement);
    if (focused) return;
    this.#others.replaceChildren(
      h("h3", {}, t("compareOthers")),
      h(
        "ul",
        { class: "plain" },
        ...all.map((one) => {
          const watch = h("button", { type: "button" }, t("compareWatch"));
          watch.addEventListener("click", () => void this.model.comparison.watch(one.id));
          const sides = `${halfTitle(this.model, one.left)} ↔ ${halfTitle(this.model, one.right)}`;
          const text = `${one.from_clock} · ${sides} · ${t(STATES[one.state])}`;
          return h("li", { class: "row" }, h("span", {}, text), watch);
        }),
      ),
    );
  }

  #showResult(current: Comparison): void {
    this.#progress.value = (current.t - current.from) / (current.until - current.from);
    setText(this.#progressText, `${progressText(current)} · ${t(STATES[current.state])}`);
    this.#end.hidden = current.state !== "running";
    this.#fresh.hidden = current.state === "running";
    this.#showTable(current);
    this.#showVerdict(current);
    this.#showCharts(current);
  }

  #showVerdict(current: Comparison): void {
    const { left, right } = bothSides(current, "delay_per_vehicle");
    const [a, b] = [left.at(-1) ?? null, right.at(-1) ?? null];
    const by = a === null || b === null ? 0 : b - a;
    const percent = number(Math.abs(by / (a || 1)) * 100);
    const value = number(Math.abs(by), 1);
    const known = a !== null && a > 0 && Math.abs(by) >= 0.05;
    this.#verdict.dataset.verdict = known ? (by < 0 ? "good" : "bad") : "neutral";
    setText(
      this.#verdict,
      known
        ? t(by < 0 ? "compareVerdictLess" : "compareVerdictMore", { value, percent })
        : t("compareVerdictNone"),
    );
  }

  #showTable(current: Comparison): void {
    const rows = QUANTITIES.map(({ column, title, digits, factor, better }) => {
      const { left, right } = bothSides(current, column);
      const read = (values: (number | null)[]): number | null => {
        const value = values.at(-1) ?? null;
        return value === null ? null : value * factor;
      };
      const [a, b] = [read(left), read(right)];
      const by = a === null || b === null ? null : b - a;
      const sign = by !== null && Math.abs(by) >= 0.5 / 10 ** digits ? Math.sign(by) : 0;
      const verdict = sign * better > 0 ? "good" : sign * better < 0 ? "bad" : "neutral";
      const text = `${sign > 0 ? "+" : ""}${number(by, digits)}`;
      return h(
        "tr",
        { "data-column": column },
        h("th", { scope: "row" }, t(title)),
        h("td", {}, number(a, digits)),
        h("td", {}, number(b, digits)),
        h("td", { class: "trend", "data-verdict": verdict }, text),
      );
    });
    fillTable(
      this.#table,
      [
        column(t("compareFigure")),
        column(sideMark("left"), t("compareLeft")),
        column(sideMark("right"), t("compareRight")),
        column(t("compareDifference")),
      ],
      rows,
    );
  }

  #showCharts(current: Comparison): void {
    const start = clockStart(current.from_clock, current.from);
    for (const { quantity, chart } of this.#charts) {
      const { times, left, right } = bothSides(current, quantity.column);
      const scaled = (values: (number | null)[]): (number | null)[] =>
        values.map((value) => (value === null ? null : value * quantity.factor));
      chart.data = {
        title: t(quantity.title),
        label: t("compareLeft"),
        colour: SIDES.left,
        digits: quantity.digits,
        times,
        values: scaled(left),
        second: { label: t("compareRight"), colour: SIDES.right, values: scaled(right) },
        marks: [],
        start,
      };
    }
  }
}
