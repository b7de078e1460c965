/** `<signal-plan>`: a junction's phases, what is green now, queues, and the phases of the last minutes. */
import { api, messageOf } from "../api/client";
import type { Direction, MovementGroup, PlanPhase, SignalDetail } from "../api/types";
import { number } from "../format";
import { named, onLanguage, type StringName, t, titled } from "../i18n";
import { phaseColour } from "../map/palette";
import { every, h, LiveElement, setText, svg } from "./dom";
import { drawPlan, ringArc } from "./junction-plan";
import { stages } from "./stages";

const BAND_SECONDS = 600;
const ARROWS: Record<Direction, string> = { straight: "↑", left: "↰", right: "↱", "u-turn": "↶" };
const WORDS: Record<Direction, StringName> = {
  straight: "straight",
  left: "left",
  right: "right",
  "u-turn": "uTurn",
};
const ASPECT_WORDS = [
  "red",
  "yellow",
  "permissive",
  "protected",
] as const satisfies readonly StringName[];
const ASPECT_SHAPE = ["■", "◆", "▷", "▶"] as const;

export class SignalPlan extends LiveElement {
  #index = -1;
  #detail: SignalDetail | null = null;
  readonly #heading = h("h2");
  readonly #id = h("span", { class: "id" });
  readonly #ring = svg("svg", { viewBox: "0 0 200 200", class: "ring", role: "img" });
  readonly #phase = h("span", { class: "phase-name" });
  readonly #remaining = h("span", { class: "seconds" });
  readonly #remainingWord = h("span", { class: "caption" });
  readonly #elapsed = h("span", { class: "elapsed" });
  readonly #stage = h("span", { class: "stage" });
  readonly #controller = h("span", { class: "elapsed" });
  readonly #planHeading = h("h3");
  readonly #plan = h("div", { class: "phases" });
  readonly #bandHeading = h("h3");
  readonly #band = svg("svg", { class: "band", preserveAspectRatio: "none", role: "img" });
  readonly #queueHeading = h("h3");
  readonly #queues = h("tbody");
  readonly #queueHead = h("tr");

  /** Shows the signal with this index. */
  set index(index: number) {
    this.#index = index;
    this.#detail = null;
    if (this.isConnected) void this.#load();
  }

  protected override build(signal: AbortSignal): void {
    this.append(
      h("div", { class: "section-head" }, this.#heading, this.#id),
      h(
        "div",
        { class: "now" },
        this.#ring,
        h(
          "div",
          { class: "now-text" },
          this.#phase,
          this.#stage,
          h("span", { class: "big" }, this.#remaining),
          this.#remainingWord,
          this.#elapsed,
          this.#controller,
        ),
      ),
      this.#planHeading,
      this.#plan,
      this.#bandHeading,
      this.#band,
      this.#queueHeading,
      h("table", { class: "queues" }, h("thead", {}, this.#queueHead), this.#queues),
    );
    onLanguage(() => this.#label(), signal);
    every(1000, () => void this.#load(), signal);
    this.model.on("signals", () => this.#showNow(), signal);
    this.model.on("status", () => this.#showNow(), signal);
    void this.#load();
  }

  async #load(): Promise<void> {
    const wanted = this.#index;
    if (wanted < 0) return;
    try {
      const detail = await api.signal(wanted);
      if (wanted !== this.#index || !this.isConnected) return;
      const first = this.#detail?.index !== detail.index;
      this.#detail = detail;
      if (first) this.#showPlan();
      this.#showNow();
      this.#showBand();
      this.#showQueues();
    } catch (error) {
      this.model.emit("problem", messageOf(error));
    }
  }

  #label(): void {
    setText(this.#planHeading, t("plan"));
    setText(this.#bandHeading, t("phaseHistory"));
    setText(this.#queueHeading, t("movements"));
    this.#queueHead.replaceChildren(
      h("th", { scope: "col" }, t("movement")),
      h("th", { scope: "col" }, t("from")),
      h("th", { scope: "col", colspan: 2 }, t("queue")),
    );
    this.#showPlan();
    this.#showNow();
    this.#showBand();
    this.#showQueues();
  }

  /** The streets that meet here, else the signal's id. */
  #title(detail: SignalDetail): string {
    const streets = new Set(detail.groups.map(({ from }) => named(from)));
    const approaches = new Set(detail.groups.map((group) => group.from_link));
    // Where no approach shares its name with another, these are ids of links, not streets.
    const anonymous = streets.size > 2 && streets.size === approaches.size;
    if (streets.size < 2 || anonymous) return detail.id;
    return [...streets].slice(0, 2).join(" × ");
  }

  #side(): "right" | "left" {
    return this.model.scenario?.network.driving_side ?? "right";
  }

  /** The aspect now: the live stream's, else the one of the last look. */
  #aspect(group: MovementGroup): number {
    const heard = this.model.groups.get(group.index);
    if (heard) return heard.aspect;
    return ASPECT_WORDS.indexOf(group.aspect);
  }

  #showNow(): void {
    const detail = this.#detail;
    setText(this.#heading, detail ? this.#title(detail) : t("loading"));
    if (!detail) return;
    setText(this.#id, this.#heading.textContent === detail.id ? t("junction") : detail.id);
    const phase = this.#phaseNow(detail);
    const remaining = this.#remainingNow(detail);
    setText(this.#phase, phase === null ? t("unknown") : t("phase", { number: phase + 1 }));
    const plan = detail.phases.find(({ index }) => index === phase);
    setText(this.#stage, detail.clearing ? t("clearing") : stageName(plan));
    this.#phase.style.borderColor = phaseColour(phase);
    // A controller that decides as it goes knows no end: then what has passed is the news.
    const open = remaining === null;
    setText(this.#remaining, number(open ? detail.elapsed : remaining));
    setText(this.#remainingWord, `${t("unitSeconds")} ${t(open ? "elapsed" : "remaining")}`);
    setText(
      this.#elapsed,
      open ? t("openEnd") : `${number(detail.elapsed)} ${t("unitSeconds")} ${t("elapsed")}`,
    );
    setText(this.#controller, this.#controllerName(detail.controller));
    this.#showRing(detail, phase, remaining);
    for (const card of this.#plan.querySelectorAll<HTMLElement>(".phase-card")) {
      const current = Number(card.dataset.phase) === phase;
      card.classList.toggle("current", current);
      if (current) card.setAttribute("aria-current", "step");
      else card.removeAttribute("aria-current");
    }
  }

  #phaseNow(detail: SignalDetail): number | null {
    for (const { index } of detail.groups) {
      const heard = this.model.groups.get(index);
      if (heard) return heard.phase;
    }
    return detail.phase;
  }

  #remainingNow(detail: SignalDetail): number | null {
    for (const { index } of detail.groups) {
      const heard = this.model.groups.get(index);
      if (heard?.remaining !== undefined && heard.remaining !== null)
        return this.model.remaining(index);
    }
    return detail.remaining;
  }

  #controllerName(id: string): string {
    const found = this.model.scenario?.controllers.find((controller) => controller.id === id);
    return found ? titled(found.title) : id;
  }

  #showRing(detail: SignalDetail, phase: number | null, remaining: number | null): void {
    const arcs: SVGElement[] = [];
    const cycle = detail.phases.reduce((sum, { duration }) => sum + duration, 0);
    const green = new Set(stages(detail.phases).map((phase) => phase.index));
    let start = 0;
    for (const { index, duration } of detail.phases) {
      if (cycle <= 0) break;
      const end = start + duration / cycle;
      const current = index === phase;
      const gap = detail.phases.length > 1 ? 0.004 : 0;
      arcs.push(
        svg("path", {
          d: ringArc(94, start + gap, end - gap),
          class: `arc${current ? " current" : ""}${green.has(index) ? "" : " clearance"}`,
          stroke: phaseColour(index),
        }),
      );
      if (current) {
        const total = detail.elapsed + (remaining ?? Math.max(0, duration - detail.elapsed));
        const share = total > 0 ? Math.min(1, detail.elapsed / total) : 0;
        const at = start + gap + (end - start - 2 * gap) * share;
        if (at > start + 2 * gap)
          arcs.push(svg("path", { d: ringArc(94, start + gap, at), class: "arc done" }));
      }
      start = end;
    }
    const plan = svg(
      "g",
      { transform: "translate(14 14) scale(0.86)" },
      ...drawPlan(detail.groups, {
        aspect: (group) => this.#aspect(group),
        side: this.#side(),
        stroke: 5,
      }),
    );
    this.#ring.replaceChildren(
      ...arcs,
      plan,
      svg("text", { x: 100, y: 21, class: "north" }, t("north")),
    );
    const going = detail.groups.filter((group) => this.#aspect(group) >= 2);
    this.#ring.setAttribute(
      "aria-label",
      t("ringDescription", {
        phase: phase === null ? t("unknown") : phase + 1,
        remaining: number(remaining),
        green:
          going.map((group) => `${named(group.from)} ${t(WORDS[group.direction])}`).join(", ") ||
          t("none"),
      }),
    );
  }

  #showPlan(): void {
    const detail = this.#detail;
    if (!detail) return;
    this.#plan.replaceChildren(
      ...stages(detail.phases).map(({ index, name, duration, green }) => {
        const going = new Set(green);
        const drawing = svg(
          "svg",
          { viewBox: "30 30 140 140", "aria-hidden": "true" },
          ...drawPlan(detail.groups, {
            aspect: (group) => (going.has(group.index) ? 3 : null),
            side: this.#side(),
            stroke: 8,
          }),
        );
        const card = h(
          "div",
          { class: "phase-card", "data-phase": index, title: name },
          h("span", { class: "number" }, String(index + 1)),
          drawing,
          h("span", { class: "duration" }, `${number(duration)} ${t("unitSeconds")}`),
        );
        card.style.setProperty("--phase", phaseColour(index));
        return card;
      }),
    );
  }

  #showBand(): void {
    const detail = this.#detail;
    if (!detail) return;
    const end = Math.max(this.model.now, detail.history.at(-1)?.[0] ?? 0);
    const from = end - BAND_SECONDS;
    const segments: SVGElement[] = [];
    detail.history.forEach(([time, phase], k) => {
      const next = detail.history[k + 1]?.[0] ?? end;
      const left = Math.max(0, time - from);
      const right = Math.min(BAND_SECONDS, next - from);
      if (right <= left) return;
      const level = phase === null ? 0 : phase % 4;
      // Height as well as colour tells phases apart.
      const height = 100 - level * 18;
      segments.push(
        svg(
          "rect",
          { x: left, y: 100 - height, width: right - left, height, fill: phaseColour(phase) },
          svg("title", {}, phase === null ? t("unknown") : t("phase", { number: phase + 1 })),
        ),
      );
    });
    this.#band.setAttribute("viewBox", `0 0 ${BAND_SECONDS} 100`);
    this.#band.setAttribute("aria-label", t("phaseHistory"));
    this.#band.replaceChildren(...segments);
  }

  #showQueues(): void {
    const detail = this.#detail;
    if (!detail) return;
    const most = Math.max(8, ...detail.groups.map(({ queue }) => queue));
    const groups = [...detail.groups].sort((a, b) => a.bearing - b.bearing || a.index - b.index);
    this.#queues.replaceChildren(
      ...groups.map((group) => {
        const aspect = this.#aspect(group);
        const word = t(ASPECT_WORDS[aspect] ?? "unknown");
        const compass = h("span", { class: "compass", "aria-hidden": "true" }, "➤");
        compass.style.rotate = `${group.bearing - 90}deg`;
        const bar = h("span", { class: "bar" });
        bar.style.inlineSize = `${(100 * group.queue) / most}%`;
        return h(
          "tr",
          {},
          h(
            "td",
            { class: `aspect ${ASPECT_WORDS[aspect] ?? ""}` },
            h("span", { "aria-hidden": "true" }, ASPECT_SHAPE[aspect] ?? "?"),
            h("span", { class: "visually-hidden" }, word),
            ` ${ARROWS[group.direction]} ${t(WORDS[group.direction])}`,
          ),
          h("td", { class: "from" }, compass, ` ${named(group.from)}`),
          h("td", { class: "count" }, number(group.queue)),
          h("td", { class: "bar-cell" }, bar),
        );
      }),
    );
  }
}

/** A phase's name, unless it only repeats its number. */
function stageName(phase: PlanPhase | undefined): string {
  if (!phase?.name || phase.name === String(phase.index + 1)) return "";
  return phase.name;
}
