/**
 * `<transfer-stream src after>`: follows new transfers and puts them on top of the table that the
 * server wrote. It can be paused, since a table that moves is hard to read.
 */
import { h } from "./dom";
import { words } from "./words";

const ROWS_MAX = 200;

/** A transfer, as the stream sends it; names are in the page's language already. */
interface Row {
  entry: number;
  at: string;
  consumer: string;
  provider: string;
  dataset: string;
  purpose: string;
  reference: string;
  agreement: string;
  way: string;
  /** With thousands set off; a dash where it is not known. */
  records: string;
  denied: string;
  times: number;
}

export class TransferStream extends HTMLElement {
  #source: EventSource | null = null;
  #newest = 0;
  #waiting: Row[] = [];
  #paused = false;
  readonly #state = h("span", { class: "stream-state tag", role: "status" });
  readonly #button = h("button", { type: "button", class: "quiet", "aria-pressed": "false" });

  connectedCallback(): void {
    const word = words();
    this.#newest = Number(this.getAttribute("after") ?? 0);
    this.#state.textContent = `◌ ${word.connecting}`;
    this.#button.textContent = word.pause;
    this.#button.addEventListener("click", () => this.#pause());
    this.prepend(h("p", {}, this.#state, " ", this.#button));
    const source = new EventSource(`${this.getAttribute("src")}&after=${this.#newest}`);
    this.#source = source;
    source.onopen = () => this.#say("good", `● ${word.live}`);
    source.onerror = () => this.#say("bad", `✕ ${word.lost}`);
    source.onmessage = ({ data }: MessageEvent<string>) => this.#take(JSON.parse(data) as Row);
  }

  disconnectedCallback(): void {
    this.#source?.close();
  }

  #say(state: string, text: string): void {
    this.#state.className = `stream-state tag ${state}`;
    this.#state.textContent = text;
  }

  #pause(): void {
    const word = words();
    this.#paused = !this.#paused;
    this.#button.setAttribute("aria-pressed", String(this.#paused));
    this.#button.textContent = this.#paused ? word.go : word.pause;
    this.#say(this.#paused ? "" : "good", this.#paused ? `❚❚ ${word.paused}` : `● ${word.live}`);
    if (this.#paused) return;
    for (const row of this.#waiting.splice(0)) this.#show(row);
  }

  #take(row: Row): void {
    // A stream that comes back may tell again what is known.
    if (row.entry <= this.#newest) return;
    this.#newest = row.entry;
    if (this.#paused) this.#waiting = [...this.#waiting, row].slice(-ROWS_MAX);
    else this.#show(row);
  }

  #show(row: Row): void {
    const body = this.querySelector("tbody");
    if (!body) return;
    const purpose = h("td", {}, row.purpose);
    if (row.reference) purpose.append(" ", h("span", { class: "muted" }, row.reference));
    const times = row.times > 1 ? ` ×${row.times}` : "";
    const ground = row.denied
      ? h("strong", { class: "tag bad" }, `✕ ${row.denied}${times}`)
      : row.agreement;
    const basis = h("td", {}, ground);
    if (!row.denied) basis.append(" ", h("span", { class: "muted" }, row.way));
    const line = h(
      "tr",
      { class: row.denied ? "new denied" : "new" },
      h("td", {}, h("a", { href: `/bureau/ledger/${row.entry}` }, String(row.entry))),
      h("td", { class: "time" }, row.at),
      h("td", {}, row.provider),
      h("td", {}, row.consumer),
      h("td", {}, row.dataset),
      purpose,
      basis,
      h("td", { class: "number" }, row.records),
    );
    // On a phone each value stands beside the name of its column.
    const names = [...this.querySelectorAll("thead th")].map((cell) => cell.textContent ?? "");
    for (const [at, cell] of [...line.children].entries()) {
      cell.setAttribute("data-label", names[at] ?? "");
    }
    this.querySelector(".none")?.remove();
    body.prepend(line);
    while (body.children.length > ROWS_MAX) body.lastElementChild?.remove();
  }
}
