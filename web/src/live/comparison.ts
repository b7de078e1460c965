/** Two futures of the same second: what there is to compare, and what the server says of it. */
import { api, messageOf, Problem } from "../api/client";
import type { Comparison, ComparisonList, ComparisonRequest, MissionRequest } from "../api/types";
import { Emitter } from "./emitter";

const POLL_MS = 1000;

interface Events {
  /** The comparison looked at, or the list of all, has changed. */
  change: null;
  problem: string;
}

export class ComparisonStore extends Emitter<Events> {
  /** The comparison that is looked at. */
  current: Comparison | null = null;
  list: ComparisonList | null = null;
  #timer: number | undefined;

  get running(): boolean {
    return this.current?.state === "running";
  }

  async loadList(): Promise<void> {
    try {
      this.list = await api.comparisons();
      this.emit("change", null);
    } catch (error) {
      this.#say(error);
    }
  }

  start(wanted: ComparisonRequest): Promise<boolean> {
    return this.#begin(api.compare(wanted));
  }

  /** Sends an ambulance in both halves. */
  send(wanted: MissionRequest): Promise<boolean> {
    return this.#begin(api.sendMission(wanted));
  }

  async #begin(started: Promise<Comparison>): Promise<boolean> {
    try {
      this.current = await started;
    } catch (error) {
      this.#say(error);
      return false;
    }
    this.#watch();
    return true;
  }

  async watch(id: number): Promise<void> {
    try {
      this.current = await api.comparison(id);
    } catch (error) {
      this.#say(error);
      return;
    }
    this.#watch();
  }

  /** Looks at none any more; a running one goes on until nobody has looked for a while. */
  leave(): void {
    window.clearTimeout(this.#timer);
    this.current = null;
    this.emit("change", null);
  }

  async end(): Promise<void> {
    const { current } = this;
    this.leave();
    if (!current) return;
    try {
      await api.endComparison(current.id);
    } catch (error) {
      this.#say(error);
    }
    await this.loadList();
  }

  #watch(): void {
    window.clearTimeout(this.#timer);
    this.emit("change", null);
    if (this.running) this.#timer = window.setTimeout(() => void this.#poll(), POLL_MS);
    void this.loadList();
  }

  async #poll(): Promise<void> {
    const id = this.current?.id;
    if (id === undefined) return;
    try {
      const report = await api.comparison(id);
      if (this.current?.id !== id) return;
      this.current = report;
    } catch (error) {
      if (this.current?.id !== id) return;
      this.#say(error);
      if (error instanceof Problem && error.status === 404) {
        this.leave();
        return;
      }
    }
    this.emit("change", null);
    if (this.running) this.#timer = window.setTimeout(() => void this.#poll(), POLL_MS);
  }

  #say(error: unknown): void {
    this.emit("problem", messageOf(error));
  }
}

/** A column of both halves, at the seconds that both have come to. */
export function bothSides(
  comparison: Comparison,
  name: string,
): {
  readonly times: number[];
  readonly left: (number | null)[];
  readonly right: (number | null)[];
} {
  const at = comparison.columns.indexOf(name);
  const time = comparison.columns.indexOf("t");
  const length = Math.min(comparison.left.rows.length, comparison.right.rows.length);
  const read = (rows: Comparison["left"]["rows"]): (number | null)[] =>
    rows.slice(0, length).map((row) => row[at] ?? null);
  return {
    times: comparison.left.rows.slice(0, length).map((row) => row[time] ?? 0),
    left: read(comparison.left.rows),
    right: read(comparison.right.rows),
  };
}
