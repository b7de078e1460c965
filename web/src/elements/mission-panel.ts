/** `<mission-panel>`: sends an ambulance to a place, with and without priority, and compares. */
import { api, messageOf } from "../api/client";
import type { Comparison, LinkDetail, MissionReport } from "../api/types";
import { number } from "../format";
import { named, onLanguage, type StringName, t } from "../i18n";
import { progressText } from "./compare-panel";
import { h, LiveElement, setText } from "./dom";
import { column, fillTable, sideMark } from "./tables";

/** How long both halves go on after the order, simulated seconds, and how fast. */
const SECONDS = 900;
const SPEED = 10;

const STAGES: Readonly<Record<MissionReport["stage"], StringName>> = {
  leaving: "missionLeaving",
  driving: "missionDriving",
  arrived: "missionArrived",
};

/** Seconds from the order to the arrival; `null` before it. */
export function timeToScene({ ordered, arrived }: MissionReport): number | null {
  return arrived === null ? null : arrived - ordered;
}

export class MissionPanel extends LiveElement {
  readonly #heading = h("h2");
  readonly #help = h("p", { class: "help-text" });
  readonly #form = h("form", { class: "task-form" });
  readonly #facts = h("dl", { class: "facts two" });
  readonly #hint = h("p", { class: "small", "aria-live": "polite" });
  readonly #send = h("button", { type: "submit", class: "primary" });
  readonly #result = h("div", { class: "result" });
  readonly #unit = h("p");
  readonly #progress = h("p", { class: "progress-text" });
  readonly #verdict = h("p", { class: "verdict", "aria-live": "polite" });
  readonly #table = h("table", { class: "figures-table" });
  readonly #end = h("button", { type: "button" });
  readonly #definitions = h("p", { class: "small" });
  #units: number | null = null;
  #start: LinkDetail | null = null;
  #scene: LinkDetail | null = null;
  #sending = false;

  protected override build(signal: AbortSignal): void {
    this.#form.append(this.#hint, this.#facts, this.#send);
    this.#result.append(
      this.#unit,
      this.#progress,
      this.#verdict,
      this.#table,
      h("div", { class: "row" }, this.#end),
      this.#definitions,
    );
    this.append(this.#heading, this.#help, this.#form, this.#result);
    const { model } = this;
    model.takePicks("link", (index) => void this.#pick(index), signal);
    signal.addEventListener("abort", () => model.mark("corridor", []), { once: true });
    this.#form.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        void this.#sendOff();
      },
      { signal },
    );
    this.#end.addEventListener("click", () => void model.comparison.end(), { signal });
    model.comparison.on("change", () => this.#show(), signal);
    onLanguage(() => this.#show(), signal);
    void this.#loadUnits();
  }

  async #loadUnits(): Promise<void> {
    try {
      this.#units = (await api.units()).units.length;
      this.#show();
    } catch (error) {
      this.#say(error);
    }
  }

  async #pick(index: number): Promise<void> {
    try {
      const link = await api.link(index);
      if (this.#units === 0 && (!this.#start || this.#scene)) {
        this.#start = link;
        this.#scene = null;
      } else {
        this.#scene = link;
      }
      const marked = [this.#start, this.#scene].flatMap((one) => (one ? [one.index] : []));
      this.model.mark("corridor", marked);
      this.#show();
    } catch (error) {
      this.#say(error);
    }
  }

  async #sendOff(): Promise<void> {
    if (this.#sending || !this.#scene) return;
    this.#sending = true;
    this.#show();
    await this.model.comparison.send({
      scene: this.#scene.index,
      ...(this.#start ? { from: this.#start.index } : {}),
      seconds: SECONDS,
      speed: SPEED,
    });
    this.#sending = false;
    this.#show();
  }

  #say(error: unknown): void {
    this.model.emit("problem", messageOf(error));
  }

  #show(): void {
    const { current } = this.model.comparison;
    setText(this.#heading, t("missionTitle"));
    setText(this.#help, t("missionHelp"));
    setText(this.#definitions, t("missionDefinitions"));
    setText(this.#send, t(this.#sending ? "missionSending" : "missionSend"));
    const startsAnywhere = this.#units === 0;
    const wantsStart = startsAnywhere && (!this.#start || this.#scene !== null);
    setText(this.#hint, t(wantsStart ? "missionPickStart" : "missionPick"));
    const place = (link: LinkDetail | null): string => (link ? named(link.name ?? link.id) : "–");
    const start = startsAnywhere
      ? place(this.#start)
      : t("missionSoonest", { count: this.#units ?? 0 });
    this.#facts.replaceChildren(
      h("div", {}, h("dt", {}, t("missionStart")), h("dd", {}, start)),
      h("div", {}, h("dt", {}, t("missionScene")), h("dd", {}, place(this.#scene))),
    );
    this.#send.disabled = this.#sending || !this.#scene || (startsAnywhere && !this.#start);
    this.#form.hidden = current !== null;
    const both = current?.left.mission && current.right.mission;
    this.#result.hidden = current === null;
    if (!current) return;
    setText(this.#end, t(current.state === "running" ? "compareEnd" : "compareNew"));
    setText(this.#progress, progressText(current));
    for (const part of [this.#unit, this.#verdict, this.#table, this.#definitions]) {
      part.hidden = !both;
    }
    if (both) this.#showMissions(current, both, current.left.mission as MissionReport);
  }

  #showMissions(current: Comparison, right: MissionReport, left: MissionReport): void {
    const way = { unit: right.unit ?? "", links: right.route.length };
    setText(this.#unit, t(right.unit === null ? "missionFromLink" : "missionUnit", way));
    this.#showVerdict(timeToScene(left), timeToScene(right));
    const elapsed = (mission: MissionReport): string => {
      const time = timeToScene(mission);
      return time === null ? `${number(current.t - mission.ordered)} …` : number(time);
    };
    const rows: [StringName, (mission: MissionReport) => string | Node][] = [
      ["missionTime", elapsed],
      ["missionStage", ({ stage }) => t(STAGES[stage])],
      ["missionAhead", signalsAhead],
      ["missionStops", ({ stops }) => number(stops)],
      ["missionStood", ({ stood }) => number(stood)],
      ["missionOthers", ({ others_delay: delay }) => number(delay)],
    ];
    fillTable(
      this.#table,
      [
        column(t("compareFigure")),
        column(sideMark("left"), t("missionWithout")),
        column(sideMark("right"), t("missionWith")),
      ],
      rows.map(([name, read]) =>
        h(
          "tr",
          { "data-row": name },
          h("th", { scope: "row" }, t(name)),
          h("td", {}, read(left)),
          h("td", {}, read(right)),
        ),
      ),
    );
  }

  #showVerdict(without: number | null, priority: number | null): void {
    const known = without !== null && priority !== null;
    const saved = known ? without - priority : 0;
    this.#verdict.dataset.verdict = saved > 0 ? "good" : saved < 0 ? "bad" : "neutral";
    const value = number(Math.abs(saved));
    const percent = number((Math.abs(saved) / (without || 1)) * 100);
    const name = !known
      ? "missionVerdictWait"
      : saved > 0
        ? "missionVerdict"
        : saved < 0
          ? "missionVerdictLater"
          : "missionVerdictSame";
    setText(this.#verdict, t(name, { value, percent }));
  }
}

/** A dot for each of the next signals, and in words how many are green. */
function signalsAhead({ ahead }: MissionReport): Node {
  const dots = ahead.slice(0, 6).map(({ green }) => h("i", { class: green ? "green" : "red" }));
  const green = ahead.filter((signal) => signal.green).length;
  const words = ahead.length > 0 ? t("missionGreen", { green, count: ahead.length }) : "–";
  return h("span", {}, h("span", { class: "signal-dots", "aria-hidden": "true" }, ...dots), words);
}
