/** `<link-card>`: one link's standing, with its speed and flow over time. */
import { api, messageOf } from "../api/client";
import type { LinkDetail } from "../api/types";
import { KMH_PER_MPS, kmh, number, ratioClass } from "../format";
import { isStringName, named, onLanguage, type StringName, t } from "../i18n";
import { palette } from "../map/palette";
import { every, h, LiveElement, setText } from "./dom";

export class LinkCard extends LiveElement {
  #index = -1;
  #detail: LinkDetail | null = null;
  readonly #heading = h("h2");
  readonly #id = h("span", { class: "id" });
  readonly #facts = h("dl", { class: "facts" });
  readonly #speed = document.createElement("city-chart");
  readonly #flow = document.createElement("city-chart");
  readonly #zoom = h("button", { type: "button", class: "zoom-to" });

  /** Shows the link with this index. */
  set index(index: number) {
    this.#index = index;
    this.#detail = null;
    if (this.isConnected) {
      this.#show();
      void this.#load();
    }
  }

  protected override build(signal: AbortSignal): void {
    this.append(
      h("div", { class: "section-head" }, this.#heading, this.#id),
      this.#facts,
      this.#speed,
      this.#flow,
      this.#zoom,
    );
    this.#zoom.addEventListener(
      "click",
      () => {
        const { centre, length } = this.#detail ?? {};
        if (centre && length) this.model.emit("focus", { centre, length });
      },
      { signal },
    );
    onLanguage(() => this.#show(), signal);
    every(2000, () => void this.#load(), signal);
    this.model.on("links", () => this.#show(), signal);
    void this.#load();
  }

  async #load(): Promise<void> {
    const wanted = this.#index;
    if (wanted < 0) return;
    try {
      const detail = await api.link(wanted);
      if (wanted !== this.#index || !this.isConnected) return;
      this.#detail = detail;
      this.#show();
    } catch (error) {
      this.model.emit("problem", messageOf(error));
    }
  }

  #show(): void {
    const detail = this.#detail;
    setText(this.#zoom, t("zoomTo"));
    this.#zoom.hidden = !detail?.centre;
    setText(this.#heading, detail ? named(detail.name ?? detail.id) : t("loading"));
    setText(this.#id, detail?.name ? detail.id : t("link"));
    if (!detail) return;
    const live = this.model.links.get(detail.index);
    const ratio = live
      ? live.ratio
      : detail.speed === null
        ? null
        : detail.speed / detail.free_speed;
    const kind = detail.class;
    const badge = h("span", {
      class: "swatch",
      "aria-hidden": "true",
      "data-level": ratioClass(ratio),
    });
    badge.style.backgroundColor = palette().ratio[ratioClass(ratio)];
    const facts: [StringName, string, HTMLElement?][] = [
      ["ratio", ratio === null ? t("noVehicles") : `${number(ratio * 100)} %`, badge],
      ["meanSpeed", `${kmh(detail.speed)} ${t("unitKmh")}`],
      ["flow", `${number(detail.flow_per_hour)} ${t("unitPerHour")}`],
      ["queue", `${number(live?.waiting ?? detail.waiting)} ${t("unitVehicles")}`],
      ["occupied", `${number(live?.count ?? detail.count)} ${t("unitVehicles")}`],
      ["limit", `${kmh(detail.limit)} ${t("unitKmh")}`],
      ["lanes", number(detail.lanes)],
      ["length", `${number(detail.length)} ${t("unitMetres")}`],
      ["roadClass", isStringName(kind) ? t(kind) : kind],
    ];
    this.#facts.replaceChildren(
      ...facts.map(([name, value, mark]) =>
        h("div", {}, h("dt", {}, t(name)), h("dd", {}, mark ?? null, value)),
      ),
    );
    this.#showCharts(detail);
  }

  #showCharts(detail: LinkDetail): void {
    const { changes, dayStart } = this.model;
    const common = {
      times: detail.history.map(([time]) => time),
      marks: changes.map(([time]) => time).filter((time) => time > 0),
      start: dayStart,
      digits: 0,
    };
    this.#speed.data = {
      ...common,
      title: t("chartLinkSpeed"),
      colour: "#5cc8ff",
      values: detail.history.map(([, speed]) => (speed === null ? null : speed * KMH_PER_MPS)),
    };
    this.#flow.data = {
      ...common,
      title: t("chartLinkFlow"),
      colour: "#7ee2a8",
      values: detail.history.map(([, , , flow]) => flow),
    };
  }
}
