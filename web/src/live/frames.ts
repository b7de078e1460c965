/** Decoders of the binary messages of the live stream (docs/live-protocol.md), little-endian. */

/** One unit of a vehicle's position is 2⁻²⁰ of the Web Mercator square. */
export const UNITS_PER_MERCATOR = 2 ** 20;

const VEHICLES = 1;
const LINKS = 2;
const SIGNALS = 3;
const VEHICLE_HEADER = 32;
const VEHICLE_BYTES = 16;
const HEADER = 8;
const RECORD_BYTES = 8;

export interface VehicleFrame {
  readonly kind: "vehicles";
  /** Simulated seconds. */
  readonly t: number;
  readonly originX: number;
  readonly originY: number;
  readonly count: number;
  readonly id: Uint32Array;
  /** Interleaved x, y in units from the origin. */
  readonly position: Float32Array;
  /** Interleaved heading (256 to the circle, 0 east, counter-clockwise), speed (m/s × 5), length (m × 5), flags. */
  readonly look: Uint8Array;
}

export interface LinkRecord {
  readonly link: number;
  /** Speed ÷ free speed; `null` without vehicles. */
  readonly ratio: number | null;
  readonly count: number;
  readonly waiting: number;
}

export const RED = 0;
export const YELLOW = 1;
export const PERMISSIVE = 2;
export const PROTECTED = 3;

export interface GroupRecord {
  readonly group: number;
  readonly aspect: number;
  readonly phase: number | null;
  readonly remaining: number | null;
}

export type Frame =
  | VehicleFrame
  | { readonly kind: "links"; readonly records: readonly LinkRecord[] }
  | { readonly kind: "signals"; readonly records: readonly GroupRecord[] };

/** Decodes one message; `null` if the kind is unknown (a newer server) or the message is cut short. */
export function decodeFrame(buffer: ArrayBuffer): Frame | null {
  if (buffer.byteLength < HEADER) return null;
  const view = new DataView(buffer);
  const count = view.getUint32(4, true);
  switch (view.getUint8(0)) {
    case VEHICLES:
      return decodeVehicles(view, count);
    case LINKS:
      return decodeLinks(view, count);
    case SIGNALS:
      return decodeSignals(view, count);
    default:
      return null;
  }
}

function decodeVehicles(view: DataView, count: number): VehicleFrame | null {
  if (view.byteLength < VEHICLE_HEADER + count * VEHICLE_BYTES) return null;
  const id = new Uint32Array(count);
  const position = new Float32Array(count * 2);
  const look = new Uint8Array(count * 4);
  for (let k = 0; k < count; k++) {
    const at = VEHICLE_HEADER + k * VEHICLE_BYTES;
    id[k] = view.getUint32(at, true);
    position[2 * k] = view.getFloat32(at + 4, true);
    position[2 * k + 1] = view.getFloat32(at + 8, true);
    for (let byte = 0; byte < 4; byte++) look[4 * k + byte] = view.getUint8(at + 12 + byte);
  }
  return {
    kind: "vehicles",
    t: view.getFloat64(8, true),
    originX: view.getFloat64(16, true),
    originY: view.getFloat64(24, true),
    count,
    id,
    position,
    look,
  };
}

function decodeLinks(view: DataView, count: number): Frame | null {
  if (view.byteLength < HEADER + count * RECORD_BYTES) return null;
  const records: LinkRecord[] = [];
  for (let k = 0; k < count; k++) {
    const at = HEADER + k * RECORD_BYTES;
    const ratio = view.getUint8(at + 4);
    records.push({
      link: view.getUint32(at, true),
      ratio: ratio === 255 ? null : ratio / 200,
      count: view.getUint8(at + 5),
      waiting: view.getUint8(at + 6),
    });
  }
  return { kind: "links", records };
}

function decodeSignals(view: DataView, count: number): Frame | null {
  if (view.byteLength < HEADER + count * RECORD_BYTES) return null;
  const records: GroupRecord[] = [];
  for (let k = 0; k < count; k++) {
    const at = HEADER + k * RECORD_BYTES;
    const phase = view.getUint8(at + 5);
    const remaining = view.getUint16(at + 6, true);
    records.push({
      group: view.getUint32(at, true),
      aspect: view.getUint8(at + 4),
      phase: phase === 255 ? null : phase,
      remaining: remaining === 65535 ? null : remaining,
    });
  }
  return { kind: "signals", records };
}
