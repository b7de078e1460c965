/** `<command-centre>`: the page. It holds the model, lays out the elements and reads the keyboard. */
import { language, onLanguage, setLanguage, t, titled } from "../i18n";
import { LiveModel, type Selection } from "../live/model";
import type { Connection } from "../live/socket";
import { paletteIsSafe, setPaletteSafe } from "../map/palette";
import { h, live, setText } from "./dom";
import { TASKS, type Task, taskOfAddress } from "./task-tabs";

/** What a task shows in the panel, and over the map. */
const PARTS = {
  overview: { panel: null, stage: null },
  compare: { panel: "compare-panel", stage: "compare-stage" },
  corridor: { panel: "corridor-panel", stage: "corridor-diagram" },
  missions: { panel: "mission-panel", stage: "compare-stage" },
  closures: { panel: "closure-panel", stage: null },
  congestion: { panel: "congestion-panel", stage: null },
} as const;

export class CommandCentre extends HTMLElement {
  readonly #model = new LiveModel();
  readonly #life = new AbortController();
  readonly #map = live("city-map", this.#model);
  readonly #controls = live("control-bar", this.#model);
  readonly #help = live("help-dialog", this.#model);
  readonly #overview = h("div", { class: "overview" });
  readonly #task = h("div", { class: "task", hidden: true });
  readonly #stage = h("div", { class: "stage", hidden: true });
  readonly #detail = h("div", { class: "detail", hidden: true });
  readonly #back = h("button", { type: "button", class: "back" });
  readonly #sheet = h("button", {
    type: "button",
    class: "sheet-handle",
    "aria-expanded": "false",
  });
  readonly #panel = h("aside", { class: "panel", id: "panel", tabindex: -1 });
  readonly #announcer = h("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  readonly #problem = h("p", { class: "problem", role: "alert", hidden: true });
  #problemTimer: number | undefined;
  #lastFocus: HTMLElement | null = null;

  connectedCallback(): void {
    const model = this.#model;
    const { signal } = this.#life;
    const section = h("section", { class: "controls" }, this.#controls);
    const main = h("main", { class: "map" }, this.#map, this.#stage, this.#problem);
    this.#overview.append(live("history-charts", model), live("worst-links", model));
    this.#panel.append(
      this.#sheet,
      live("figure-panel", model),
      this.#overview,
      this.#task,
      this.#detail,
    );
    // What the server rendered for browsers without scripts makes way for the page.
    this.replaceChildren(
      live("status-header", model),
      live("task-tabs", model),
      main,
      section,
      this.#panel,
      this.#help,
      this.#announcer,
    );
    onLanguage(() => {
      main.setAttribute("aria-label", t("map"));
      section.setAttribute("aria-label", t("controls"));
      this.#panel.setAttribute("aria-label", t("panel"));
      setText(this.#back, `← ${t("back")}`);
      this.#labelSheet();
    }, signal);
    this.#listen(signal);
    this.#openTask(taskOfAddress());
    void model.start();
    void model.closures.load();
  }

  disconnectedCallback(): void {
    this.#life.abort();
    this.#model.stop();
  }

  #listen(signal: AbortSignal): void {
    const model = this.#model;
    model.on("selection", (selection) => this.#showSelection(selection), signal);
    model.on("connection", (state) => this.#announceConnection(state), signal);
    model.on("restart", () => this.#announce(t("announceRestart")), signal);
    model.on("problem", (message) => this.#showProblem(message), signal);
    let controller: string | null = null;
    model.on(
      "status",
      (status) => {
        if (controller !== null && controller !== status.controller) {
          const found = model.scenario?.controllers.find(({ id }) => id === status.controller);
          this.#announce(
            t("announceController", { name: found ? titled(found.title) : status.controller }),
          );
        }
        controller = status.controller;
      },
      signal,
    );
    const tell = (message: string): void => this.#showProblem(message);
    model.comparison.on("problem", tell, signal);
    model.corridor.on("problem", tell, signal);
    model.closures.on("problem", tell, signal);
    model.missions.on("problem", tell, signal);
    model.comparison.on("change", () => this.#showStage(), signal);
    model.closures.on(
      "change",
      () =>
        model.mark(
          "closed",
          model.closures.closures.map(({ link }) => link),
        ),
      signal,
    );
    window.addEventListener("hashchange", () => this.#openTask(taskOfAddress()), { signal });
    this.#back.addEventListener("click", () => model.select(null), { signal });
    this.#sheet.addEventListener("click", () => this.#toggleSheet(), { signal });
    this.addEventListener("help", () => this.#help.open(), { signal });
    window.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  /** Shows a task's part of the panel and what it puts over the map. */
  #openTask(task: Task): void {
    const { panel, stage } = PARTS[task];
    this.dataset.task = task;
    if (this.#model.selection) this.#model.select(null);
    this.#task.replaceChildren(...(panel ? [live(panel, this.#model)] : []));
    this.#stage.replaceChildren(...(stage ? [live(stage, this.#model)] : []));
    this.#panel.scrollTop = 0;
    this.#layOut(null);
    this.#showStage();
  }

  /** What the panel shows: the details of what is selected, else the task. */
  #layOut(selection: Selection): void {
    const overview = this.dataset.task === "overview";
    this.#overview.hidden = selection !== null || !overview;
    this.#task.hidden = selection !== null || overview;
    this.#detail.hidden = selection === null;
    this.classList.toggle("with-detail", selection !== null || !overview);
  }

  #showStage(): void {
    const { task } = this.dataset;
    const wanted = task === "compare" || task === "missions";
    const comparing = wanted && this.#model.comparison.current !== null;
    this.#stage.hidden = !comparing && task !== "corridor";
    // Two maps take the place of the one.
    this.#map.hidden = comparing;
  }

  #showSelection(selection: Selection): void {
    const wasOpen = !this.#detail.hidden;
    this.#layOut(selection);
    if (!selection) {
      this.#detail.replaceChildren();
      if (wasOpen) this.#lastFocus?.focus();
      return;
    }
    if (!wasOpen) this.#lastFocus = document.activeElement as HTMLElement | null;
    const card =
      selection.kind === "signal"
        ? live("signal-plan", this.#model)
        : live("link-card", this.#model);
    card.index = selection.index;
    this.#detail.replaceChildren(this.#back, card);
    this.#panel.scrollTop = 0;
    if (document.activeElement?.closest(".panel") || !document.activeElement?.closest("main")) {
      this.#back.focus();
    }
  }

  #toggleSheet(): void {
    this.classList.toggle("sheet-up");
    this.#labelSheet();
  }

  #labelSheet(): void {
    const up = this.classList.contains("sheet-up");
    this.#sheet.setAttribute("aria-expanded", String(up));
    this.#sheet.setAttribute("aria-controls", "panel");
    this.#sheet.setAttribute("aria-label", up ? t("showMap") : t("showPanel"));
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (target.closest("select, input, dialog[open]")) return;
    const onControl = target.closest("button, summary, a") !== null;
    const onMap = target.closest(".maplibregl-canvas") !== null;
    switch (event.key) {
      case " ":
        if (onControl) return;
        this.#controls.togglePause();
        break;
      case "+":
      case "=":
        if (onMap) return;
        this.#controls.changeSpeed(1);
        break;
      case "-":
        if (onMap) return;
        this.#controls.changeSpeed(-1);
        break;
      case "r":
        this.#controls.askRestart();
        break;
      case "c":
        this.#controls.nextController();
        break;
      case "f":
        this.#map.fit();
        break;
      case "p":
        setPaletteSafe(!paletteIsSafe());
        this.#model.emit("palette", null);
        break;
      case "l":
        setLanguage(language() === "zh" ? "en" : "zh");
        break;
      case "Escape":
        this.#model.select(null);
        break;
      case "?":
        this.#help.open();
        break;
      default: {
        const task = TASKS[Number(event.key) - 1];
        if (!task) return;
        location.hash = task;
      }
    }
    event.preventDefault();
  }

  #announceConnection(state: Connection): void {
    if (state === "offline") this.#announce(t("announceOffline"));
    if (state === "stale") this.#announce(t("announceStale"));
    if (state === "live") this.#announce(t("announceLive"));
    this.dataset.connection = state;
  }

  #announce(text: string): void {
    setText(this.#announcer, text);
  }

  #showProblem(message: string): void {
    setText(this.#problem, t("problem", { message }));
    this.#problem.hidden = false;
    window.clearTimeout(this.#problemTimer);
    this.#problemTimer = window.setTimeout(() => {
      this.#problem.hidden = true;
    }, 8000);
  }
}
