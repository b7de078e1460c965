/** The header: city, simulated clock, run state, freshness of the data, language. */
import type { Status } from "../api/types";
import { number } from "../format";
import { language, onLanguage, type StringName, setLanguage, t, titled } from "../i18n";
import { every, h, LiveElement, setText } from "./dom";

export class StatusHeader extends LiveElement {
  readonly #city = h("h1", { class: "city" });
  readonly #page = h("span", { class: "page" });
  readonly #clock = h("span", { class: "clock", role: "timer" });
  readonly #clockLabel = h("span", { class: "caption" });
  readonly #run = h("span", { class: "badge run" });
  readonly #fresh = h("span", { class: "badge fresh" });
  readonly #bureau = h("a", { class: "bureau", href: "/bureau" });
  readonly #language = h("button", { type: "button", class: "language" });
  readonly #help = h("button", { type: "button", class: "help", "aria-keyshortcuts": "?" }, "?");

  protected override build(signal: AbortSignal): void {
    this.append(
      h("div", { class: "title" }, this.#city, this.#page),
      h("div", { class: "time" }, this.#clockLabel, this.#clock),
      h("div", { class: "badges" }, this.#run, this.#fresh),
      h("div", { class: "buttons" }, this.#bureau, this.#language, this.#help),
    );
    // The server's shell says whether there is a city's data to go to.
    this.#bureau.hidden = !this.closest("command-centre")?.hasAttribute("bureau");
    const model = this.model;
    this.#language.addEventListener("click", () => setLanguage(language() === "zh" ? "en" : "zh"), {
      signal,
    });
    this.#help.addEventListener(
      "click",
      () => this.dispatchEvent(new CustomEvent("help", { bubbles: true })),
      { signal },
    );
    onLanguage(() => this.#show(), signal);
    model.on("scenario", () => this.#show(), signal);
    model.on("status", () => this.#show(), signal);
    model.on("connection", () => this.#show(), signal);
    every(1000, () => this.#showFreshness(), signal);
  }

  #show(): void {
    const { scenario, status } = this.model;
    setText(this.#city, scenario ? titled(scenario.city.title) : t("appTitle"));
    setText(this.#page, t("pageTitle"));
    setText(this.#clockLabel, t("simulatedClock"));
    setText(this.#clock, status?.clock ?? "--:--:--");
    setText(this.#bureau, t("bureau"));
    setText(this.#language, t("otherLanguage"));
    this.#language.title = t("switchLanguage");
    this.#language.lang = language() === "zh" ? "en" : "zh-Hans";
    this.#help.setAttribute("aria-label", `${t("help")} ?`);
    document.title = `${this.#city.textContent} · ${t("pageTitle")}`;
    if (status) {
      const state = status.paused ? "paused" : "running";
      this.#run.dataset.state = state;
      setText(this.#run, status.paused ? `❚❚ ${t("paused")}` : `▶ ${t("running")} ${pace(status)}`);
    }
    this.#showFreshness();
  }

  #showFreshness(): void {
    const { connection, age } = this.model;
    const words: Record<typeof connection, StringName> = {
      connecting: "connecting",
      live: "live",
      stale: "stale",
      offline: "offline",
    };
    const shape = { connecting: "◌", live: "●", stale: "▲", offline: "✕" }[connection];
    let text = `${shape} ${t(words[connection])}`;
    if (connection === "stale") text += ` · ${t("staleFor", { seconds: Math.round(age / 1000) })}`;
    if (connection === "offline") text += ` · ${t("reconnecting")}`;
    this.#fresh.dataset.state = connection;
    setText(this.#fresh, text);
  }
}

/** The speed wanted, and the one reached where the machine cannot keep up. */
function pace(status: Status): string {
  const wanted = `×${status.speed}`;
  const behind = status.t > 30 && status.real_time_factor < 0.8 * status.speed;
  return behind ? `${wanted} → ×${number(status.real_time_factor, 1)}` : wanted;
}
