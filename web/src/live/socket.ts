/** The WebSocket to the server: connects, reconnects with backoff, says how fresh the data is. */
import type { Bounds } from "../api/types";

export type Connection = "connecting" | "live" | "stale" | "offline";

/** Nothing heard for this long while connected: the figures on the wall may be wrong. */
export const STALE_AFTER_MS = 3000;
/** Nothing heard for this long: the connection is given up for a new one. A network that goes away
 *  does not say so, and the browser would wait for minutes. */
export const LOST_AFTER_MS = 10_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15000;

/** The wait before try number `attempt` (from 0): doubling, bounded, with jitter `[0.75, 1.25)`. */
export function retryDelay(attempt: number, random: number): number {
  const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
  return delay * (0.75 + random / 2);
}

export interface SocketHandlers {
  onText(message: unknown): void;
  onBinary(buffer: ArrayBuffer): void;
  onConnection(state: Connection): void;
}

export class LiveSocket {
  readonly #handlers: SocketHandlers;
  readonly #url: string;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retry: number | undefined;
  #watch: number | undefined;
  #heardAt = 0;
  #state: Connection = "connecting";
  #view: Bounds | null = null;

  constructor(url: string, handlers: SocketHandlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  /** Milliseconds since the last message. */
  get age(): number {
    return this.#heardAt === 0 ? Number.POSITIVE_INFINITY : performance.now() - this.#heardAt;
  }

  open(): void {
    this.#connect();
    this.#watch = window.setInterval(() => this.#check(), 500);
  }

  close(): void {
    window.clearInterval(this.#watch);
    window.clearTimeout(this.#retry);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Closes the connection as if the network had; it comes back by itself. */
  drop(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#lost(socket);
    // Without waiting for the other side to agree: it may not hear it.
    socket.close();
  }

  /** Tells the server which part of the map is on the screen. */
  setView(bounds: Bounds): void {
    this.#view = bounds;
    this.#sendView();
  }

  #sendView(): void {
    if (this.#view && this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: "view", bounds: this.#view }));
    }
  }

  #connect(): void {
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.addEventListener("open", () => this.#sendView());
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (this.#socket !== socket) return;
      this.#heardAt = performance.now();
      this.#attempt = 0;
      this.#become("live");
      if (event.data instanceof ArrayBuffer) this.#handlers.onBinary(event.data);
      else if (typeof event.data === "string") this.#handlers.onText(parse(event.data));
    });
    socket.addEventListener("close", () => this.#lost(socket));
  }

  /** Tries again after a while, if it is the connection in use. */
  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#become("offline");
    const delay = retryDelay(this.#attempt++, Math.random());
    this.#retry = window.setTimeout(() => this.#connect(), delay);
  }

  #check(): void {
    if (this.#state === "live" && this.age > STALE_AFTER_MS) this.#become("stale");
    if (this.#state === "stale" && this.age > LOST_AFTER_MS) this.drop();
  }

  #become(state: Connection): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#handlers.onConnection(state);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
