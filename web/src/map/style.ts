/** The map's style: ground, roads, lanes and stop lines, all from the city's own vector tiles. */
import type {
  FilterSpecification,
  LayerSpecification,
  LineLayerSpecification,
  StyleSpecification,
} from "maplibre-gl";
import {
  aspectColour,
  type Expression,
  growing,
  jammed,
  phaseFill,
  pixelsPerMetre,
  rank,
  ratioColour,
  roadOffset,
  roadWidth,
  type Setting,
  state,
} from "./expressions";

export const SOURCE = "city";
export const LABELS = "signal-labels";
/** Where vehicles are drawn: below labels and signal points, above all roads. */
export const BEFORE_VEHICLES = "signals-halo";
const FONT = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"];

const isElevated: FilterSpecification = ["==", ["get", "elevated"], true];
const onGround: FilterSpecification = ["!=", ["get", "elevated"], true];

type LineLayout = NonNullable<LineLayerSpecification["layout"]>;

/** The layers of roads at one level: casing, surface, lanes, speed, jam dashes, selection. */
function roads(level: "ground" | "elevated", setting: Setting): LayerSpecification[] {
  const { palette, size } = setting;
  const up = level === "elevated";
  const filter = up ? isElevated : onGround;
  const base = { source: SOURCE, "source-layer": "links", filter } as const;
  const offset = roadOffset(setting);
  // Round while links end in a point, square where junction areas show.
  const cap: LineLayout = {
    "line-cap": ["step", ["zoom"], "round", 15, "butt"],
    "line-join": "round",
  };
  return [
    {
      ...base,
      id: `${level}-casing`,
      type: "line",
      layout: cap,
      paint: {
        "line-color": up ? "#dfe8f2" : "#05080c",
        "line-opacity": up ? ["interpolate", ["linear"], ["zoom"], 11, 0.35, 14, 0.75] : 0.9,
        "line-width": roadWidth(setting, up ? 2.4 : 2),
        "line-offset": offset,
      },
    },
    {
      ...base,
      id: `${level}-surface`,
      type: "line",
      minzoom: 14,
      layout: cap,
      paint: {
        "line-color": "#2c3743",
        "line-width": roadWidth(setting, 0),
        "line-offset": offset,
      },
    },
    {
      ...base,
      id: `${level}-speed`,
      type: "line",
      layout: { ...cap, "line-sort-key": rank },
      paint: {
        "line-color": ratioColour(palette),
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 15, 1, 16.2, 0.42, 17.5, 0.3],
        "line-width": roadWidth(setting, 0),
        "line-offset": offset,
      },
    },
    // Shape as well as colour: dense traffic is dashed, a jam densely so.
    {
      ...base,
      id: `${level}-dense`,
      type: "line",
      minzoom: 11.5,
      maxzoom: 16.2,
      paint: {
        "line-color": "#10151c",
        "line-opacity": jammed(0.5),
        "line-width": growing(size, [11, 0.7], [15, 1.8]),
        "line-dasharray": [1.5, 5],
        "line-offset": offset,
      },
    },
    {
      ...base,
      id: `${level}-jam`,
      type: "line",
      minzoom: 11.5,
      maxzoom: 16.2,
      paint: {
        "line-color": "#10151c",
        "line-opacity": jammed(0.35),
        "line-width": growing(size, [11, 0.9], [15, 2.4]),
        "line-dasharray": [1.2, 1.4],
        "line-offset": offset,
      },
    },
    {
      ...base,
      id: `${level}-corridor`,
      type: "line",
      layout: cap,
      paint: {
        "line-color": "#5cc8ff",
        "line-opacity": ["case", ["boolean", state("corridor"), false], 1, 0],
        "line-width": 2.5,
        "line-gap-width": roadWidth(setting, 3),
        "line-offset": offset,
      },
    },
    {
      ...base,
      id: `${level}-mission`,
      type: "line",
      layout: cap,
      paint: {
        "line-color": "#6f9bff",
        "line-opacity": ["case", ["boolean", state("mission"), false], 1, 0],
        "line-width": growing(size, [10, 2], [15, 4]),
        "line-gap-width": roadWidth(setting, 2),
        "line-offset": offset,
      },
    },
    // A link with a closed lane: white and red in turn, as on a barrier.
    {
      ...base,
      id: `${level}-closed`,
      type: "line",
      paint: {
        "line-color": "#ffffff",
        "line-opacity": ["case", ["boolean", state("closed"), false], 1, 0],
        "line-width": growing(size, [10, 3], [15, 7]),
        "line-offset": offset,
      },
    },
    {
      ...base,
      id: `${level}-closed-bars`,
      type: "line",
      paint: {
        "line-color": "#d4232c",
        "line-opacity": ["case", ["boolean", state("closed"), false], 1, 0],
        "line-width": growing(size, [10, 3], [15, 7]),
        "line-dasharray": [1, 1],
        "line-offset": offset,
      },
    },
    {
      ...base,
      id: `${level}-selected`,
      type: "line",
      layout: cap,
      paint: {
        "line-color": "#ffffff",
        "line-opacity": [
          "case",
          ["boolean", state("selected"), false],
          1,
          ["boolean", state("hover"), false],
          0.5,
          0,
        ],
        "line-width": 2,
        "line-gap-width": roadWidth(setting, 2),
        "line-offset": offset,
      },
    },
  ];
}

function detail(setting: Setting): LayerSpecification[] {
  const scale = pixelsPerMetre(setting.latitude);
  const metres = (value: Expression): Expression => [
    "interpolate",
    ["exponential", 2],
    ["zoom"],
    15,
    ["*", value, scale * 2 ** 15],
    22,
    ["*", value, scale * 2 ** 22],
  ];
  return [
    {
      id: "lanes",
      type: "line",
      source: SOURCE,
      "source-layer": "lanes",
      minzoom: 16,
      paint: {
        "line-color": "#aebccb",
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 16, 0, 16.6, 0.3],
        "line-width": 1,
        "line-gap-width": metres(["-", ["coalesce", ["get", "width"], 3.5], 0.1]),
      },
    },
    {
      id: "stoplines-casing",
      type: "line",
      source: SOURCE,
      "source-layer": "stoplines",
      minzoom: 15.2,
      paint: {
        "line-color": "#05080c",
        "line-width": ["interpolate", ["exponential", 2], ["zoom"], 15, 3, 18, 8, 20, 20],
      },
    },
    {
      id: "stoplines",
      type: "line",
      source: SOURCE,
      "source-layer": "stoplines",
      minzoom: 15.2,
      paint: {
        "line-color": aspectColour,
        "line-width": ["interpolate", ["exponential", 2], ["zoom"], 15, 2, 18, 5.5, 20, 14],
      },
    },
  ];
}

function signals({ size }: Setting): LayerSpecification[] {
  const base = { source: SOURCE, "source-layer": "signals" } as const;
  const chosen: Expression = ["boolean", state("selected"), false];
  const hovered: Expression = ["boolean", state("hover"), false];
  return [
    {
      ...base,
      id: "signals-halo",
      type: "circle",
      paint: {
        "circle-color": "rgba(0,0,0,0)",
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": ["case", chosen, 3, hovered, 1.5, 0],
        "circle-radius": growing(size, [10, 5], [14, 12], [16, 26], [18, 90]),
      },
    },
    // A signal that is held for a mission.
    {
      ...base,
      id: "signals-held",
      type: "circle",
      paint: {
        "circle-color": "rgba(0,0,0,0)",
        "circle-stroke-color": "#8fb4ff",
        "circle-stroke-width": ["case", ["boolean", state("held"), false], 3, 0],
        "circle-radius": growing(size, [10, 6], [14, 13], [16, 28], [18, 92]),
      },
    },
    {
      ...base,
      id: "signals",
      type: "circle",
      maxzoom: 16.2,
      paint: {
        "circle-color": phaseFill,
        "circle-stroke-color": "#0b1016",
        "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 10, 0.6, 14, 2],
        "circle-radius": growing(size, [10, 1.6], [12, 2.6], [14, 6.5], [15, 10]),
        "circle-opacity": ["interpolate", ["linear"], ["zoom"], 15.6, 1, 16.2, 0],
        "circle-stroke-opacity": ["interpolate", ["linear"], ["zoom"], 15.6, 1, 16.2, 0],
      },
    },
  ];
}

function labels({ size }: Setting): LayerSpecification[] {
  return [
    {
      id: "road-names",
      type: "symbol",
      source: SOURCE,
      "source-layer": "links",
      minzoom: 13,
      filter: ["has", "name"],
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 420,
        "text-field": ["get", "name"],
        "text-font": FONT,
        "text-size": growing(size, [13, 11], [17, 15]),
        "text-offset": [0, 1.1],
        "text-max-angle": 25,
        "text-padding": 24,
      },
      paint: { "text-color": "#dbe5ef", "text-halo-color": "#0b1016", "text-halo-width": 1.6 },
    },
    {
      id: "signal-phase-labels",
      type: "symbol",
      source: LABELS,
      filter: ["==", ["get", "kind"], "phase"],
      layout: {
        "text-field": ["get", "text"],
        "text-font": FONT,
        "text-size": growing(size, [14, 10], [15, 13]),
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": "#0b1016" },
    },
    {
      id: "countdown-labels",
      type: "symbol",
      source: LABELS,
      filter: ["==", ["get", "kind"], "countdown"],
      layout: {
        "text-field": ["get", "text"],
        "text-font": FONT,
        "text-size": growing(size, [16, 12], [18, 17]),
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: {
        "text-color": ["get", "colour"],
        "text-halo-color": "#05080c",
        "text-halo-width": 2,
      },
    },
  ];
}

export function makeStyle(
  tiles: string,
  bounds: readonly [number, number, number, number],
  setting: Setting,
): StyleSpecification {
  const ground = { source: SOURCE, "source-layer": "ground" } as const;
  return {
    version: 8,
    sources: {
      [SOURCE]: { type: "vector", tiles: [tiles], minzoom: 8, maxzoom: 17, bounds: [...bounds] },
      [LABELS]: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
    },
    layers: [
      { id: "background", type: "background", paint: { "background-color": "#0d131a" } },
      {
        ...ground,
        id: "park",
        type: "fill",
        filter: ["==", ["get", "kind"], "park"],
        paint: { "fill-color": "#14281f" },
      },
      {
        ...ground,
        id: "water",
        type: "fill",
        filter: ["==", ["get", "kind"], "water"],
        paint: { "fill-color": "#12304a" },
      },
      {
        ...ground,
        id: "shore",
        type: "line",
        filter: ["==", ["get", "kind"], "water"],
        paint: { "line-color": "#2a5578", "line-width": 1.2 },
      },
      {
        id: "junction-areas",
        type: "fill",
        source: SOURCE,
        "source-layer": "junctions",
        minzoom: 13,
        paint: {
          "fill-color": "#2c3743",
          "fill-opacity": ["interpolate", ["linear"], ["zoom"], 13.5, 0, 14.5, 1],
        },
      },
      ...roads("ground", setting),
      ...roads("elevated", setting),
      ...detail(setting),
      ...signals(setting),
      ...labels(setting),
    ],
  };
}
