/** Colours of the traffic, in two sets: the familiar one and one for colour-blind eyes. */

export interface Palette {
  /** Speed ratio ≥ .7, ≥ .5, ≥ .35, below; no vehicles. */
  readonly ratio: readonly [string, string, string, string, string];
}

const STANDARD: Palette = { ratio: ["#2fb57c", "#f2d544", "#f58a2c", "#ee3d49", "#5b6b7d"] };
// Blue to yellow to vermilion to dark magenta: distinct in hue and in lightness for all common
// colour vision deficiencies.
const SAFE: Palette = { ratio: ["#4a9be0", "#f4e06d", "#e8850c", "#c2185b", "#5b6b7d"] };

const KEY = "citybrain.palette";
let safe = false;

export function startPalette(): void {
  const query = new URLSearchParams(location.search).get("palette");
  safe = query === "safe" || (query === null && localStorage.getItem(KEY) === "safe");
}

export function palette(): Palette {
  return safe ? SAFE : STANDARD;
}

export function paletteIsSafe(): boolean {
  return safe;
}

export function setPaletteSafe(on: boolean): void {
  safe = on;
  localStorage.setItem(KEY, on ? "safe" : "standard");
}

/** One colour a phase (Okabe and Ito's set, lightened for a dark ground); phases also carry numbers. */
export const PHASES: readonly string[] = [
  "#56b4e9",
  "#f0e442",
  "#e69f00",
  "#cc79a7",
  "#3fcf9f",
  "#ff8c5a",
  "#b4a7ff",
  "#d5dde6",
];

export function phaseColour(phase: number | null): string {
  return phase === null ? "#8896a6" : (PHASES[phase % PHASES.length] as string);
}

/** What a signal head shows. Red is dimmer than green, so that lightness says it too. */
export const ASPECTS = ["#ff5a5f", "#ffd24a", "#7ee2b0", "#3df08f"] as const;

/** Vehicles: standing, slow, fast; emergency vehicles stand out in shape as well. */
export const VEHICLE = { standing: "#ff9d4d", slow: "#fff3d6", fast: "#7fd0ff" } as const;
