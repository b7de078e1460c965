/** Names and places of links, asked for once each, when somebody wants to show them. */
import { api } from "../api/client";
import type { Position } from "../api/types";

export interface LinkEntry {
  /** The street's name, else the link's id. */
  readonly name: string;
  readonly street: string | null;
  readonly centre: Position | null;
}

/** Links asked for at a time: a list of a hundred must not flood the server. */
const AT_ONCE = 6;

export class LinkDirectory {
  readonly #entries = new Map<number, LinkEntry>();
  readonly #wanted = new Set<number>();
  readonly #onNews: () => void;
  #asking = 0;

  constructor(onNews: () => void) {
    this.#onNews = onNews;
  }

  /** What is known of a link; if nothing yet, it is asked for and `names` is emitted later. */
  get(link: number): LinkEntry | null {
    const entry = this.#entries.get(link);
    if (entry) return entry;
    this.#wanted.add(link);
    this.#ask();
    return null;
  }

  #ask(): void {
    for (const link of this.#wanted) {
      if (this.#asking >= AT_ONCE) return;
      this.#wanted.delete(link);
      this.#asking += 1;
      api
        .link(link)
        .then(({ id, name, centre }) => {
          this.#entries.set(link, { name: name ?? id, street: name, centre: centre ?? null });
          this.#onNews();
        })
        // An entry that did not come is asked for again when it is next shown.
        .catch(() => undefined)
        .finally(() => {
          this.#asking -= 1;
          this.#ask();
        });
    }
  }
}
