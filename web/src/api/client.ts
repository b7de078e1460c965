/** Requests to the server's resources; errors are RFC 9457 problems turned into exceptions. */
import type { Control, History, LinkDetail, Scenario, SignalDetail, Status } from "./types";

const BASE = "/api/v1";

export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(BASE + path, init);
  if (!response.ok) {
    const problem: unknown = await response.json().catch(() => null);
    throw new Problem(response.status, problemText(problem) ?? response.statusText);
  }
  return (await response.json()) as T;
}

function problemText(problem: unknown): string | null {
  if (typeof problem !== "object" || problem === null) return null;
  const { detail, title } = problem as { detail?: unknown; title?: unknown };
  if (typeof detail === "string") return detail;
  return typeof title === "string" ? title : null;
}

export const tilesUrl = (): string => `${location.origin}${BASE}/tiles/{z}/{x}/{y}.mvt`;

export function liveUrl(): string {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}${BASE}/live`;
}

export const api = {
  scenario: (): Promise<Scenario> => request("/scenario"),
  history: (): Promise<History> => request("/history"),
  link: (index: number): Promise<LinkDetail> => request(`/links/${index}`),
  signal: (index: number): Promise<SignalDetail> => request(`/signals/${index}`),
  control: (change: Control): Promise<Status> =>
    request("/control", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(change),
    }),
};
