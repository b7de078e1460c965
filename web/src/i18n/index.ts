/** The page's language: `?lang=`, else the last choice, else the browser's. */
import type { Title } from "../api/types";
import { en, type StringName, type Strings } from "./en";
import { zh } from "./zh";

export type Language = "zh" | "en";
export type { StringName };

const TABLES: Readonly<Record<Language, Strings>> = { zh, en };
const KEY = "citybrain.language";
const listeners = new Set<() => void>();
let current: Language = "zh";

/** Chooses from what the address says, what was chosen before and what the browser prefers. */
export function chooseLanguage(
  query: string | null,
  stored: string | null,
  preferred: readonly string[],
): Language {
  for (const wish of [query, stored, ...preferred]) {
    if (wish?.toLowerCase().startsWith("zh")) return "zh";
    if (wish?.toLowerCase().startsWith("en")) return "en";
  }
  return "zh";
}

export function startLanguage(): void {
  const query = new URLSearchParams(location.search).get("lang");
  setLanguage(chooseLanguage(query, localStorage.getItem(KEY), navigator.languages), false);
}

export function language(): Language {
  return current;
}

export function setLanguage(next: Language, remember = true): void {
  current = next;
  document.documentElement.lang = next === "zh" ? "zh-Hans" : "en";
  if (remember) {
    localStorage.setItem(KEY, next);
    const address = new URL(location.href);
    address.searchParams.set("lang", next);
    history.replaceState(null, "", address);
  }
  for (const listener of [...listeners]) listener();
}

/** Calls `listener` now and at each change of language, until the signal says stop. */
export function onLanguage(listener: () => void, signal: AbortSignal): void {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener), { once: true });
  listener();
}

/** The string in the page's language, `{name}` replaced by `values.name`. */
export function t(
  name: StringName,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return TABLES[current][name].replace(/\{(\w+)\}/g, (whole, key: string) =>
    key in values ? String(values[key]) : whole,
  );
}

/** A title that the server gives in both languages. */
export function titled(title: Title): string {
  return title[current] || title.en || title.zh;
}

/** The part of a bilingual name (`丝坊路 Sifang Road`) in the page's language; other names whole. */
export function named(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  const isChinese = (word: string): boolean => /\p{Script=Han}/u.test(word);
  const chinese = words.filter(isChinese);
  if (chinese.length === 0 || chinese.length === words.length) return name;
  return current === "zh" ? chinese.join("") : words.filter((word) => !isChinese(word)).join(" ");
}

/** Whether there is a string of this name (road classes come from the server). */
export function isStringName(name: string): name is StringName {
  return Object.hasOwn(en, name);
}
