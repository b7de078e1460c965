/** `<incident-list>`: incidents that the running city's detectors see, those that are over below; a
 *  street's name shows where it is. */
import { api, messageOf } from "../api/client";
import type { Incident, Incidents } from "../api/types";
import { number, timeOfDay } from "../format";
import { named, onLanguage, type StringName, t } from "../i18n";
import { every, h, LiveElement, setText } from "./dom";
import { linkButton } from "./show-link";

const REFRESH_MS = 5000;

const KINDS: Readonly<Record<Incident["method"], StringName>> = {
  california7: "incidentBlocked",
  california8: "incidentBlocked",
  deviates: "incidentSlow",
  silence: "incidentSilent",
};

export class IncidentList extends LiveElement {
  readonly #heading = h("h3");
  readonly #none = h("p", { class: "small" });
  readonly #list = h("ul", { class: "plain missions" });
  readonly #news = h("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  readonly #definitions = h("p", { class: "small" });
  #found: Incidents | null = null;
  /** Numbers the questions: an answer that comes after a later one's is dropped. */
  #asked = 0;

  protected override build(signal: AbortSignal): void {
    this.append(this.#heading, this.#none, this.#list, this.#news, this.#definitions);
    onLanguage(() => this.#show(), signal);
    const load = (): void => void this.#load(signal);
    every(REFRESH_MS, load, signal);
    this.model.on("restart", load, signal);
    this.#show();
    load();
  }

  async #load(signal: AbortSignal): Promise<void> {
    const asked = ++this.#asked;
    try {
      const found = await api.incidents();
      if (signal.aborted || asked !== this.#asked) return;
      this.#tell(found);
      this.#found = found;
      this.#show();
    } catch (error) {
      if (!signal.aborted) this.model.emit("problem", messageOf(error));
    }
  }

  /** Says aloud what is new. */
  #tell({ open }: Incidents): void {
    const known = new Set(this.#found?.open.map((one) => `${one.link} ${one.method}`));
    const fresh = this.#found
      ? open.find((one) => !known.has(`${one.link} ${one.method}`))
      : undefined;
    if (fresh) setText(this.#news, `${named(fresh.name ?? fresh.id)}: ${t(KINDS[fresh.method])}`);
  }

  #show(): void {
    setText(this.#heading, t("incidentTitle"));
    setText(this.#definitions, t("incidentDefinitions"));
    setText(this.#none, t(this.#found?.time ? "incidentNone" : "incidentNothing"));
    const { open = [], over = [] } = this.#found ?? {};
    const all = [...open, ...over];
    this.#none.hidden = open.length > 0;
    this.#list.hidden = all.length === 0;
    const focused = (document.activeElement as HTMLElement | null)?.dataset.incidentKey;
    this.#list.replaceChildren(...all.map((incident) => this.#item(incident)));
    if (focused) {
      this.#list.querySelector<HTMLElement>(`[data-incident-key="${focused}"]`)?.focus();
    }
  }

  #item(incident: Incident): HTMLElement {
    const { link, id, name, method, since, until, evidence } = incident;
    const button = linkButton(this.model, link, named(name ?? id));
    button.dataset.incidentKey = `${link} ${method} ${since}`;
    const lanes = evidence.lanes.map((lane) => lane + 1).join(", ");
    const where = lanes === "" ? "" : ` (${t("incidentLanes", { lanes })})`;
    const times =
      until === null
        ? t("incidentSince", { since: timeOfDay(since) })
        : t("incidentFrom", { since: timeOfDay(since), until: timeOfDay(until) });
    return h(
      "li",
      { "data-incident": link, "data-method": method, "data-open": until === null },
      h("p", {}, button, " ", h("b", {}, t(KINDS[method]) + where)),
      h("p", {}, times),
      h("p", { class: "small" }, told(evidence)),
    );
  }
}

/** What speaks for an incident, in figures. */
function told({ occupancy, speed, usual_occupancy, usual_speed }: Incident["evidence"]): string {
  const kmh = (speed: number | null): string => (speed === null ? "–" : number(speed * 3.6));
  return t("incidentFigures", {
    occupancy: number(occupancy * 100),
    usual: number(usual_occupancy * 100),
    speed: kmh(speed),
    usualSpeed: kmh(usual_speed),
  });
}
