/** What the operator may change: controller, demand, pause, speed, restart. */
import type { Control } from "../api/types";
import { number } from "../format";
import { onLanguage, t, titled } from "../i18n";
import { h, LiveElement, setText } from "./dom";

export class ControlBar extends LiveElement {
  readonly #pause = h("button", { type: "button", class: "pause", "aria-keyshortcuts": "Space" });
  readonly #controller = h("select", { id: "controller", "aria-keyshortcuts": "C" });
  readonly #demand = h("select", { id: "demand" });
  readonly #speeds = h("div", { class: "speeds", role: "group", "aria-keyshortcuts": "+ -" });
  readonly #restart = h("button", { type: "button", class: "restart", "aria-keyshortcuts": "R" });
  readonly #labels = {
    controller: h("label", { for: "controller" }),
    demand: h("label", { for: "demand" }),
    speed: h("span", { class: "label", "aria-hidden": "true" }),
  };
  #sure: number | undefined;

  protected override build(signal: AbortSignal): void {
    const field = (label: HTMLElement, control: HTMLElement): HTMLElement =>
      h("div", { class: "field" }, label, control);
    this.append(
      this.#pause,
      field(this.#labels.speed, this.#speeds),
      field(this.#labels.controller, this.#controller),
      field(this.#labels.demand, this.#demand),
      this.#restart,
    );
    const { model } = this;
    const send = (change: Control): void => void model.control(change);
    this.#pause.addEventListener("click", () => this.togglePause(), { signal });
    this.#controller.addEventListener(
      "change",
      () => send({ controller: this.#controller.value }),
      { signal },
    );
    this.#demand.addEventListener("change", () => send({ demand: Number(this.#demand.value) }), {
      signal,
    });
    this.#restart.addEventListener("click", () => this.askRestart(), { signal });
    model.on("scenario", () => this.#fill(signal), signal);
    model.on("status", () => this.#show(), signal);
    onLanguage(() => this.#fill(signal), signal);
  }

  togglePause(): void {
    const { status } = this.model;
    if (status) void this.model.control({ paused: !status.paused });
  }

  /** The next faster (+1) or slower (−1) of the speeds offered. */
  changeSpeed(step: 1 | -1): void {
    const { scenario, status } = this.model;
    if (!scenario || !status) return;
    const speeds = scenario.speeds;
    const next =
      step > 0
        ? speeds.find((speed) => speed > status.speed)
        : speeds.findLast((speed) => speed < status.speed);
    if (next !== undefined) void this.model.control({ speed: next });
  }

  nextController(): void {
    const { scenario, status } = this.model;
    if (!scenario || !status) return;
    const at = scenario.controllers.findIndex(({ id }) => id === status.controller);
    const next = scenario.controllers[(at + 1) % scenario.controllers.length];
    if (next) void this.model.control({ controller: next.id });
  }

  /** Restarting loses the run: the first press asks, a second one within four seconds does it. */
  askRestart(): void {
    if (this.#sure === undefined) {
      this.#sure = window.setTimeout(() => this.#unsure(), 4000);
    } else {
      this.#unsure();
      void this.model.control({ restart: true });
    }
    this.#show();
  }

  #unsure(): void {
    window.clearTimeout(this.#sure);
    this.#sure = undefined;
    this.#show();
  }

  #fill(signal: AbortSignal): void {
    const { scenario } = this.model;
    setText(this.#labels.controller, t("controller"));
    setText(this.#labels.demand, t("demand"));
    setText(this.#labels.speed, t("speed"));
    this.#speeds.setAttribute("aria-label", t("speed"));
    if (scenario) {
      this.#controller.replaceChildren(
        ...scenario.controllers.map(({ id, title, about }) =>
          h("option", { value: id, title: about ? titled(about) : null }, titled(title)),
        ),
      );
      this.#demand.replaceChildren(
        ...scenario.demand_levels.map((level) =>
          h("option", { value: level }, `${number(level * 100)} %`),
        ),
      );
      this.#speeds.replaceChildren(
        ...scenario.speeds.map((speed) => {
          const button = h("button", { type: "button", "data-speed": speed }, `${speed}×`);
          button.addEventListener("click", () => void this.model.control({ speed }), { signal });
          return button;
        }),
      );
    }
    this.#show();
  }

  #show(): void {
    const { status } = this.model;
    this.#restart.classList.toggle("sure", this.#sure !== undefined);
    setText(this.#restart, this.#sure === undefined ? `↺ ${t("restart")}` : t("restartSure"));
    if (!status) return;
    setText(this.#pause, status.paused ? `▶ ${t("resume")}` : `❚❚ ${t("pause")}`);
    if (document.activeElement !== this.#controller) this.#controller.value = status.controller;
    if (document.activeElement !== this.#demand) this.#demand.value = String(status.demand);
    for (const button of this.#speeds.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === status.speed));
    }
  }
}
