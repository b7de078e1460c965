/** Where most time is lost. */
import type { LinkRecord } from "./frames";

export interface RankedLink extends LinkRecord {
  /** Vehicles × (1 − speed ratio). */
  readonly lost: number;
}

/** Links by time lost, most first. */
export function rankLinks(links: Iterable<LinkRecord>, limit: number): RankedLink[] {
  const ranked: RankedLink[] = [];
  for (const record of links) {
    if (record.ratio === null || record.count === 0) continue;
    const lost = record.count * Math.max(0, 1 - record.ratio);
    if (lost > 0.5) ranked.push({ ...record, lost });
  }
  ranked.sort((a, b) => b.lost - a.lost || a.link - b.link);
  return ranked.slice(0, limit);
}
