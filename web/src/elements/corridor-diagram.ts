/** `<corridor-diagram>`: a time-space diagram on a canvas; the panel has its figures as a table. */
import { number, timeOfDay } from "../format";
import { named, onLanguage, t } from "../i18n";
import { bands, type Records, type Trace } from "../live/corridor";
import { PERMISSIVE, YELLOW } from "../live/frames";
import { h, LiveElement, setText } from "./dom";

const WINDOWS = [120, 300, 600, 900];
const DEFAULT_WINDOW = 300;
/** Seconds without a record after which a vehicle has been elsewhere. */
const GAP = 3;
/** Slower than this is drawn as standing, m/s. */
const SLOW = 0.5;
const RED = "#ff5a5f";
const YELLOW_COLOUR = "#ffd24a";
const GREEN = "#3df08f";
const MOVING = "#8fd6ff";
const STANDING = "#ff9d57";

/** Where seconds and metres lie on the canvas. */
interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  readonly length: number;
  readonly rem: number;
}

export class CorridorDiagram extends LiveElement {
  readonly #title = h("b");
  readonly #windows = h("div", { class: "speeds", role: "group" });
  readonly #canvas = h("canvas", { role: "img" });
  readonly #empty = h("p", { class: "diagram-empty" });
  #window = DEFAULT_WINDOW;

  protected override build(signal: AbortSignal): void {
    this.append(
      h("div", { class: "pane-head" }, this.#title, this.#windows),
      h("div", { class: "canvas-frame" }, this.#canvas, this.#empty),
    );
    for (const seconds of WINDOWS) {
      const button = h("button", { type: "button", "data-window": seconds });
      button.addEventListener(
        "click",
        () => {
          this.#window = seconds;
          this.#show();
        },
        { signal },
      );
      this.#windows.append(button);
    }
    const observer = new ResizeObserver(() => this.#show());
    observer.observe(this.#canvas);
    signal.addEventListener("abort", () => observer.disconnect(), { once: true });
    const { corridor } = this.model;
    corridor.on("records", () => this.#show(), signal);
    corridor.on("chosen", () => this.#show(), signal);
    onLanguage(() => this.#show(), signal);
  }

  #show(): void {
    const { chosen, records } = this.model.corridor;
    setText(this.#title, chosen ? named(chosen.name) : t("corridorTitle"));
    this.#windows.setAttribute("aria-label", t("corridorWindow"));
    for (const button of this.#windows.querySelectorAll("button")) {
      const seconds = Number(button.dataset.window);
      setText(button, t("compareMinutes", { minutes: seconds / 60 }));
      button.setAttribute("aria-pressed", String(seconds === this.#window));
    }
    setText(this.#empty, t("corridorEmpty"));
    this.#empty.hidden = records !== null;
    this.#canvas.hidden = records === null;
    if (!records || !chosen) return;
    this.#canvas.setAttribute(
      "aria-label",
      t("corridorSummary", {
        name: named(chosen.name),
        length: number(records.length),
        signals: records.stops.length,
        vehicles: records.traces.size,
        minutes: number((records.t - records.began) / 60),
      }),
    );
    this.#draw(records);
  }

  #draw(records: Records): void {
    const context = this.#canvas.getContext("2d");
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (!context || width < 50 || height < 50) return;
    const ratio = devicePixelRatio;
    if (this.#canvas.width !== Math.round(width * ratio)) this.#canvas.width = width * ratio;
    if (this.#canvas.height !== Math.round(height * ratio)) this.#canvas.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const left = width < 600 ? rem * 4 : rem * 10.5;
    const frame: Frame = {
      left,
      top: rem * 0.5,
      width: width - left - rem * 0.6,
      height: height - rem * 2.1,
      from: records.t - this.#window,
      to: records.t,
      length: records.length,
      rem,
    };
    this.#drawTimes(context, frame);
    context.save();
    context.beginPath();
    context.rect(frame.left, 0, frame.width, height);
    context.clip();
    drawUnknown(context, frame, records);
    drawBands(context, frame, records);
    for (const trace of records.traces.values()) drawTrace(context, frame, trace);
    for (const stop of records.stops) drawAspects(context, frame, stop);
    context.restore();
    drawStops(context, frame, records);
  }

  #drawTimes(context: CanvasRenderingContext2D, frame: Frame): void {
    const start = this.model.dayStart;
    const step = this.#window <= 300 ? 60 : this.#window <= 600 ? 120 : 180;
    context.font = `${frame.rem * 0.75}px system-ui, sans-serif`;
    context.fillStyle = "#a9b9ca";
    context.strokeStyle = "#1d2834";
    context.lineWidth = 1;
    context.textAlign = "center";
    const first = Math.ceil((frame.from + start) / step) * step - start;
    for (let time = first; time <= frame.to; time += step) {
      const x = xOf(frame, time);
      context.beginPath();
      context.moveTo(x, frame.top);
      context.lineTo(x, frame.top + frame.height);
      context.stroke();
      if (x > frame.left + frame.rem && x < frame.left + frame.width - frame.rem) {
        context.fillText(timeOfDay(start + time), x, frame.top + frame.height + frame.rem * 1.1);
      }
    }
  }
}

function xOf({ left, width, from, to }: Frame, time: number): number {
  return left + ((time - from) / (to - from)) * width;
}

function yOf({ top, height, length }: Frame, metres: number): number {
  return top + height - (metres / length) * height;
}

/** What lies before the recording began. */
function drawUnknown(context: CanvasRenderingContext2D, frame: Frame, { began }: Records): void {
  const x = xOf(frame, began);
  if (x <= frame.left) return;
  context.fillStyle = "#18222d";
  context.fillRect(frame.left, frame.top, x - frame.left, frame.height);
}

/** The free ways through all greens, at free flow. */
function drawBands(context: CanvasRenderingContext2D, frame: Frame, records: Records): void {
  const first = records.stops[0];
  if (!first) return;
  context.fillStyle = "#3df08f2b";
  for (const [start, end] of bands(records, Math.max(records.began, frame.from), frame.to) ?? []) {
    context.beginPath();
    for (const stop of records.stops) {
      const shift = stop.freeSeconds - first.freeSeconds;
      context.lineTo(xOf(frame, start + shift), yOf(frame, stop.at));
    }
    for (const stop of records.stops.toReversed()) {
      const shift = stop.freeSeconds - first.freeSeconds;
      context.lineTo(xOf(frame, end + shift), yOf(frame, stop.at));
    }
    context.fill();
  }
}

function drawTrace(context: CanvasRenderingContext2D, frame: Frame, trace: Trace): void {
  if ((trace.at(-2) ?? 0) < frame.from) return;
  // Records are a step apart at least: so far back lies the first that is shown.
  let first = 2;
  while (first + 1 < trace.length && (trace[first] ?? 0) < frame.from) first += 2;
  for (const standing of [false, true]) {
    context.strokeStyle = standing ? STANDING : MOVING;
    context.lineWidth = standing ? 1.8 : 1.1;
    context.globalAlpha = standing ? 1 : 0.75;
    context.beginPath();
    let drawn = -1;
    for (let k = first; k + 1 < trace.length; k += 2) {
      const t0 = trace[k - 2] ?? 0;
      const d0 = trace[k - 1] ?? 0;
      const t1 = trace[k] ?? 0;
      const d1 = trace[k + 1] ?? 0;
      // One that goes back has left the corridor and come again.
      if (t1 - t0 > GAP || d1 < d0 - 1) continue;
      if ((d1 - d0) / (t1 - t0) < SLOW !== standing) continue;
      if (drawn !== k - 2) context.moveTo(xOf(frame, t0), yOf(frame, d0));
      context.lineTo(xOf(frame, t1), yOf(frame, d1));
      drawn = k;
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Red thick, yellow less so, green thin: told apart without colour too. */
function drawAspects(
  context: CanvasRenderingContext2D,
  frame: Frame,
  { at, aspects }: Records["stops"][number],
): void {
  const y = yOf(frame, at);
  for (const [k, [start, aspect]] of aspects.entries()) {
    const end = aspects[k + 1]?.[0] ?? frame.to;
    if (end < frame.from) continue;
    const [colour, thick] =
      aspect >= PERMISSIVE ? [GREEN, 2] : aspect === YELLOW ? [YELLOW_COLOUR, 4] : [RED, 5];
    context.fillStyle = colour;
    const x = Math.max(frame.left, xOf(frame, start));
    context.fillRect(x, y - thick / 2, xOf(frame, end) - x, thick);
  }
}

function drawStops(context: CanvasRenderingContext2D, frame: Frame, records: Records): void {
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.font = `${frame.rem * 0.75}px system-ui, 'Noto Sans CJK SC', sans-serif`;
  context.fillStyle = "#dbe5ef";
  let last = Number.POSITIVE_INFINITY;
  for (const stop of records.stops) {
    const y = yOf(frame, stop.at);
    if (last - y < frame.rem * 0.85) continue;
    last = y;
    const name = stop.crossStreet ? named(stop.crossStreet) : stop.id;
    const short = frame.left > frame.rem * 5 ? `${clipped(name, 14)}  ` : "";
    context.fillText(`${short}${number(stop.at)} m`, frame.left - frame.rem * 0.4, y);
  }
  context.textBaseline = "alphabetic";
}

function clipped(name: string, most: number): string {
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}
