/** `<task-tabs>`: what can be done in the Command centre; the address says what is open. */
import { onLanguage, type StringName, t } from "../i18n";
import { h, LiveElement, setText } from "./dom";

/** In the order of the tabs; the number keys follow it. */
export const TASKS = [
  "overview",
  "compare",
  "corridor",
  "missions",
  "closures",
  "congestion",
] as const;
export type Task = (typeof TASKS)[number];

const TITLES: Readonly<Record<Task, StringName>> = {
  overview: "taskOverview",
  compare: "taskCompare",
  corridor: "taskCorridor",
  missions: "taskMissions",
  closures: "taskClosures",
  congestion: "taskCongestion",
};

/** The task that the address names. */
export function taskOfAddress(): Task {
  const name = location.hash.slice(1);
  return TASKS.find((task) => task === name) ?? "overview";
}

export class TaskTabs extends LiveElement {
  protected override build(signal: AbortSignal): void {
    const links = TASKS.map((task) => h("a", { href: `#${task}`, "data-task": task }));
    const nav = h("nav", {}, ...links);
    this.append(nav);
    const show = (): void => {
      const open = taskOfAddress();
      nav.setAttribute("aria-label", t("tasks"));
      for (const [k, task] of TASKS.entries()) {
        const link = links[k];
        if (!link) continue;
        setText(link, t(TITLES[task]));
        link.setAttribute("aria-keyshortcuts", String(k + 1));
        if (task === open) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    };
    onLanguage(show, signal);
    window.addEventListener("hashchange", show, { signal });
  }
}
