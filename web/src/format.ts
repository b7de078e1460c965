/** Numbers as people read them. */
import { language, t } from "./i18n";

export const KMH_PER_MPS = 3.6;

const formats = new Map<string, Intl.NumberFormat>();

/** A number with exactly `digits` decimals, thousands grouped; a dash where there is none. */
export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const key = `${language()}${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language() === "zh" ? "zh-CN" : "en-GB", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  // No "-0": a trend that rounds to nothing is nothing.
  return format.format(Math.abs(value) < 0.5 / 10 ** digits ? 0 : value);
}

/** m/s as km/h. */
export function kmh(metresPerSecond: number | null | undefined, digits = 0): string {
  return number(
    metresPerSecond === null || metresPerSecond === undefined
      ? null
      : metresPerSecond * KMH_PER_MPS,
    digits,
  );
}

/** A duration as `m:ss`. */
export function minutes(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Which of the four classes of the index a speed ratio falls in; 4 without vehicles. */
export function ratioClass(ratio: number | null | undefined): 0 | 1 | 2 | 3 | 4 {
  if (ratio === null || ratio === undefined) return 4;
  if (ratio >= 0.7) return 0;
  if (ratio >= 0.5) return 1;
  return ratio >= 0.35 ? 2 : 3;
}

/** The seconds of a simulated clock `hh:mm:ss` at second 0, from a status. */
export function clockStart(clock: string, time: number): number {
  const [hours = 0, minute = 0, second = 0] = clock.split(":").map(Number);
  return hours * 3600 + minute * 60 + second - Math.floor(time);
}

/** A second of the day as `hh:mm`. */
export function timeOfDay(second: number): string {
  const minute = Math.floor((((second % 86400) + 86400) % 86400) / 60);
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

export type Trend = { readonly direction: "up" | "down" | "flat" | "none"; readonly by: number };

/** How a figure moved over the last five simulated minutes. */
export function trend(
  rows: readonly { readonly t: number }[],
  read: (row: never) => number | null,
  now: number,
  value: number | null,
  threshold: number,
): Trend {
  const earlier = rows.findLast((row) => row.t <= now - 300 + 5);
  const before = earlier === undefined ? null : read(earlier as never);
  if (before === null || value === null || !Number.isFinite(value))
    return { direction: "none", by: 0 };
  const by = value - before;
  if (Math.abs(by) < threshold) return { direction: "flat", by };
  return { direction: by > 0 ? "up" : "down", by };
}

/** A trend in words; `amount` is its size as written. */
export function trendText(found: Trend, amount: string): string {
  switch (found.direction) {
    case "up":
      return t("trendUp", { value: amount });
    case "down":
      return t("trendDown", { value: amount });
    case "flat":
      return t("trendFlat");
    case "none":
      return t("trendNone");
  }
}
