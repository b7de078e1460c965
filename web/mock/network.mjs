// A synthetic town for the mock server: a grid of streets beside a lake, with an elevated road.
// It exists so that the page can be built and tested without the real server; it is no model.

const ORIGIN = { lng: 120.135, lat: 30.248 };
const METRES_PER_DEGREE = 111_320;
const LANE_WIDTH = 3.3;
const COLUMNS = 10;
const ROWS = 7;
const SPACING = { x: 430, y: 400 };
const LAKE = { x: 520, y: 1250, rx: 640, ry: 720 };
const ELEVATED_ROW = 3;
const STREETS_EW = [
  "Wenyi Road",
  "Tianmushan Road",
  "Tiyuchang Road",
  "Desheng Viaduct",
  "Fengqi Road",
  "Qingchun Road",
  "Jiefang Road",
];
const STREETS_NS = [
  "Zijingang Road",
  "Gudun Road",
  "Yugu Road",
  "Xueyuan Road",
  "Baochu Road",
  "Huancheng West Road",
  "Zhongshan Road",
  "Zhonghe Road",
  "Jianguo Road",
  "Qiutao Road",
];

export function toLngLat([x, y]) {
  const scale = Math.cos((ORIGIN.lat * Math.PI) / 180);
  return [ORIGIN.lng + x / (METRES_PER_DEGREE * scale), ORIGIN.lat + y / METRES_PER_DEGREE];
}

const inLake = (x, y, margin) =>
  ((x - LAKE.x) / (LAKE.rx + margin)) ** 2 + ((y - LAKE.y) / (LAKE.ry + margin)) ** 2 < 1;

const add = (a, b, k = 1) => [a[0] + b[0] * k, a[1] + b[1] * k];
const right = (d) => [d[1], -d[0]];

function makeJunctions() {
  const junctions = new Map();
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      const x = column * SPACING.x + 40 * Math.sin(row * 1.3);
      const y = row * SPACING.y + 35 * Math.sin(column * 0.9);
      if (inLake(x, y, 60)) continue;
      const name = `${STREETS_NS[column]} / ${STREETS_EW[row]}`;
      junctions.set(`${column},${row}`, {
        index: junctions.size,
        column,
        row,
        point: [x, y],
        name,
        turns: [],
      });
    }
  }
  return junctions;
}

function makeLink(links, from, to) {
  const delta = add(to.point, from.point, -1);
  const whole = Math.hypot(...delta);
  const d = [delta[0] / whole, delta[1] / whole];
  const horizontal = from.row === to.row;
  const elevated = horizontal && from.row === ELEVATED_ROW;
  const arterial = horizontal ? from.row % 2 === 1 : from.column % 3 === 0;
  const cut = 20;
  const lanes = [0, 1, 2].map((k) => {
    const shift = right(d).map((c) => c * (0.6 + LANE_WIDTH * (k + 0.5)));
    return [add(add(from.point, d, cut), shift), add(add(to.point, d, -cut), shift)];
  });
  const link = {
    index: links.length,
    id: `road_${from.column}_${from.row}_${to.column}_${to.row}`,
    name: horizontal ? STREETS_EW[from.row] : STREETS_NS[from.column],
    class: elevated ? "trunk" : arterial ? "primary" : "secondary",
    elevated,
    limit: elevated ? 19.44 : arterial ? 13.89 : 11.11,
    from,
    to,
    direction: d,
    length: whole - 2 * cut,
    lanes,
    shape: lanes[1],
    turns: [],
  };
  links.push(link);
  return link;
}

function makeTurns(junctions, links) {
  const turns = [];
  for (const junction of junctions.values()) {
    for (const from of links.filter((link) => link.to === junction)) {
      for (const to of links.filter((link) => link.from === junction)) {
        if (to.to === from.from) continue;
        const cross = from.direction[0] * to.direction[1] - from.direction[1] * to.direction[0];
        const direction = cross > 0.5 ? "left" : cross < -0.5 ? "right" : "straight";
        const lane = { left: 0, straight: 1, right: 2 }[direction];
        const start = from.lanes[lane][1];
        const end = to.lanes[lane][0];
        const reach = direction === "straight" ? 0.5 : direction === "left" ? 0.9 : 0.6;
        const span = Math.hypot(end[0] - start[0], end[1] - start[1]) * reach * 0.6;
        const turn = {
          index: turns.length,
          junction,
          from,
          to,
          direction,
          lane,
          curve: [start, add(start, from.direction, span), add(end, to.direction, -span), end],
          length:
            Math.hypot(end[0] - start[0], end[1] - start[1]) *
            (direction === "straight" ? 1 : 1.15),
          bearing: ((Math.atan2(from.direction[0], from.direction[1]) * 180) / Math.PI + 360) % 360,
        };
        turns.push(turn);
        from.turns.push(turn);
        junction.turns.push(turn);
      }
    }
  }
  return turns;
}

export function makeNetwork() {
  const junctions = makeJunctions();
  const links = [];
  for (const junction of junctions.values()) {
    for (const [dc, dr] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      const other = junctions.get(`${junction.column + dc},${junction.row + dr}`);
      const mid = other && [
        (junction.point[0] + other.point[0]) / 2,
        (junction.point[1] + other.point[1]) / 2,
      ];
      if (other && !inLake(mid[0], mid[1], 0)) makeLink(links, junction, other);
    }
  }
  const turns = makeTurns(junctions, links);
  const corners = [
    toLngLat([-150, -150]),
    toLngLat([(COLUMNS - 1) * SPACING.x + 190, (ROWS - 1) * SPACING.y + 180]),
  ];
  return {
    junctions: [...junctions.values()],
    links,
    turns,
    bounds: [...corners[0], ...corners[1]],
    laneWidth: LANE_WIDTH,
  };
}

export function ground() {
  const ring = (cx, cy, rx, ry, wobble) =>
    Array.from({ length: 65 }, (_, k) => {
      const angle = (k / 64) * 2 * Math.PI;
      const r = 1 + wobble * Math.sin(3 * angle + 1) + wobble * 0.6 * Math.cos(5 * angle);
      return toLngLat([cx + rx * r * Math.cos(angle), cy + ry * r * Math.sin(angle)]);
    });
  return [
    { kind: "water", ring: ring(LAKE.x, LAKE.y, LAKE.rx - 60, LAKE.ry - 60, 0.06) },
    { kind: "park", ring: ring(1935, 1000, 170, 150, 0.05) },
    { kind: "park", ring: ring(3225, 1800, 180, 160, 0.08) },
    { kind: "park", ring: ring(640, 2200, 190, 130, 0.05) },
  ];
}
