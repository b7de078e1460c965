/** The next signals on the way of a vehicle. */
import type { SignalAhead } from "../api/types";
import { t } from "../i18n";
import { h } from "./dom";

/** Dots shown. */
const DOTS = 6;

/** A dot for each of the next signals, and in words how many are green. */
export function signalsAhead({ ahead }: { readonly ahead: readonly SignalAhead[] }): Node {
  const dots = ahead.slice(0, DOTS).map(({ green }) => h("i", { class: green ? "green" : "red" }));
  const green = ahead.filter((signal) => signal.green).length;
  const words = ahead.length > 0 ? t("missionGreen", { green, count: ahead.length }) : "–";
  return h("span", {}, h("span", { class: "signal-dots", "aria-hidden": "true" }, ...dots), words);
}
