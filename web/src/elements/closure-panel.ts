/** `<closure-panel>`: closes lanes of the running city, opens them again, and asks what it costs. */
import { api, messageOf } from "../api/client";
import type { LinkDetail } from "../api/types";
import { number, timeOfDay } from "../format";
import { named, onLanguage, t } from "../i18n";
import { h, LiveElement, setText } from "./dom";

/** How far ahead a closure's cost is looked at, simulated seconds, and how fast. */
const COST_SECONDS = 900;
const COST_SPEED = 30;

export class ClosurePanel extends LiveElement {
  readonly #heading = h("h2");
  readonly #help = h("p", { class: "help-text" });
  readonly #picked = h("div", { class: "picked", "aria-live": "polite" });
  readonly #costHelp = h("p", { class: "small" });
  readonly #listHeading = h("h3");
  readonly #list = h("ul", { class: "plain" });
  #link: LinkDetail | null = null;

  protected override build(signal: AbortSignal): void {
    this.append(
      this.#heading,
      this.#help,
      this.#picked,
      this.#costHelp,
      this.#listHeading,
      this.#list,
    );
    const { model } = this;
    model.takePicks("link", (index) => void this.#pick(index), signal);
    model.closures.on(
      "change",
      () => {
        if (this.#link) void this.#pick(this.#link.index);
        this.#show();
      },
      signal,
    );
    onLanguage(() => this.#show(), signal);
    // Lanes stay closed when the run starts again, since its beginning.
    model.on("restart", () => void model.closures.load(), signal);
    void model.closures.load();
  }

  async #pick(index: number): Promise<void> {
    try {
      this.#link = await api.link(index);
      if (this.isConnected) this.#show();
    } catch (error) {
      this.model.emit("problem", messageOf(error));
    }
  }

  #show(): void {
    setText(this.#heading, t("closureTitle"));
    setText(this.#help, t("closureHelp"));
    setText(this.#costHelp, t("closureCostHelp", { minutes: COST_SECONDS / 60 }));
    setText(this.#listHeading, t("closureList"));
    this.#showPicked();
    this.#showList();
  }

  #showPicked(): void {
    const link = this.#link;
    if (!link) {
      this.#picked.replaceChildren(h("p", { class: "small" }, t("closurePick")));
      return;
    }
    const focused = (document.activeElement as HTMLElement | null)?.dataset.key;
    const first = link.first_lane ?? 0;
    const closed = new Set(link.closed_lanes ?? []);
    this.#picked.replaceChildren(
      h("h3", {}, named(link.name ?? link.id)),
      h(
        "ul",
        { class: "plain" },
        ...Array.from({ length: link.lanes }, (_, k) =>
          this.#lane(first + k, k, link.lanes, closed),
        ),
      ),
    );
    if (focused) this.#picked.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
  }

  #lane(lane: number, position: number, count: number, closed: ReadonlySet<number>): HTMLElement {
    const { closures } = this.model;
    const side = position === 0 ? "closureInner" : position === count - 1 ? "closureOuter" : null;
    const name = t("closureLane", { number: position + 1 }) + (side ? ` (${t(side)})` : "");
    const shut = closed.has(lane);
    const change = h(
      "button",
      { type: "button", "data-key": `change-${lane}` },
      t(shut ? "closureOpen" : "closureClose"),
    );
    change.addEventListener("click", () =>
      shut ? void closures.open(lane) : void closures.close(lane),
    );
    const last = !shut && closed.size >= count - 1;
    change.disabled = last;
    const cost = h("button", { type: "button", "data-key": `cost-${lane}` }, t("closureCost"));
    cost.disabled = last;
    cost.hidden = shut;
    cost.addEventListener("click", () => void this.#cost(lane));
    const text = shut ? `${name} · ${t("closureClosed")}` : name;
    return h("li", { class: "row", "data-lane": lane }, h("span", {}, text), change, cost);
  }

  /** Compares the next minutes without and with the closure. */
  async #cost(lane: number): Promise<void> {
    const controller = this.model.status?.controller;
    if (!controller) return;
    const started = await this.model.comparison.start({
      left: { controller },
      right: { controller, close_lanes: [lane] },
      seconds: COST_SECONDS,
      speed: COST_SPEED,
    });
    if (started) location.hash = "compare";
  }

  #showList(): void {
    const { closures } = this.model.closures;
    const start = this.model.dayStart;
    if (closures.length === 0) {
      this.#list.replaceChildren(h("li", { class: "small" }, t("closureNone")));
      return;
    }
    this.#list.replaceChildren(
      ...closures.map(({ lane, position, street, since }) => {
        const open = h("button", { type: "button" }, t("closureOpen"));
        open.addEventListener("click", () => void this.model.closures.open(lane));
        const where = `${named(street)} · ${t("closureLane", { number: number(position + 1) })}`;
        const when = t("closureSince", { clock: timeOfDay(start + since) });
        return h("li", { class: "row" }, h("span", {}, `${where} · ${when}`), open);
      }),
    );
  }
}
