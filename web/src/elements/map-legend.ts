/** `<map-legend>`: what the colours and dashes mean, with the thresholds; switches the palette. */
import { onLanguage, type StringName, t } from "../i18n";
import { PHASES, palette, paletteIsSafe, setPaletteSafe, VEHICLE } from "../map/palette";
import { h, LiveElement, setText } from "./dom";

const CLASSES: readonly StringName[] = [
  "legendFree",
  "legendSlow",
  "legendDense",
  "legendJam",
  "legendEmpty",
];

export class MapLegend extends LiveElement {
  protected override build(signal: AbortSignal): void {
    const heading = h("summary");
    const title = h("p", { class: "legend-title" });
    const rows = CLASSES.map((_, level) => ({
      swatch: h("span", { class: "swatch wide", "data-level": level, "aria-hidden": "true" }),
      name: h("span"),
    }));
    const ramp = h("span", { class: "ramp", "aria-hidden": "true" });
    ramp.style.background = `linear-gradient(90deg, ${VEHICLE.standing}, ${VEHICLE.slow}, ${VEHICLE.fast})`;
    const vehicles = h("span");
    const dots = h("span", { class: "dots", "aria-hidden": "true" });
    for (const [k, colour] of PHASES.slice(0, 4).entries()) {
      const dot = h("i", {}, String(k + 1));
      dot.style.backgroundColor = colour;
      dots.append(dot);
    }
    const phases = h("span");
    const safe = h("input", { type: "checkbox", id: "palette-safe" });
    const safeName = h("label", { for: "palette-safe" });
    const details = h(
      "details",
      { open: window.matchMedia("(min-width: 48rem)").matches },
      heading,
      h(
        "div",
        { class: "legend-body" },
        title,
        h(
          "ul",
          {},
          ...rows.map(({ swatch, name }) => h("li", {}, swatch, name)),
          h("li", {}, ramp, vehicles),
          h("li", {}, dots, phases),
        ),
        h("div", { class: "palette" }, safe, safeName),
      ),
    );
    this.append(details);
    safe.addEventListener("change", () => this.#switch(safe.checked), { signal });
    const show = (): void => {
      setText(heading, t("legend"));
      setText(title, t("legendRatio"));
      rows.forEach(({ swatch, name }, level) => {
        swatch.style.backgroundColor = palette().ratio[level] ?? "";
        setText(name, t(CLASSES[level] ?? "legendEmpty"));
      });
      setText(vehicles, t("legendVehicle"));
      setText(phases, t("legendPhase"));
      setText(safeName, t("palette"));
      safe.checked = paletteIsSafe();
    };
    onLanguage(show, signal);
    this.model.on("palette", show, signal);
  }

  #switch(on: boolean): void {
    setPaletteSafe(on);
    this.model.emit("palette", null);
  }
}
