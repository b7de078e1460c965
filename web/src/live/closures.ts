/** The lanes that are closed in the running world. */
import { api, messageOf } from "../api/client";
import type { Closure } from "../api/types";
import { Emitter } from "./emitter";

interface Events {
  change: null;
  problem: string;
}

export class ClosureStore extends Emitter<Events> {
  closures: readonly Closure[] = [];

  load(): Promise<void> {
    return this.#take(api.closures());
  }

  close(lane: number): Promise<void> {
    return this.#take(api.closeLane(lane));
  }

  open(lane: number): Promise<void> {
    return this.#take(api.openLane(lane));
  }

  async #take(answer: Promise<{ readonly closures: readonly Closure[] }>): Promise<void> {
    try {
      this.closures = (await answer).closures;
      this.emit("change", null);
    } catch (error) {
      this.emit("problem", messageOf(error));
    }
  }
}
