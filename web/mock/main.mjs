// A stand-in for `citybrain up`: serves the built pages and the live protocol with made-up traffic.
// `node mock/main.mjs [--port 8600]`, then `npm run build` and open the address, or `npx vite`.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WebSocketServer } from "ws";
import { linkFrame, signalFrame, vehicleFrame } from "./frames.mjs";
import { makeNetwork, toLngLat } from "./network.mjs";
import { makeTiler } from "./tiles.mjs";
import { Traffic } from "./traffic.mjs";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "8600" },
    warmup: { type: "string", default: "600" },
  },
});
const DIST = join(fileURLToPath(new URL(".", import.meta.url)), "..", "dist");
const TYPES = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".map": "application/json",
};
// The same as the real server's, so that what passes here passes there.
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
  "font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const network = makeNetwork();
const tile = makeTiler(network);
let traffic = new Traffic(network);
let speed = 1;
let paused = false;
for (let k = 0; k < Number(options.warmup) * 2; k++) traffic.step(0.5);

function status() {
  const figures = traffic.figures();
  const clock = new Date((7 * 3600 + Math.floor(traffic.t)) * 1000).toISOString().slice(11, 19);
  return {
    t: traffic.t,
    clock,
    paused,
    speed,
    controller: traffic.controller,
    demand: traffic.demand,
    ...figures,
    real_time_factor: paused ? 0 : speed,
    safety: { overrides: 3, fallbacks: 0 },
  };
}

function scenario() {
  return {
    city: { id: "mock", title: { zh: "示例城", en: "Mock Town" } },
    network: {
      name: "mock grid",
      attribution: "Synthetic network of the mock server",
      driving_side: "right",
      bounds: network.bounds,
      links: network.links.length,
      lanes: network.links.length * 3,
      junctions: network.junctions.length,
      signals: network.junctions.length,
      kilometres: network.links.reduce((sum, link) => sum + link.length, 0) / 1000,
    },
    controllers: [
      { id: "fixed-time", title: { zh: "定时控制", en: "Fixed time" } },
      { id: "max-pressure", title: { zh: "最大压力", en: "Max pressure" } },
    ],
    demand_levels: [0.5, 0.75, 1, 1.25, 1.5],
    speeds: [1, 2, 5, 10, 30, 60],
    horizon: 3600,
    status: status(),
  };
}

function linkDetail(index) {
  const link = network.links[index];
  if (!link) return undefined;
  const state = traffic.linkState(link);
  const middle = [
    (link.shape[0][0] + link.shape[1][0]) / 2,
    (link.shape[0][1] + link.shape[1][1]) / 2,
  ];
  const { id, name, class: kind, limit, length, history } = link;
  return {
    index,
    id,
    name,
    class: kind,
    lanes: 3,
    length,
    limit,
    ...state,
    free_speed: limit,
    flow_per_hour: traffic.flow(link),
    history,
    centre: toLngLat(middle),
  };
}

function signalDetail(index) {
  const junction = network.junctions[index];
  if (!junction) return undefined;
  const phase = traffic.phaseOf(junction);
  const names = ["red", "yellow", "permissive", "protected"];
  const groups = junction.turns.map((turn) => {
    const lane = turn.from.queues[turn.lane];
    return {
      index: turn.index,
      from: turn.from.name,
      to: turn.to.name,
      from_link: turn.from.index,
      to_link: turn.to.index,
      direction: turn.direction,
      bearing: turn.bearing,
      aspect: names[traffic.aspect(turn)],
      queue: lane.filter((vehicle) => vehicle.v < 0.1).length,
      count: lane.length,
      saturation_flow: 1800,
    };
  });
  return {
    index,
    id: `intersection_${junction.column}_${junction.row}`,
    junctions: [junction.name],
    phase: phase.index,
    elapsed: phase.elapsed,
    remaining: phase.remaining,
    controller: traffic.controller,
    phases: traffic.phases(junction),
    groups,
    history: traffic.phaseLog[index],
    centre: toLngLat(junction.point),
  };
}

function control(body) {
  if (body.demand !== undefined || body.restart) {
    const { controller } = traffic;
    traffic = new Traffic(network, body.demand ?? traffic.demand);
    traffic.controller = controller;
    for (let k = 0; k < 60; k++) traffic.step(0.5);
    broadcast(JSON.stringify({ type: "restart" }));
  }
  if (body.controller !== undefined) traffic.setController(body.controller);
  if (body.speed !== undefined) speed = body.speed;
  if (body.paused !== undefined) paused = body.paused;
  return status();
}

function shell() {
  const manifest = JSON.parse(readFileSync(join(DIST, ".vite", "manifest.json"), "utf8"));
  const entry = manifest["src/main.ts"];
  const styles = (entry.css ?? [])
    .map((file) => `<link rel="stylesheet" href="/${file}">`)
    .join("");
  return `<!doctype html><html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>City Brain</title><link rel="icon" href="data:,">${styles}<script type="module" src="/${entry.file}"></script></head><body><command-centre></command-centre></body></html>`;
}

const json = (response, value) => {
  if (value === undefined) {
    response.writeHead(404, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ title: "not found", status: 404 }));
    return;
  }
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
};

function resource(path, response) {
  const [, kind, ...rest] =
    path.match(/^\/api\/v1\/(\w+)(?:\/(\d+))?(?:\/(\d+))?(?:\/(\d+)\.mvt)?$/) ?? [];
  const [a, b, c] = rest.map(Number);
  if (kind === "scenario") return json(response, scenario());
  if (kind === "links") return json(response, linkDetail(a));
  if (kind === "signals") return json(response, signalDetail(a));
  if (kind === "history") {
    const columns = [
      "t",
      "running",
      "finished",
      "waiting_to_enter",
      "mean_speed",
      "delay_index",
      "throughput_per_hour",
    ];
    return json(response, { columns, rows: traffic.history, changes: traffic.changes });
  }
  if (kind === "tiles") {
    response.writeHead(200, { "content-type": "application/vnd.mapbox-vector-tile" });
    return response.end(tile(a, b, c));
  }
  return json(response, undefined);
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://mock");
  if (pathname === "/") {
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": CSP,
    });
    return response.end(shell());
  }
  if (pathname === "/api/v1/control" && request.method === "POST") {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => json(response, control(JSON.parse(body))));
    return;
  }
  if (pathname.startsWith("/api/")) return resource(pathname, response);
  try {
    const file = readFileSync(join(DIST, normalize(pathname)));
    response.writeHead(200, {
      "content-type": TYPES[extname(pathname)] ?? "application/octet-stream",
    });
    response.end(file);
  } catch {
    json(response, undefined);
  }
});

const sockets = new WebSocketServer({ server, path: "/api/v1/live" });
const broadcast = (message) => {
  for (const client of sockets.clients) if (client.bufferedAmount < 1e6) client.send(message);
};
const statusMessage = () => JSON.stringify({ type: "status", ...status() });
sockets.on("connection", (client) => {
  client.send(statusMessage());
  client.send(linkFrame(traffic));
  client.send(signalFrame(traffic));
  client.send(vehicleFrame(traffic, network.bounds));
});

let ticks = 0;
setInterval(() => {
  if (!paused) {
    const dt = speed / 10;
    const parts = Math.max(1, Math.ceil(dt / 0.5));
    for (let k = 0; k < parts; k++) traffic.step(dt / parts);
  }
  broadcast(vehicleFrame(traffic, network.bounds));
  if (ticks++ % 10 === 0) {
    broadcast(linkFrame(traffic));
    broadcast(signalFrame(traffic));
    broadcast(statusMessage());
  }
}, 100);

server.listen(Number(options.port), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
