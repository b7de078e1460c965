import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Connection, LiveSocket, LOST_AFTER_MS, STALE_AFTER_MS } from "../src/live/socket";

/** A connection whose other side says what the test says, and never agrees to close. */
class Silent extends EventTarget {
  static all: Silent[] = [];
  static readonly OPEN = 1;
  readyState = 1;
  binaryType = "";
  closed = false;
  constructor() {
    super();
    Silent.all.push(this);
  }
  send(): void {}
  close(): void {
    this.closed = true;
  }
  says(text: string): void {
    this.dispatchEvent(new MessageEvent("message", { data: text }));
  }
}

let states: Connection[];
let socket: LiveSocket;
const last = (): Silent => Silent.all.at(-1) as Silent;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Silent);
  vi.stubGlobal("window", globalThis);
  Silent.all = [];
  states = [];
  socket = new LiveSocket("ws://city.example/api/v1/live", {
    onText: () => {},
    onBinary: () => {},
    onConnection: (state) => states.push(state),
  });
  vi.advanceTimersByTime(10);
  socket.open();
  last().says("{}");
});

afterEach(() => {
  socket.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the connection to the server", () => {
  it("is given up at once when dropped, though the other side does not answer", () => {
    const first = last();
    socket.drop();
    expect(states).toEqual(["live", "offline"]);
    expect(first.closed).toBe(true);
    vi.advanceTimersByTime(1000);
    expect(Silent.all.length).toBe(2);
    first.says("{}");
    expect(states.at(-1)).toBe("offline");
    last().says("{}");
    expect(states.at(-1)).toBe("live");
  });

  it("is stale after a silence, and replaced after a long one", () => {
    vi.advanceTimersByTime(STALE_AFTER_MS + 600);
    expect(states).toEqual(["live", "stale"]);
    vi.advanceTimersByTime(LOST_AFTER_MS);
    expect(states).toEqual(["live", "stale", "offline"]);
    expect(Silent.all.length).toBe(2);
    last().says("{}");
    expect(states.at(-1)).toBe("live");
  });
});
