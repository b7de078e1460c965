import { describe, expect, it } from "vitest";
import { decodeFrame } from "../src/live/frames";

/** Writes a message as docs/live-protocol.md says, field by field. */
function message(bytes: number, write: (view: DataView) => void): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes);
  write(new DataView(buffer));
  return buffer;
}

describe("decodeFrame", () => {
  it("reads vehicles", () => {
    const buffer = message(32 + 2 * 16, (view) => {
      view.setUint8(0, 1);
      view.setUint32(4, 2, true);
      view.setFloat64(8, 12.5, true);
      view.setFloat64(16, 0.833, true);
      view.setFloat64(24, 0.412, true);
      view.setUint32(32, 7, true);
      view.setFloat32(36, 1.5, true);
      view.setFloat32(40, -2.25, true);
      view.setUint8(44, 64);
      view.setUint8(45, 50);
      view.setUint8(46, 25);
      view.setUint8(47, 1);
      view.setUint32(48, 4_000_000_000, true);
      view.setUint8(63, 2);
    });
    const frame = decodeFrame(buffer);
    if (frame?.kind !== "vehicles") throw new Error("not vehicles");
    expect(frame.t).toBe(12.5);
    expect([frame.originX, frame.originY]).toEqual([0.833, 0.412]);
    expect([...frame.id]).toEqual([7, 4_000_000_000]);
    expect([...frame.position]).toEqual([1.5, -2.25, 0, 0]);
    expect([...frame.look]).toEqual([64, 50, 25, 1, 0, 0, 0, 2]);
  });

  it("reads links, with 255 as no vehicles", () => {
    const buffer = message(8 + 2 * 8, (view) => {
      view.setUint8(0, 2);
      view.setUint32(4, 2, true);
      view.setUint32(8, 3, true);
      view.setUint8(12, 150);
      view.setUint8(13, 9);
      view.setUint8(14, 4);
      view.setUint32(16, 4, true);
      view.setUint8(20, 255);
    });
    expect(decodeFrame(buffer)).toEqual({
      kind: "links",
      records: [
        { link: 3, ratio: 0.75, count: 9, waiting: 4 },
        { link: 4, ratio: null, count: 0, waiting: 0 },
      ],
    });
  });

  it("reads signals, with unknown phase and remaining time", () => {
    const buffer = message(8 + 2 * 8, (view) => {
      view.setUint8(0, 3);
      view.setUint32(4, 2, true);
      view.setUint32(8, 11, true);
      view.setUint8(12, 3);
      view.setUint8(13, 2);
      view.setUint16(14, 300, true);
      view.setUint8(20, 0);
      view.setUint8(21, 255);
      view.setUint16(22, 65535, true);
    });
    expect(decodeFrame(buffer)).toEqual({
      kind: "signals",
      records: [
        { group: 11, aspect: 3, phase: 2, remaining: 300 },
        { group: 0, aspect: 0, phase: null, remaining: null },
      ],
    });
  });

  it.each([1, 2, 3])("refuses a message of kind %i that is cut short", (kind) => {
    const buffer = message(16, (view) => {
      view.setUint8(0, kind);
      view.setUint32(4, 1_000_000_000, true);
    });
    expect(decodeFrame(buffer)).toBeNull();
  });

  it("passes over kinds it does not know", () => {
    expect(decodeFrame(message(8, (view) => view.setUint8(0, 9)))).toBeNull();
    expect(decodeFrame(new ArrayBuffer(3))).toBeNull();
  });
});
