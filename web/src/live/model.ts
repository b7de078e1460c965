/** What the page knows of the running world; elements listen to it and never to one another. */
import { api, type Half, liveUrl, messageOf } from "../api/client";
import type { Bounds, Control, History, Missions, Position, Scenario, Status } from "../api/types";
import { clockStart } from "../format";
import { ClosureStore } from "./closures";
import { ComparisonStore } from "./comparison";
import { CorridorStore } from "./corridor";
import { LinkDirectory } from "./directory";
import { Emitter } from "./emitter";
import { decodeFrame, type GroupRecord, type LinkRecord, type VehicleFrame } from "./frames";
import { MissionStore } from "./missions";
import { type Connection, LiveSocket } from "./socket";

export interface HistoryRow {
  readonly t: number;
  readonly running: number | null;
  readonly waitingToEnter: number | null;
  readonly meanSpeed: number | null;
  readonly delayIndex: number | null;
  readonly throughput: number | null;
  /** Only known for minutes this page has watched. */
  readonly travelTime: number | null;
  readonly interventions: number | null;
}

export type Selection =
  | { readonly kind: "link"; readonly index: number }
  | { readonly kind: "signal"; readonly index: number }
  | null;

/** What a mark on a link means. */
export type MarkKind = "corridor" | "closed" | "mission";

interface Events {
  /** Names of links have come. */
  names: null;
  scenario: Scenario;
  status: Status;
  history: readonly HistoryRow[];
  vehicles: VehicleFrame;
  links: readonly LinkRecord[];
  signals: readonly GroupRecord[];
  restart: null;
  connection: Connection;
  selection: Selection;
  /** Links to be marked on the map, with what the mark means. */
  marks: null;
  palette: null;
  problem: string;
  /** Fly there and show about so much, metres. */
  focus: { readonly centre: Position; readonly length: number };
}

/** A signal group with the simulated second at which it was heard of. */
export interface GroupState extends GroupRecord {
  readonly heardAt: number;
}

export class LiveModel extends Emitter<Events> {
  scenario: Scenario | null = null;
  status: Status | null = null;
  connection: Connection = "connecting";
  selection: Selection = null;
  /** Simulated seconds of the newest frame. */
  now = 0;
  readonly links = new Map<number, LinkRecord>();
  readonly groups = new Map<number, GroupState>();
  history: HistoryRow[] = [];
  changes: (readonly [t: number, controller: string])[] = [];
  readonly directory: LinkDirectory;
  readonly comparison = new ComparisonStore();
  readonly corridor = new CorridorStore();
  readonly closures = new ClosureStore();
  readonly missions = new MissionStore();
  /** Takes what is picked on the map before it is shown, where a task asks for a pick. */
  #picker: ((picked: NonNullable<Selection>) => boolean) | null = null;
  readonly #marks: Record<MarkKind, Set<number>> = {
    corridor: new Set(),
    closed: new Set(),
    mission: new Set(),
  };
  readonly #half: Half | null;
  readonly #socket: LiveSocket;

  /** With `half` it follows one half of a comparison. */
  constructor(half: Half | null = null) {
    super();
    this.#half = half;
    this.directory = new LinkDirectory(() => this.emit("names", null));
    this.#socket = new LiveSocket(liveUrl(half), {
      onText: (message) => this.#onText(message),
      onBinary: (buffer) => this.#onBinary(buffer),
      onConnection: (state) => this.#onConnection(state),
    });
  }

  /** Milliseconds since the server was last heard. */
  get age(): number {
    return this.#socket.age;
  }

  /** Second of the day at simulated second 0. */
  get dayStart(): number {
    return this.status ? clockStart(this.status.clock, this.status.t) : 0;
  }

  async start(): Promise<void> {
    for (let attempt = 0; this.scenario === null; attempt++) {
      try {
        this.scenario = await api.scenario();
      } catch (error) {
        this.emit("problem", messageOf(error));
        await new Promise((resolve) => setTimeout(resolve, Math.min(8000, 1000 * 2 ** attempt)));
      }
    }
    this.emit("scenario", this.scenario);
    this.#setStatus(this.scenario.status);
    this.#socket.open();
    await this.#loadHistory();
  }

  stop(): void {
    this.#socket.close();
  }

  /** Closes the stream as a lost network would: to see how the page takes it. */
  dropConnection(): void {
    this.#socket.drop();
  }

  setView(bounds: Bounds): void {
    this.#socket.setView(bounds);
  }

  /** Links marked on the map: of the corridor looked at, with a closed lane, ahead of missions. */
  get marks(): Readonly<Record<MarkKind, ReadonlySet<number>>> {
    return this.#marks;
  }

  mark(kind: MarkKind, links: Iterable<number>): void {
    this.#marks[kind] = new Set(links);
    this.emit("marks", null);
  }

  /** Takes what of a kind is picked on the map, instead of showing it, until the signal says stop. */
  takePicks(
    kind: NonNullable<Selection>["kind"],
    take: (index: number) => void,
    signal: AbortSignal,
  ): void {
    this.#picker = (picked) => {
      if (picked.kind !== kind) return false;
      take(picked.index);
      return true;
    };
    signal.addEventListener("abort", () => (this.#picker = null), { once: true });
  }

  /** Flies to a link, if it is known where it lies. */
  flyTo(link: number): void {
    const known = this.directory.get(link);
    if (known?.centre) this.emit("focus", { centre: known.centre, length: known.length });
  }

  select(selection: Selection): void {
    if (selection && this.#picker?.(selection)) return;
    this.selection = selection;
    this.emit("selection", selection);
  }

  async control(change: Control): Promise<void> {
    try {
      this.#setStatus(await api.control(change));
    } catch (error) {
      this.emit("problem", messageOf(error));
    }
  }

  /** Seconds until a group's aspect changes, counted down by the simulated clock. */
  remaining(group: number): number | null {
    const state = this.groups.get(group);
    if (!state || state.remaining === null) return null;
    return Math.max(0, state.remaining - Math.max(0, this.now - state.heardAt));
  }

  #onConnection(state: Connection): void {
    const reconnected = state === "live" && this.connection === "offline";
    this.connection = state;
    this.emit("connection", state);
    if (!reconnected) return;
    void this.#loadHistory();
    // A server that has started anew knows none of them, and its stream does not say so.
    if (this.missions.missions.length > 0) void this.missions.load();
  }

  #onText(message: unknown): void {
    if (typeof message !== "object" || message === null) return;
    const { type } = message as { type?: unknown };
    if (type === "status") this.#setStatus(message as Status);
    if (type === "missions") this.missions.take(message as Missions);
    if (type === "restart") this.#onRestart();
  }

  #onRestart(): void {
    this.history = [];
    this.changes = [];
    this.links.clear();
    this.groups.clear();
    this.now = 0;
    this.emit("restart", null);
    void this.#loadHistory();
  }

  #onBinary(buffer: ArrayBuffer): void {
    const frame = decodeFrame(buffer);
    if (!frame) return;
    switch (frame.kind) {
      case "vehicles":
        this.now = frame.t;
        this.emit("vehicles", frame);
        break;
      case "links":
        for (const record of frame.records) this.links.set(record.link, record);
        this.emit("links", frame.records);
        break;
      case "signals":
        for (const record of frame.records) {
          this.groups.set(record.group, { ...record, heardAt: this.now });
        }
        this.emit("signals", frame.records);
        break;
    }
  }

  #setStatus(status: Status): void {
    const before = this.status;
    this.status = status;
    if (before && before.controller !== status.controller && status.t >= before.t) {
      this.changes.push([status.t, status.controller]);
    }
    this.#keepMinute(status);
    this.emit("status", status);
  }

  /** Adds a row for each simulated minute that passes while the page looks on. */
  #keepMinute(status: Status): void {
    const last = this.history.at(-1);
    if (last && status.t < last.t) return;
    const minute = Math.floor(status.t / 60) * 60;
    if (minute === 0 || (last && minute <= last.t)) return;
    this.history.push({
      t: minute,
      running: status.running,
      waitingToEnter: status.waiting_to_enter,
      meanSpeed: status.mean_speed,
      delayIndex: status.delay_index,
      throughput: status.throughput_per_hour,
      travelTime: status.att_engine,
      interventions: status.safety.overrides + status.safety.fallbacks,
    });
    this.emit("history", this.history);
  }

  async #loadHistory(): Promise<void> {
    if (this.#half) return;
    try {
      const history = await api.history();
      const watched = new Map(this.history.map((row) => [row.t, row]));
      this.history = readHistory(history).map((row) => {
        const seen = watched.get(row.t);
        return seen
          ? { ...row, travelTime: seen.travelTime, interventions: seen.interventions }
          : row;
      });
      if (history.changes) this.changes = [...history.changes];
      this.emit("history", this.history);
    } catch (error) {
      this.emit("problem", messageOf(error));
    }
  }
}

/** The server's table as rows, whatever the order of its columns. */
export function readHistory(history: History): HistoryRow[] {
  const at = (row: readonly (number | null)[], name: string): number | null =>
    row[history.columns.indexOf(name)] ?? null;
  return history.rows.map((row) => ({
    t: at(row, "t") ?? 0,
    running: at(row, "running"),
    waitingToEnter: at(row, "waiting_to_enter"),
    meanSpeed: at(row, "mean_speed"),
    delayIndex: at(row, "delay_index"),
    throughput: at(row, "throughput_per_hour"),
    travelTime: at(row, "att_engine"),
    interventions: null,
  }));
}
