/** Colours and widths as MapLibre expressions, shared by the layers of the style. */
import type { ExpressionSpecification } from "maplibre-gl";
import { ASPECTS, type Palette, PHASES } from "./palette";

export interface Setting {
  /** Size of what is measured in pixels, 1 on a desk, more on a wall. */
  readonly size: number;
  readonly latitude: number;
  readonly side: "right" | "left";
  readonly palette: Palette;
}

export type Expression = ExpressionSpecification;

export const state = (name: string): Expression => ["feature-state", name];
const width: Expression = ["coalesce", ["get", "width"], ["*", ["get", "lanes"], 3.5]];
export const rank: Expression = [
  "match",
  ["get", "class"],
  ["motorway", "trunk"],
  3,
  ["primary", "motorway-link", "trunk-link"],
  2,
  ["secondary", "tertiary", "primary-link"],
  1,
  0,
];

/** Pixels of a metre at zoom 0 at this latitude. */
export function pixelsPerMetre(latitude: number): number {
  return 512 / (40_075_016.686 * Math.cos((latitude * Math.PI) / 180));
}

/** A width: pixels by rank while zoomed out, true metres from zoom 16 on. */
export function roadWidth({ latitude, size }: Setting, extra: number): Expression {
  const scale = pixelsPerMetre(latitude);
  const pixels = (base: number, step: number): Expression => [
    "+",
    base * size + extra,
    ["*", step * size, rank],
  ];
  return [
    "interpolate",
    ["exponential", 2],
    ["zoom"],
    10,
    pixels(0.8, 0.35),
    13,
    pixels(1.7, 0.6),
    14.5,
    pixels(3.2, 1),
    16,
    ["+", extra, ["*", width, scale * 2 ** 16]],
    22,
    ["+", extra, ["*", width, scale * 2 ** 22]],
  ];
}

/** Pixels that grow with zoom, and with the size of the screen. */
export function growing(
  size: number,
  ...stops: readonly (readonly [zoom: number, pixels: number])[]
): Expression {
  const scaled = stops.flatMap(([zoom, pixels]) => [zoom, pixels * size]);
  return ["interpolate", ["linear"], ["zoom"], ...scaled] as unknown as Expression;
}

/** Keeps the two directions of a road apart while they are narrower than the space between them. */
export function roadOffset({ side, size }: Setting): Expression {
  const shift = side === "right" ? size : -size;
  return [
    "interpolate",
    ["linear"],
    ["zoom"],
    10,
    0.8 * shift,
    13,
    1.7 * shift,
    14.5,
    2 * shift,
    16,
    0,
  ];
}

export function ratioColour(palette: Palette): Expression {
  const [free, slow, dense, jam, empty] = palette.ratio;
  return [
    "case",
    ["==", ["coalesce", state("ratio"), -1], -1],
    empty,
    ["step", ["number", state("ratio")], jam, 0.35, dense, 0.5, slow, 0.7, free],
  ];
}

export const jammed = (below: number): Expression => [
  "case",
  [
    "all",
    [">=", ["coalesce", state("ratio"), -1], 0],
    ["<", ["coalesce", state("ratio"), -1], below],
  ],
  0.85,
  0,
];

export const aspectColour: Expression = [
  "match",
  ["coalesce", state("aspect"), -1],
  0,
  ASPECTS[0],
  1,
  ASPECTS[1],
  2,
  ASPECTS[2],
  3,
  ASPECTS[3],
  "#66788a",
];

export const phaseFill: Expression = [
  "match",
  ["%", ["coalesce", state("phase"), -1], PHASES.length],
  0,
  PHASES[0] as string,
  ...PHASES.slice(1).flatMap((colour, k) => [k + 1, colour] as const),
  "#8896a6",
] as unknown as Expression;
