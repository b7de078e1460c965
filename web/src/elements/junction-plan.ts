/** Draws a junction from above: its approaches, and every movement as an arrow. */
import type { MovementGroup } from "../api/types";
import { svg } from "./dom";
import { exitBearing } from "./junction-geometry";

const CENTRE = 100;
const STOP = 46;
const EDGE = 92;
const SLOT = { left: 7, "u-turn": 3, straight: 15, right: 23 } as const;

type Vector = readonly [x: number, y: number];

const heading = (degrees: number): Vector => {
  const angle = (degrees * Math.PI) / 180;
  return [Math.sin(angle), -Math.cos(angle)];
};
const along = (from: Vector, direction: Vector, distance: number): Vector => [
  from[0] + direction[0] * distance,
  from[1] + direction[1] * distance,
];
const text = (point: Vector): string => `${point[0].toFixed(1)} ${point[1].toFixed(1)}`;

/** The path of a movement's arrow, from its stop line to where it leaves. */
function arrow(group: MovementGroup, groups: readonly MovementGroup[], side: 1 | -1): string {
  const into = heading(group.bearing);
  const right: Vector = [-into[1] * side, into[0] * side];
  const out = heading(exitBearing(group, groups));
  const outRight: Vector = [-out[1] * side, out[0] * side];
  const slot =
    side === -1 && group.direction === "left"
      ? SLOT.right
      : side === -1 && group.direction === "right"
        ? SLOT.left
        : SLOT[group.direction];
  const middle: Vector = [CENTRE, CENTRE];
  const start = along(along(middle, into, -STOP), right, slot);
  const end = along(along(middle, out, STOP - 6), outRight, group.direction === "u-turn" ? 14 : 14);
  const pull = group.direction === "straight" ? 20 : group.direction === "u-turn" ? 34 : 26;
  return `M${text(start)}C${text(along(start, into, pull))} ${text(along(end, out, -pull))} ${text(end)}`;
}

function triangle(
  group: MovementGroup,
  groups: readonly MovementGroup[],
  side: 1 | -1,
  size: number,
): string {
  const out = heading(exitBearing(group, groups));
  const outRight: Vector = [-out[1] * side, out[0] * side];
  const end = along(along([CENTRE, CENTRE], out, STOP - 7), outRight, 14);
  const across: Vector = [-out[1], out[0]];
  const tip = along(end, out, size * 1.5);
  return `M${text(tip)}L${text(along(end, across, size))}L${text(along(end, across, -size))}Z`;
}

function legs(groups: readonly MovementGroup[]): SVGElement[] {
  const bearings = new Set<number>();
  for (const group of groups) {
    bearings.add(Math.round((group.bearing + 180) % 360));
    bearings.add(Math.round(exitBearing(group, groups)) % 360);
  }
  return [...bearings].flatMap((bearing) => {
    const out = heading(bearing);
    const from = along([CENTRE, CENTRE], out, 20);
    const to = along([CENTRE, CENTRE], out, EDGE);
    const [x1, y1, x2, y2] = [from[0], from[1], to[0], to[1]];
    return [
      svg("line", { x1, y1, x2, y2, class: "leg" }),
      svg("line", { x1, y1, x2, y2, class: "middle" }),
    ];
  });
}

export interface PlanLook {
  /** 0 red, 1 yellow, 2 permissive, 3 protected; `null` leaves the movement out. */
  readonly aspect: (group: MovementGroup) => number | null;
  readonly side: "right" | "left";
  readonly stroke: number;
}

const ASPECT_CLASS = ["red", "yellow", "permissive", "protected"] as const;

/** The content of an SVG with viewBox `0 0 200 200`. */
export function drawPlan(groups: readonly MovementGroup[], look: PlanLook): SVGElement[] {
  const side = look.side === "right" ? 1 : -1;
  const shown = groups
    .map((group) => ({ group, aspect: look.aspect(group) }))
    .filter((entry): entry is { group: MovementGroup; aspect: number } => entry.aspect !== null)
    .sort((a, b) => a.aspect - b.aspect);
  const arrows = shown.map(({ group, aspect }) => {
    const name = ASPECT_CLASS[aspect] ?? "red";
    return svg(
      "g",
      { class: `movement ${name}`, "data-group": group.index },
      svg("path", {
        d: arrow(group, groups, side),
        "stroke-width": name === "red" ? look.stroke * 0.5 : look.stroke,
      }),
      // Shape as well as colour: only a movement that may go has an arrow head.
      name === "red"
        ? null
        : svg("path", { class: "head", d: triangle(group, groups, side, look.stroke * 1.45) }),
    );
  });
  return [
    svg(
      "g",
      { class: "legs" },
      ...legs(groups),
      svg("circle", { cx: CENTRE, cy: CENTRE, r: 34, class: "leg-fill" }),
    ),
    ...arrows,
  ];
}

/** The arc of a ring between two shares (0..1) of a turn, starting at the top. */
export function ringArc(radius: number, from: number, to: number): string {
  const point = (share: number): Vector => along([CENTRE, CENTRE], heading(share * 360), radius);
  const large = to - from > 0.5 ? 1 : 0;
  if (to - from >= 0.999) {
    return `M${text(point(0))}A${radius} ${radius} 0 1 1 ${text(point(0.5))}A${radius} ${radius} 0 1 1 ${text(point(1))}`;
  }
  return `M${text(point(from))}A${radius} ${radius} 0 ${large} 1 ${text(point(to))}`;
}
