/** The few lines that stand in for a framework: element builders and the base of live elements. */
import type { LiveModel } from "../live/model";

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | number | boolean | null>>;

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
}

/** An HTML element with attributes and children. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  fill(element, attributes, children);
  return element;
}

/** An SVG element with attributes and children. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(element, attributes, children);
  return element;
}

/** Sets text only when it differs, so that nothing is announced or laid out in vain. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** An element that shows the model while it is in the document. */
export abstract class LiveElement extends HTMLElement {
  #model: LiveModel | null = null;
  #life: AbortController | null = null;

  /** Give it before the element enters the document. */
  set model(model: LiveModel) {
    this.#model = model;
  }

  get model(): LiveModel {
    if (!this.#model) throw new Error(`<${this.localName}> entered the document without a model`);
    return this.#model;
  }

  connectedCallback(): void {
    this.#life = new AbortController();
    this.replaceChildren();
    this.build(this.#life.signal);
  }

  disconnectedCallback(): void {
    this.#life?.abort();
    this.#life = null;
  }

  /** Builds the content; everything it starts ends with the signal. */
  protected abstract build(signal: AbortSignal): void;
}

/** Makes a live element and hands it the model. */
export function live<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  model: LiveModel,
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  (element as unknown as LiveElement).model = model;
  return element;
}

/** Calls `work` every `period` ms until the signal says stop; skips while the page is hidden. */
export function every(period: number, work: () => void, signal: AbortSignal): void {
  const timer = window.setInterval(() => {
    if (!document.hidden) work();
  }, period);
  signal.addEventListener("abort", () => window.clearInterval(timer), { once: true });
}
