/** A small typed event source; listeners go away with their AbortSignal. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  on<Name extends keyof Events>(
    name: Name,
    listener: (value: Events[Name]) => void,
    signal?: AbortSignal,
  ): void {
    if (signal?.aborted) return;
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener);
    signal?.addEventListener("abort", () => set.delete(listener), { once: true });
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      (listener as (value: Events[Name]) => void)(value);
    }
  }
}
