// Vector tiles of the synthetic town, cut on request.
import { GeoJSONVT } from "@maplibre/geojson-vt";
import { fromGeojsonVt } from "@maplibre/vt-pbf";
import { ground, toLngLat } from "./network.mjs";

const feature = (id, type, coordinates, properties) => ({
  type: "Feature",
  id,
  geometry: { type, coordinates },
  properties,
});
const line = (id, points, properties) =>
  feature(id, "LineString", points.map(toLngLat), properties);

function junctionRing(junction, links) {
  const corners = [];
  for (const link of links) {
    const at = link.to === junction ? 1 : link.from === junction ? 0 : -1;
    if (at < 0) continue;
    const side = [link.direction[1] * 1.65, -link.direction[0] * 1.65];
    const [inner, outer] = [link.lanes[0][at], link.lanes[2][at]];
    corners.push(
      [inner[0] - side[0], inner[1] - side[1]],
      [outer[0] + side[0], outer[1] + side[1]],
    );
  }
  const [cx, cy] = junction.point;
  corners.sort((a, b) => Math.atan2(a[1] - cy, a[0] - cx) - Math.atan2(b[1] - cy, b[0] - cx));
  return [...corners, corners[0]].map(toLngLat);
}

function layers(network) {
  const { links, junctions, turns, laneWidth } = network;
  const lanes = links.flatMap((link) =>
    link.lanes.map((shape, index) => {
      const directions = link.turns
        .filter((turn) => turn.lane === index)
        .map((turn) => turn.direction);
      return line(link.index * 3 + index, shape, {
        link: link.index,
        index,
        width: laneWidth,
        turns: directions.join(";"),
      });
    }),
  );
  const stoplines = turns.map((turn) => {
    const end = turn.from.lanes[turn.lane][1];
    const side = [turn.from.direction[1] * 1.5, -turn.from.direction[0] * 1.5];
    const ends = [
      [end[0] - side[0], end[1] - side[1]],
      [end[0] + side[0], end[1] + side[1]],
    ];
    return line(turn.index, ends, { signal: turn.junction.index });
  });
  return {
    ground: {
      from: 0,
      features: ground().map(({ kind, ring }, id) => feature(id, "Polygon", [ring], { kind })),
    },
    junctions: {
      from: 13,
      features: junctions.map((j) =>
        feature(j.index, "Polygon", [junctionRing(j, links)], { signal: j.index }),
      ),
    },
    links: {
      from: 0,
      features: links.map((l) =>
        line(l.index, l.shape, {
          class: l.class,
          name: l.name,
          lanes: 3,
          limit: l.limit,
          elevated: l.elevated,
          width: 3 * laneWidth,
        }),
      ),
    },
    lanes: { from: 15, features: lanes },
    stoplines: { from: 15, features: stoplines },
    signals: {
      from: 0,
      features: junctions.map((j) =>
        feature(j.index, "Point", toLngLat(j.point), {
          name: j.name,
          group: j.turns[0]?.index ?? 0,
        }),
      ),
    },
  };
}

export function makeTiler(network) {
  const index = Object.entries(layers(network)).map(([name, { from, features }]) => ({
    name,
    from,
    tiles: new GeoJSONVT(
      { type: "FeatureCollection", features },
      { maxZoom: 17, indexMaxZoom: 12, tolerance: 2, buffer: 128 },
    ),
  }));
  return (z, x, y) => {
    const found = {};
    for (const { name, from, tiles } of index) {
      const tile = z >= from && tiles.getTile(z, x, y);
      if (tile && tile.features.length > 0) found[name] = tile;
    }
    return Buffer.from(fromGeojsonVt(found, { version: 2 }));
  };
}
