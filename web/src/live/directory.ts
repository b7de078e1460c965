/** Names and places of links, asked for once each, when somebody wants to show them. */
import { api } from "../api/client";
import type { Position } from "../api/types";

export interface LinkEntry {
  /** The street's name, else the link's id. */
  readonly name: string;
  readonly centre: Position | null;
  /** Metres. */
  readonly length: number;
}

/** Links asked for at a time: a list of a hundred must not flood the server. */
const AT_ONCE = 6;
/** A link that could not be had is asked for again after this time, if it is still shown. */
const RETRY_MS = 30_000;

export class LinkDirectory {
  readonly #entries = new Map<number, LinkEntry>();
  readonly #wanted = new Set<number>();
  readonly #pending = new Set<number>();
  readonly #failedAt = new Map<number, number>();
  readonly #onNews: () => void;

  constructor(onNews: () => void) {
    this.#onNews = onNews;
  }

  /** What is known of a link; if nothing yet, it is asked for and `names` is emitted later. */
  get(link: number): LinkEntry | null {
    const entry = this.#entries.get(link);
    if (entry) return entry;
    const failed = this.#failedAt.get(link);
    if (failed === undefined || performance.now() - failed > RETRY_MS) {
      this.#failedAt.delete(link);
      if (!this.#pending.has(link)) this.#wanted.add(link);
      this.#ask();
    }
    return null;
  }

  #ask(): void {
    for (const link of this.#wanted) {
      if (this.#pending.size >= AT_ONCE) return;
      this.#wanted.delete(link);
      this.#pending.add(link);
      api
        .link(link)
        .then(({ id, name, centre, length }) => {
          this.#entries.set(link, { name: name ?? id, centre: centre ?? null, length });
          this.#onNews();
        })
        .catch(() => this.#failedAt.set(link, performance.now()))
        .finally(() => {
          this.#pending.delete(link);
          this.#ask();
        });
    }
  }
}
