/** `<mission-panel>`: sends an ambulance through the running city, or tries it in two futures. */
import { api, messageOf } from "../api/client";
import type { Comparison, LinkDetail, MissionReport } from "../api/types";
import { number } from "../format";
import { named, onLanguage, type StringName, t } from "../i18n";
import { progressText } from "./compare-panel";
import { h, LiveElement, live, setText } from "./dom";
import { signalsAhead } from "./signals-ahead";
import { column, fillTable, sideMark } from "./tables";

/** How long both halves go on after the order, simulated seconds, and how fast. */
const SECONDS = 900;
const SPEED = 10;

/** Where an ambulance is sent. */
type Where = "city" | "futures";
const WHERE: readonly (readonly [Where, StringName])[] = [
  ["city", "missionInCity"],
  ["futures", "missionInFutures"],
];
/** As it was chosen last, for as long as the page is open. */
let chosen: Where = "city";

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
  readonly #choice = h("div", { class: "choice", role: "radiogroup" });
  readonly #names = new Map<Where, HTMLElement>();
  readonly #form = h("form", { class: "task-form" });
  readonly #priority = h("input", { type: "checkbox", id: "mission-priority", checked: true });
  readonly #priorityName = h("label", { for: "mission-priority" });
  readonly #priorityRow = h("div", { class: "row" }, this.#priority, this.#priorityName);
  readonly #facts = h("dl", { class: "facts two" });
  readonly #hint = h("p", { class: "small", "aria-live": "polite" });
  readonly #send = h("button", { type: "submit", class: "primary" });
  readonly #result = h("div", { class: "result" });
  readonly #city = h("div", { class: "result" });
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
    this.#form.append(this.#hint, this.#facts, this.#priorityRow, this.#send);
    this.#city.append(live("dispatch-list", this.model));
    this.#offer(signal);
    this.#result.append(
      this.#unit,
      this.#progress,
      this.#verdict,
      this.#table,
      h("div", { class: "row" }, this.#end),
      this.#definitions,
    );
    this.append(this.#heading, this.#choice, this.#help, this.#form, this.#result, this.#city);
    const { model } = this;
    // A comparison that is looked at is what the maps show.
    if (model.comparison.current) this.#choose("futures");
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

  /** The choice between the running city and two futures of it. */
  #offer(signal: AbortSignal): void {
    for (const [where, name] of WHERE) {
      const input = h("input", { type: "radio", name: "mission-where", value: where });
      const text = h("span", {}, t(name));
      this.#names.set(where, text);
      input.checked = where === chosen;
      input.addEventListener("change", () => this.#choose(where), { signal });
      this.#choice.append(h("label", {}, input, text));
    }
  }

  #choose(where: Where): void {
    chosen = where;
    for (const input of this.#choice.querySelectorAll("input")) {
      input.checked = input.value === where;
    }
    if (where === "city") this.model.comparison.leave();
    this.#show();
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
    const from = this.#start ? { from: this.#start.index } : {};
    const wanted = { scene: this.#scene.index, ...from };
    if (chosen === "futures") {
      await this.model.comparison.send({ ...wanted, seconds: SECONDS, speed: SPEED });
    } else if (await this.model.missions.send({ ...wanted, priority: this.#priority.checked })) {
      // The mission marks its way and scene itself; the next can be picked.
      this.#scene = null;
      this.#start = null;
      this.model.mark("corridor", []);
    }
    this.#sending = false;
    this.#show();
  }

  #say(error: unknown): void {
    this.model.emit("problem", messageOf(error));
  }

  #show(): void {
    const { current } = this.model.comparison;
    setText(this.#heading, t("missionTitle"));
    this.#choice.setAttribute("aria-label", t("missionWhere"));
    for (const [where, name] of WHERE) {
      const text = this.#names.get(where);
      if (text) setText(text, t(name));
    }
    const inCity = chosen === "city";
    setText(this.#help, t(inCity ? "dispatchHelp" : "missionHelp"));
    setText(this.#priorityName, t("dispatchPriority"));
    this.#priorityRow.hidden = !inCity;
    this.#city.hidden = !inCity;
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
    this.#form.hidden = !inCity && current !== null;
    const left = current?.left.mission;
    const right = current?.right.mission;
    this.#result.hidden = inCity || current === null;
    if (!current) return;
    setText(this.#end, t(current.state === "running" ? "compareEnd" : "compareNew"));
    setText(this.#progress, progressText(current));
    for (const part of [this.#unit, this.#verdict, this.#table, this.#definitions]) {
      part.hidden = !left || !right;
    }
    if (left && right) this.#showMissions(current, left, right);
  }

  #showMissions(current: Comparison, left: MissionReport, right: MissionReport): void {
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
