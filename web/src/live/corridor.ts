/** A corridor's time-space diagram: its records as they come, and what can be read off them. */
import { api, messageOf } from "../api/client";
import type { Corridor, CorridorDiagram } from "../api/types";
import { Emitter } from "./emitter";
import { PERMISSIVE } from "./frames";

const POLL_MS = 500;

/** A line of the diagram: seconds and metres in turn. */
export type Trace = number[];

export interface StopRecord {
  readonly signal: number;
  readonly id: string;
  readonly crossStreet: string | null;
  readonly at: number;
  readonly freeSeconds: number;
  aspects: (readonly [t: number, aspect: number])[];
}

/** Everything that is known of a corridor since it is recorded. */
export interface Records {
  readonly run: number;
  readonly length: number;
  readonly freeSeconds: number;
  readonly kept: number;
  began: number;
  /** The newest second. */
  t: number;
  readonly stops: StopRecord[];
  readonly traces: Map<number, Trace>;
}

interface Events {
  /** Another corridor, or none. */
  chosen: null;
  /** New records. */
  records: null;
  problem: string;
}

export class CorridorStore extends Emitter<Events> {
  offered: readonly Corridor[] = [];
  chosen: Corridor | null = null;
  records: Records | null = null;
  #timer: number | undefined;

  async loadOffered(): Promise<void> {
    try {
      this.offered = (await api.corridors()).corridors;
      this.emit("chosen", null);
    } catch (error) {
      this.#say(error);
    }
  }

  async between(from: number, to: number): Promise<void> {
    try {
      this.choose(await api.corridorBetween(from, to));
    } catch (error) {
      this.#say(error);
    }
  }

  choose(corridor: Corridor | null): void {
    window.clearTimeout(this.#timer);
    this.chosen = corridor;
    this.records = null;
    this.emit("chosen", null);
    if (corridor) void this.#poll(corridor);
  }

  /** Stops asking; the server stops recording half a minute later. */
  rest(): void {
    window.clearTimeout(this.#timer);
  }

  async #poll(corridor: Corridor): Promise<void> {
    window.clearTimeout(this.#timer);
    try {
      const since = this.records?.t ?? null;
      const report = await api.corridorDiagram(corridor.links, since);
      if (this.chosen !== corridor) return;
      this.records = taken(this.records, report);
      this.emit("records", null);
    } catch (error) {
      if (this.chosen !== corridor) return;
      this.#say(error);
    }
    this.#timer = window.setTimeout(() => void this.#poll(corridor), POLL_MS);
  }

  #say(error: unknown): void {
    this.emit("problem", messageOf(error));
  }
}

/** The records with what a report adds; begins afresh with another run or a gap. */
export function taken(before: Records | null, report: CorridorDiagram): Records {
  // A recording that began later has a gap before it: nothing is known of that.
  const goesOn = before?.run === report.run && report.t >= before.t && report.began <= before.t;
  const records: Records = goesOn
    ? before
    : {
        run: report.run,
        length: report.length,
        freeSeconds: report.free_seconds,
        kept: report.kept,
        began: report.began,
        t: report.t,
        stops: report.stops.map((stop) => ({
          signal: stop.signal,
          id: stop.id,
          crossStreet: stop.cross_street,
          at: stop.at,
          freeSeconds: stop.free_seconds,
          aspects: [],
        })),
        traces: new Map(),
      };
  records.began = Math.max(records.began, report.t - report.kept);
  records.t = report.t;
  for (const [t, places] of report.frames) {
    for (let k = 0; k + 1 < places.length; k += 2) {
      const vehicle = places[k] ?? 0;
      const trace = records.traces.get(vehicle);
      if (trace) trace.push(t, places[k + 1] ?? 0);
      else records.traces.set(vehicle, [t, places[k + 1] ?? 0]);
    }
  }
  for (const [k, stop] of report.stops.entries()) {
    const kept = records.stops[k];
    if (!kept) continue;
    for (const change of stop.aspects) {
      if (change[0] > (kept.aspects.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY)) {
        kept.aspects.push(change);
      }
    }
  }
  forget(records);
  return records;
}

function forget(records: Records): void {
  const oldest = records.t - records.kept;
  for (const [vehicle, trace] of records.traces) {
    if ((trace.at(-2) ?? 0) < oldest) records.traces.delete(vehicle);
  }
  for (const stop of records.stops) {
    while ((stop.aspects[1]?.[0] ?? Number.POSITIVE_INFINITY) < oldest) stop.aspects.shift();
  }
}

/** The stretches of green at a stop line between two seconds. */
export function greens(
  aspects: readonly (readonly [t: number, aspect: number])[],
  from: number,
  to: number,
): (readonly [start: number, end: number])[] {
  const found: [number, number][] = [];
  for (const [k, [start, aspect]] of aspects.entries()) {
    if (aspect < PERMISSIVE) continue;
    const end = Math.min(aspects[k + 1]?.[0] ?? to, to);
    const begins = Math.max(start, from);
    if (end <= begins) continue;
    const last = found.at(-1);
    if (last && last[1] >= begins) last[1] = end;
    else found.push([begins, end]);
  }
  return found;
}

export interface StopFigures {
  /** Share of the time that is green. */
  readonly green: number;
  /** Mean seconds from one start of green to the next; `null` with fewer than two. */
  readonly cycle: number | null;
  /** Seconds by which green starts after that of the first stop line; `null` if unknown. */
  readonly offset: number | null;
}

export interface CorridorFigures {
  readonly stops: readonly StopFigures[];
  /** Seconds a cycle in which one drives through at free flow without meeting red. */
  readonly band: number | null;
  /** Share of the time in which one does. */
  readonly bandShare: number | null;
  /** Mean stops of vehicles that drove from the first to the last stop line. */
  readonly stopsPerVehicle: number | null;
  /** Their mean travel time between the two, seconds. */
  readonly travelTime: number | null;
  readonly through: number;
}

/** Slower than this counts as standing, m/s. */
const STANDING = 0.1;

/** What can be read off a diagram between two seconds. */
export function figures(records: Records, from: number, to: number): CorridorFigures {
  const phases = records.stops.map((stop) => greens(stop.aspects, from, to));
  const starts = phases.map((greens) => greens.map(([start]) => start).filter((t) => t > from));
  const stops = phases.map((greens, k): StopFigures => {
    const own = starts[k] ?? [];
    const cycle = own.length > 1 ? ((own.at(-1) ?? 0) - (own[0] ?? 0)) / (own.length - 1) : null;
    const green = greens.reduce((sum, [start, end]) => sum + end - start, 0) / (to - from);
    return { green, cycle, offset: meanOffset(starts[0] ?? [], own) };
  });
  const share = bandShare(records, from, to);
  const cycle = stops.find((stop) => stop.cycle !== null)?.cycle ?? null;
  return {
    stops,
    bandShare: share,
    band: share !== null && cycle !== null ? share * cycle : null,
    ...throughTraffic(records, from),
  };
}

/** Mean seconds from each start of green at the first stop line to the next one here. */
function meanOffset(first: readonly number[], own: readonly number[]): number | null {
  const gaps = first.flatMap((start) => {
    const next = own.find((t) => t >= start);
    return next === undefined ? [] : [next - start];
  });
  return gaps.length > 0 ? gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length : null;
}

/** Stretches of seconds at which one could pass the first stop line and meet green at all others,
 *  driving at free flow; `null` when too little is known. */
export function bands(
  records: Records,
  from: number,
  to: number,
): (readonly [start: number, end: number])[] | null {
  const first = records.stops[0];
  const last = records.stops.at(-1);
  if (!first || !last || records.stops.length < 2) return null;
  const latest = to - (last.freeSeconds - first.freeSeconds);
  if (latest - from < 60) return null;
  const phases = records.stops.map((stop) => greens(stop.aspects, from, to));
  const found: [number, number][] = [];
  for (let start = Math.ceil(from); start < latest; start++) {
    const passes = phases.every((greens, k) => {
      const at = start + (records.stops[k]?.freeSeconds ?? 0) - first.freeSeconds;
      return greens.some(([begin, end]) => at >= begin && at < end);
    });
    if (!passes) continue;
    const before = found.at(-1);
    if (before && before[1] === start) before[1] = start + 1;
    else found.push([start, start + 1]);
  }
  return found;
}

/** The share of the time in which one could. */
function bandShare(records: Records, from: number, to: number): number | null {
  const found = bands(records, from, to);
  const first = records.stops[0];
  const last = records.stops.at(-1);
  if (!found || !first || !last) return null;
  const tried = to - (last.freeSeconds - first.freeSeconds) - from;
  return found.reduce((sum, [start, end]) => sum + end - start, 0) / tried;
}

function throughTraffic(
  records: Records,
  from: number,
): Pick<CorridorFigures, "stopsPerVehicle" | "travelTime" | "through"> {
  const start = records.stops[0]?.at;
  const end = records.stops.at(-1)?.at;
  let [through, halts, time] = [0, 0, 0];
  if (start !== undefined && end !== undefined && end > start) {
    for (const trace of records.traces.values()) {
      const passed = passage(trace, start, end);
      if (!passed || passed.entered < from) continue;
      through++;
      halts += passed.halts;
      time += passed.left - passed.entered;
    }
  }
  return {
    through,
    stopsPerVehicle: through > 0 ? halts / through : null,
    travelTime: through > 0 ? time / through : null,
  };
}

/** When a vehicle passed two places, and how often it stood between them. */
function passage(
  trace: Trace,
  start: number,
  end: number,
): { entered: number; left: number; halts: number } | null {
  if ((trace[1] ?? 0) > start) return null;
  let entered: number | null = null;
  let halts = 0;
  let standing = false;
  for (let k = 2; k + 1 < trace.length; k += 2) {
    const t0 = trace[k - 2] ?? 0;
    const d0 = trace[k - 1] ?? 0;
    const t1 = trace[k] ?? 0;
    const d1 = trace[k + 1] ?? 0;
    if (entered === null && d1 >= start) entered = t1;
    const still = (d1 - d0) / Math.max(t1 - t0, 1e-6) < STANDING;
    if (entered !== null && still && !standing) halts++;
    standing = still;
    if (entered !== null && d1 >= end) return { entered, left: t1, halts };
  }
  return null;
}
