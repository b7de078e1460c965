// The binary messages of docs/live-protocol.md, encoded.
import { toLngLat } from "./network.mjs";

const UNIT = 2 ** 20;

function mercator([lng, lat]) {
  return [
    (lng + 180) / 360,
    (1 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / Math.PI) / 2,
  ];
}

function place(vehicle) {
  if (vehicle.turn.vehicles.includes(vehicle)) {
    const [a, b, c, d] = vehicle.turn.curve;
    const t = Math.min(1, vehicle.s / vehicle.turn.length);
    const u = 1 - t;
    const at = (k) => u ** 3 * a[k] + 3 * u * u * t * b[k] + 3 * u * t * t * c[k] + t ** 3 * d[k];
    const slope = (k) => u * u * (b[k] - a[k]) + 2 * u * t * (c[k] - b[k]) + t * t * (d[k] - c[k]);
    return { point: [at(0), at(1)], heading: Math.atan2(slope(1), slope(0)) };
  }
  const [start] = vehicle.link.lanes[vehicle.turn.lane];
  const d = vehicle.link.direction;
  return {
    point: [start[0] + d[0] * vehicle.s, start[1] + d[1] * vehicle.s],
    heading: Math.atan2(d[1], d[0]),
  };
}

const header = (kind, count, bytes) => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUInt8(kind, 0);
  buffer.writeUInt32LE(count, 4);
  return buffer;
};

export function vehicleFrame(traffic, bounds) {
  const origin = mercator([bounds[0], bounds[3]]);
  const vehicles = traffic.all();
  const frame = header(1, vehicles.length, 32 + 16 * vehicles.length);
  frame.writeDoubleLE(traffic.t, 8);
  frame.writeDoubleLE(origin[0], 16);
  frame.writeDoubleLE(origin[1], 24);
  vehicles.forEach((vehicle, k) => {
    const { point, heading } = place(vehicle);
    const [x, y] = mercator(toLngLat(point));
    const at = 32 + 16 * k;
    frame.writeUInt32LE(vehicle.id, at);
    frame.writeFloatLE((x - origin[0]) * UNIT, at + 4);
    frame.writeFloatLE((y - origin[1]) * UNIT, at + 8);
    frame.writeUInt8(Math.round((heading / (2 * Math.PI)) * 256) & 255, at + 12);
    frame.writeUInt8(Math.min(255, Math.round(vehicle.v * 5)), at + 13);
    frame.writeUInt8(Math.min(255, Math.round(vehicle.length * 5)), at + 14);
    frame.writeUInt8((vehicle.v < 0.1 ? 1 : 0) | (vehicle.emergency ? 2 : 0), at + 15);
  });
  return frame;
}

export function linkFrame(traffic) {
  const links = traffic.network.links;
  const frame = header(2, links.length, 8 + 8 * links.length);
  links.forEach((link, k) => {
    const { speed, count, waiting } = traffic.linkState(link);
    const at = 8 + 8 * k;
    frame.writeUInt32LE(link.index, at);
    frame.writeUInt8(
      speed === null ? 255 : Math.min(200, Math.round((speed / link.limit) * 200)),
      at + 4,
    );
    frame.writeUInt8(Math.min(255, count), at + 5);
    frame.writeUInt8(Math.min(255, waiting), at + 6);
  });
  return frame;
}

export function signalFrame(traffic) {
  const turns = traffic.network.turns;
  const frame = header(3, turns.length, 8 + 8 * turns.length);
  turns.forEach((turn, k) => {
    const phase = traffic.phaseOf(turn.junction);
    const at = 8 + 8 * k;
    frame.writeUInt32LE(turn.index, at);
    frame.writeUInt8(traffic.aspect(turn), at + 4);
    frame.writeUInt8(phase.index, at + 5);
    frame.writeUInt16LE(Math.ceil(phase.remaining), at + 6);
  });
  return frame;
}
