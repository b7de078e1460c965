/** What the server says, as docs/live-protocol.md writes it. Speeds are m/s, lengths m, times s. */

export interface Title {
  readonly zh: string;
  readonly en: string;
}

export interface Status {
  readonly t: number;
  readonly clock: string;
  readonly paused: boolean;
  readonly speed: number;
  readonly controller: string;
  readonly demand: number;
  readonly running: number;
  readonly finished: number;
  readonly waiting_to_enter: number;
  /** `null` while nobody drives. */
  readonly mean_speed: number | null;
  readonly delay_index: number;
  readonly throughput_per_hour: number;
  readonly att_engine: number;
  readonly real_time_factor: number;
  readonly safety: {
    readonly overrides: number;
    readonly fallbacks: number;
    /** Signals on their own plan now because the controller was late or silent. */
    readonly in_fallback?: number;
  };
}

export type Bounds = readonly [west: number, south: number, east: number, north: number];
export type Position = readonly [longitude: number, latitude: number];

export interface Scenario {
  readonly city: { readonly id: string; readonly title: Title };
  readonly network: {
    readonly name: string;
    readonly attribution: string | null;
    readonly driving_side: "right" | "left";
    readonly bounds: Bounds;
    readonly links: number;
    readonly lanes: number;
    readonly junctions: number;
    readonly signals: number;
    readonly kilometres: number;
  };
  readonly controllers: readonly {
    readonly id: string;
    readonly title: Title;
    readonly about?: Title;
  }[];
  readonly demand_levels: readonly number[];
  readonly speeds: readonly number[];
  readonly horizon: number;
  /** Districts that the congestion index can be asked for. */
  readonly districts?: number;
  readonly status: Status;
}

export interface LinkDetail {
  readonly index: number;
  readonly id: string;
  readonly name: string | null;
  readonly class: string;
  readonly lanes: number;
  /** Index of the innermost lane; the others follow. */
  readonly first_lane?: number;
  readonly closed_lanes?: readonly number[];
  readonly length: number;
  readonly limit: number;
  /** `null` when the link is empty. */
  readonly speed: number | null;
  readonly free_speed: number;
  readonly count: number;
  readonly waiting: number;
  readonly flow_per_hour: number;
  readonly history: readonly (readonly [
    t: number,
    speed: number | null,
    count: number,
    flowPerHour: number,
  ])[];
  readonly centre?: Position;
}

export type Direction = "straight" | "left" | "right" | "u-turn";
export type AspectName = "red" | "yellow" | "permissive" | "protected";

export interface MovementGroup {
  readonly index: number;
  /** Street, or id of the link, it comes from and goes to. */
  readonly from: string;
  readonly to: string;
  readonly from_link: number;
  readonly to_link: number;
  readonly direction: Direction;
  /** Direction of travel at the stop line, degrees clockwise from north. */
  readonly bearing: number;
  readonly aspect: AspectName;
  readonly queue: number;
  readonly count: number;
  readonly saturation_flow: number;
}

export interface PlanPhase {
  readonly index: number;
  readonly name: string | null;
  readonly duration: number;
  readonly green: readonly number[];
}

export interface SignalDetail {
  readonly index: number;
  readonly id: string;
  readonly junctions: readonly string[];
  readonly phase: number | null;
  readonly elapsed: number;
  /** Whether the phase is over and the junction is being cleared for the next. */
  readonly clearing?: boolean;
  readonly remaining: number | null;
  readonly controller: string;
  readonly phases: readonly PlanPhase[];
  readonly groups: readonly MovementGroup[];
  readonly history: readonly (readonly [t: number, phase: number | null])[];
  readonly centre?: Position;
}

export interface History {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | null)[])[];
  readonly changes?: readonly (readonly [t: number, controller: string])[];
}

export interface Control {
  readonly controller?: string;
  readonly demand?: number;
  readonly speed?: number;
  readonly paused?: boolean;
  readonly restart?: boolean;
}

export interface HalfRequest {
  readonly controller: string;
  readonly close_lanes?: readonly number[];
}

export interface ComparisonRequest {
  readonly left: HalfRequest;
  readonly right: HalfRequest;
  /** Simulated seconds. */
  readonly seconds: number;
  readonly speed: number;
}

export interface HalfReport {
  readonly controller: string;
  readonly closed_lanes: readonly number[];
  readonly rows: readonly (readonly (number | null)[])[];
  readonly mission?: MissionReport | null;
}

export interface SignalAhead {
  readonly signal: number;
  readonly green: boolean;
}

export interface MissionReport {
  readonly arm: "ordinary" | "blue-light" | "priority";
  /** `null` when it starts at a link somebody picked. */
  readonly unit: string | null;
  /** The vehicle's number in the stream. */
  readonly vehicle: number;
  readonly stage: "leaving" | "driving" | "arrived";
  readonly ordered: number;
  readonly arrived: number | null;
  readonly stops: number;
  readonly stood: number;
  readonly rerouted: number;
  readonly route: readonly number[];
  /** The next signals on its way, nearest first. */
  readonly ahead: readonly SignalAhead[];
  /** What all others have lost since the order, vehicle seconds. */
  readonly others_delay: number;
}

export interface MissionRequest {
  readonly scene: number;
  readonly from?: number;
  readonly controller?: string;
  readonly seconds: number;
  readonly speed: number;
}

/** A mission of the running world; times are simulated seconds. */
export interface LiveMission {
  readonly id: number;
  readonly run: number;
  readonly state: "dispatched" | "on-the-way" | "at-scene" | "cleared" | "cancelled";
  /** Why it has ended. */
  readonly reason:
    | "done"
    | "asked"
    | "restart"
    | "demand"
    | "controller"
    | "closure"
    | "overdue"
    | "fault"
    | null;
  readonly priority: boolean;
  /** `null` when it starts at a link somebody picked. */
  readonly unit: string | null;
  /** The vehicle's number in the stream. */
  readonly vehicle: number;
  readonly scene: number;
  readonly street: string;
  readonly scene_place: Position;
  readonly ordered: number;
  readonly ordered_clock: string;
  readonly estimate: number;
  readonly arrived: number | null;
  readonly time_to_scene: number | null;
  readonly ended: number | null;
  readonly stops: number;
  readonly stood: number;
  readonly rerouted: number;
  readonly place: Position | null;
  readonly route: readonly number[];
  /** How many links of the route, at its end, are still to be passed. */
  readonly to_go: number;
  readonly ahead: readonly SignalAhead[];
  /** Signals held for it now. */
  readonly held: readonly number[];
}

export interface Missions {
  readonly missions: readonly LiveMission[];
  readonly paying_back: readonly number[];
}

export interface DispatchRequest {
  readonly scene: number;
  readonly from?: number;
  readonly priority: boolean;
}

export interface Unit {
  readonly id: string;
  readonly abilities: readonly string[];
  readonly link: number;
  readonly place: Position;
}

export interface Comparison {
  readonly id: number;
  readonly state: "running" | "finished" | "ended" | "failed";
  readonly from: number;
  readonly from_clock: string;
  readonly until: number;
  readonly t: number;
  readonly speed: number;
  readonly columns: readonly string[];
  readonly left: HalfReport;
  readonly right: HalfReport;
}

export interface ComparisonList {
  readonly running_max: number;
  readonly seconds_max: number;
  readonly idle_seconds_max: number;
  readonly comparisons: readonly Comparison[];
}

export interface Corridor {
  readonly name: string;
  /** Degrees clockwise from north. */
  readonly bearing: number;
  readonly length: number;
  readonly links: readonly number[];
  readonly signals: readonly number[];
}

export interface CorridorStop {
  readonly signal: number;
  readonly id: string;
  readonly cross_street: string | null;
  /** Metres from the start. */
  readonly at: number;
  /** Seconds from the start at free flow. */
  readonly free_seconds: number;
  readonly aspects: readonly (readonly [t: number, aspect: number])[];
}

export interface CorridorDiagram {
  readonly run: number;
  readonly links: readonly number[];
  readonly length: number;
  readonly free_seconds: number;
  readonly t: number;
  readonly began: number;
  /** Simulated seconds that the server keeps. */
  readonly kept: number;
  readonly stops: readonly CorridorStop[];
  /** Of each second: vehicle, metres, vehicle, metres, … */
  readonly frames: readonly (readonly [t: number, places: readonly number[]])[];
}

export interface Closure {
  readonly lane: number;
  readonly link: number;
  /** 0 is the innermost lane of the link. */
  readonly position: number;
  readonly street: string;
  readonly since: number;
}

/** A figure and its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What is measured of the city or of one of its links. */
export interface MeasuredCongestion {
  readonly id: string;
  readonly link: number | null;
  readonly name: string | null;
  readonly tti: Interval;
  readonly speed_kmh: Interval;
  readonly free_speed_kmh: number;
  /** Of the length seen, how much runs below half of free flow. */
  readonly congested_km_share: Interval;
  readonly delay_hours: Interval;
}

/** `GET /traffic/index`; times are seconds since midnight. */
export interface CongestionIndex {
  readonly measured: readonly MeasuredCongestion[];
  readonly series: readonly {
    readonly time: number;
    readonly tti: number;
    readonly speed_kmh: number;
  }[];
}

/** Something that is wrong on a link, as detectors see it; times are seconds since midnight. */
export interface Incident {
  readonly link: number;
  /** The link's name in the network. */
  readonly id: string;
  readonly name: string | null;
  readonly method: "california7" | "california8" | "deviates" | "silence";
  /** Begin of the first interval that was out of the ordinary. */
  readonly since: number;
  /** When it was certain. */
  readonly found: number;
  readonly until: number | null;
  readonly evidence: {
    /** Lanes that say so, 0 the innermost; none where all together do. */
    readonly lanes: readonly number[];
    /** Shares of time covered, 0 to 1; speeds in m/s. */
    readonly occupancy: number;
    readonly speed: number | null;
    readonly usual_occupancy: number;
    readonly usual_speed: number | null;
  };
}

/** `GET /traffic/incidents`. */
export interface Incidents {
  /** End of the last interval; none before the first. */
  readonly time: number | null;
  readonly open: readonly Incident[];
  readonly over: readonly Incident[];
}
