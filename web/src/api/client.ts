/** Requests to the server's resources; errors are RFC 9457 problems turned into exceptions. */
import type {
  Closure,
  Comparison,
  ComparisonList,
  ComparisonRequest,
  CongestionIndex,
  Control,
  Corridor,
  CorridorDiagram,
  DispatchRequest,
  History,
  Incidents,
  LinkDetail,
  LiveMission,
  MissionRequest,
  Missions,
  Scenario,
  SignalDetail,
  Status,
  Unit,
} from "./types";

const BASE = "/api/v1";

export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What there is to say of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(BASE + path, init);
  if (!response.ok) {
    const problem: unknown = await response.json().catch(() => null);
    throw new Problem(response.status, problemText(problem) ?? response.statusText);
  }
  return (response.status === 204 ? null : await response.json()) as T;
}

const posted = (method: "POST" | "PUT" | "DELETE", body?: object): RequestInit =>
  body === undefined
    ? { method }
    : {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      };

function problemText(problem: unknown): string | null {
  if (typeof problem !== "object" || problem === null) return null;
  const { detail, title } = problem as { detail?: unknown; title?: unknown };
  if (typeof detail === "string") return detail;
  return typeof title === "string" ? title : null;
}

export const tilesUrl = (): string => `${location.origin}${BASE}/tiles/{z}/{x}/{y}.mvt`;

/** One half of a comparison, whose stream is followed instead of that of the running world. */
export interface Half {
  readonly comparison: number;
  readonly side: "left" | "right";
}

export function liveUrl(half: Half | null = null): string {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const query = half ? `?comparison=${half.comparison}&side=${half.side}` : "";
  return `${scheme}//${location.host}${BASE}/live${query}`;
}

export const api = {
  scenario: (): Promise<Scenario> => request("/scenario"),
  history: (): Promise<History> => request("/history"),
  link: (index: number): Promise<LinkDetail> => request(`/links/${index}`),
  signal: (index: number): Promise<SignalDetail> => request(`/signals/${index}`),
  control: (change: Control): Promise<Status> => request("/control", posted("POST", change)),
  comparisons: (): Promise<ComparisonList> => request("/comparisons"),
  comparison: (id: number): Promise<Comparison> => request(`/comparisons/${id}`),
  compare: (wanted: ComparisonRequest): Promise<Comparison> =>
    request("/comparisons", posted("POST", wanted)),
  endComparison: (id: number): Promise<null> => request(`/comparisons/${id}`, posted("DELETE")),
  sendMission: (wanted: MissionRequest): Promise<Comparison> =>
    request("/traffic/missions", posted("POST", wanted)),
  missions: (): Promise<Missions> => request("/missions"),
  dispatch: (wanted: DispatchRequest): Promise<LiveMission> =>
    request("/missions", posted("POST", wanted)),
  endMission: (id: number): Promise<LiveMission> => request(`/missions/${id}`, posted("DELETE")),
  units: (): Promise<{ readonly units: readonly Unit[] }> => request("/traffic/units"),
  corridors: (): Promise<{ readonly corridors: readonly Corridor[] }> => request("/corridors"),
  corridorBetween: (from: number, to: number): Promise<Corridor> =>
    request(`/corridors/path?from=${from}&to=${to}`),
  corridorDiagram: (links: readonly number[], since: number | null): Promise<CorridorDiagram> =>
    request(
      `/corridors/diagram?links=${links.join(",")}${since === null ? "" : `&since=${since}`}`,
    ),
  congestion: (by: "city" | "district" | "link", top: number): Promise<CongestionIndex> =>
    request(`/traffic/index?by=${by}&top=${top}`),
  incidents: (): Promise<Incidents> => request("/traffic/incidents"),
  closures: (): Promise<{ readonly closures: readonly Closure[] }> => request("/closures"),
  closeLane: (lane: number): Promise<{ readonly closures: readonly Closure[] }> =>
    request(`/closures/${lane}`, posted("PUT")),
  openLane: (lane: number): Promise<{ readonly closures: readonly Closure[] }> =>
    request(`/closures/${lane}`, posted("DELETE")),
};
