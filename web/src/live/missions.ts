/** Missions of the running world: what the stream says of them, and the orders to begin and end them. */
import { api, messageOf } from "../api/client";
import type { DispatchRequest, LiveMission, Missions } from "../api/types";
import { Emitter } from "./emitter";

interface Events {
  change: null;
  problem: string;
}

/** Whether a mission's vehicle is on its way, or about to get onto the road. */
export function isUnderWay({ state }: LiveMission): boolean {
  return state === "dispatched" || state === "on-the-way";
}

export class MissionStore extends Emitter<Events> {
  missions: readonly LiveMission[] = [];
  /** Signals that give others back the green they lost. */
  payingBack: readonly number[] = [];

  /** Takes what the stream says. */
  take({ missions, paying_back: payingBack }: Missions): void {
    this.missions = missions;
    this.payingBack = payingBack;
    this.emit("change", null);
  }

  async send(wanted: DispatchRequest): Promise<LiveMission | null> {
    try {
      const sent = await api.dispatch(wanted);
      await this.load();
      return sent;
    } catch (error) {
      this.emit("problem", messageOf(error));
      return null;
    }
  }

  async end(id: number): Promise<void> {
    try {
      await api.endMission(id);
      await this.load();
    } catch (error) {
      this.emit("problem", messageOf(error));
    }
  }

  async load(): Promise<void> {
    try {
      this.take(await api.missions());
    } catch (error) {
      this.emit("problem", messageOf(error));
    }
  }
}
