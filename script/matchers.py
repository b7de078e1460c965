"""Matches the positions of `citybrain bench probes --write-traces` with OSRM and Valhalla, and counts
all three in the same way. Run by script/matchers.

The count: samples of a path, 5 m apart, that lie within 6 m of the other path. Precision is that of
the matched path on the true path, recall that of the true path on the matched path.
"""

import json
import math
import sys
import time
from importlib.metadata import version

import numpy
import osrm
import valhalla

METRES_PER_DEGREE = 6_371_008.8 * math.pi / 180


def plane(line, origin):
    """Longitude and latitude to metres about a place."""
    degrees = numpy.asarray(line, dtype=float).reshape(-1, 2) - origin
    return degrees * METRES_PER_DEGREE * numpy.array([math.cos(math.radians(origin[1])), 1.0])


def samples(line, step):
    """Points of a line, `step` apart, from its start."""
    lengths = numpy.hypot(*numpy.diff(line, axis=0).T) if len(line) > 1 else numpy.zeros(0)
    along = numpy.concatenate([[0.0], numpy.cumsum(lengths)])
    at = numpy.arange(0.0, along[-1] + 1e-9, step)
    return numpy.column_stack([numpy.interp(at, along, line[:, axis]) for axis in (0, 1)])


def near(points, lines, limit):
    """How many of the points lie within `limit` of one of the lines."""
    starts = [line[:-1] for line in lines if len(line) > 1]
    if not starts or len(points) == 0:
        return 0
    a = numpy.concatenate(starts)
    d = numpy.concatenate([line[1:] for line in lines if len(line) > 1]) - a
    square = numpy.maximum((d * d).sum(1), 1e-12)
    low, high = numpy.minimum(a, a + d) - limit, numpy.maximum(a, a + d) + limit
    count = 0
    for chunk in numpy.array_split(points, max(1, len(points) // 50)):
        # Only the pieces whose rectangle meets that of these points.
        close = ((low <= chunk.max(0)) & (high >= chunk.min(0))).all(1)
        if not close.any():
            continue
        offset = chunk[:, None, :] - a[close]
        t = numpy.clip((offset * d[close]).sum(2) / square[close], 0.0, 1.0)
        gap = offset - t[..., None] * d[close]
        count += int(((gap * gap).sum(2).min(1) <= limit * limit).sum())
    return count


class Score:
    """Precision and recall over trips."""

    def __init__(self, traces):
        self.limit, self.step = traces["near_m"], traces["sample_m"]
        self.sums = [0, 0, 0, 0]
        self.failed = 0

    def add(self, truth, matched):
        origin = numpy.asarray(truth[0])
        truth = [plane(truth, origin)]
        matched = [plane(line, origin) for line in matched if len(line) > 0]
        for index, (of, on) in enumerate([(matched, truth), (truth, matched)]):
            for line in of:
                points = samples(line, self.step)
                self.sums[2 * index] += len(points)
                self.sums[2 * index + 1] += near(points, on, self.limit)

    def shares(self):
        matched, right, true, found = self.sums
        return right / max(matched, 1), found / max(true, 1)


class Osrm:
    """OSRM's match, contraction hierarchies, timestamps in whole seconds, radius = noise."""

    name = f"OSRM {version('osrm-bindings')}"

    def __init__(self, path):
        self.engine = osrm.OSRM(storage_config=path, use_shared_memory=False, max_locations_map_matching=100_000)

    def request(self, trace, sigma):
        return osrm.MatchParameters(
            coordinates=[(lon, lat) for _, lon, lat in trace],
            timestamps=[1_700_000_000 + round(second) for second, _, _ in trace],
            radiuses=[max(sigma, 1.0)] * len(trace),
            geometries="geojson",
            overview="full",
        )

    def match(self, request):
        return self.engine.Match(request)

    def lines(self, answer):
        matchings = answer["matchings"]
        return [
            [(place[0], place[1]) for place in matching["geometry"]["coordinates"]]
            for matching in matchings
        ]


class Valhalla:
    """Valhalla's Meili, `trace_route`, accuracy and search radius by noise."""

    name = f"Valhalla {valhalla.__version__}"

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["logging"]["type"] = ""
        limits = config["service_limits"]["trace"]
        limits.update(max_shape=1_000_000, max_distance=1e9, max_gps_accuracy=200.0, max_search_radius=200.0)
        self.actor = valhalla.Actor(config)

    def request(self, trace, sigma):
        return json.dumps(
            {
                "shape": [{"lon": lon, "lat": lat, "time": second} for second, lon, lat in trace],
                "costing": "auto",
                "shape_match": "map_snap",
                "use_timestamps": False,
                "directions_type": "none",
                "trace_options": {"gps_accuracy": max(sigma, 1.0), "search_radius": min(max(3 * sigma, 15.0), 100.0)},
            }
        )

    def match(self, request):
        return self.actor.trace_route(request)

    def lines(self, answer):
        trip = json.loads(answer)
        trips = [trip["trip"]] + [other["trip"] for other in trip.get("alternates", [])]
        return [decode(leg["shape"]) for one in trips for leg in one["legs"]]


def decode(text):
    """An encoded polyline of six digits."""
    line, index, place = [], 0, [0, 0]
    while index < len(text):
        for axis in (0, 1):
            value, shift = 0, 0
            while True:
                byte = ord(text[index]) - 63
                index += 1
                value |= (byte & 31) << shift
                shift += 5
                if byte < 32:
                    break
            place[axis] += ~(value >> 1) if value & 1 else value >> 1
        line.append((place[1] / 1e6, place[0] / 1e6))
    return line


def measure(engine, traces, row):
    """Positions per CPU-second, precision, recall, and traces that were refused."""
    score, spent, count = Score(traces), 0.0, 0
    for truth, trace in zip(traces["paths"], row["traces"]):
        request = engine.request(trace, row["sigma_m"])
        began = time.process_time()
        try:
            answer = engine.match(request)
        except Exception as error:  # whatever an engine throws is counted against it, and shown
            if score.failed == 0:
                print(f"{engine.name}: {error}", file=sys.stderr)
            score.failed += 1
            answer = None
        spent += time.process_time() - began
        count += len(trace)
        score.add(truth, engine.lines(answer) if answer is not None else [])
    return count / max(spent, 1e-9), *score.shares(), score.failed


def main():
    path, osrm_path, valhalla_path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        traces = json.load(file)
    engines = [Osrm(osrm_path), Valhalla(valhalla_path)]
    head = f"{'every':>7} {'noise':>6} {'positions':>9}  {'engine':<16} {'per CPU-s':>10}  {'P':>6} {'R':>6}  refused"
    print(head)
    for row, measured in zip(traces["rows"], traces["measured"]):
        ours = Score(traces)
        for truth, matched in zip(traces["paths"], row["matched"]):
            ours.add(truth, matched)
        results = [("City Brain", measured["positions_per_cpu_second"], *ours.shares(), 0)]
        results += [(engine.name, *measure(engine, traces, row)) for engine in engines]
        for name, speed, precision, recall, failed in results:
            print(
                f"{row['interval_s']:>5g} s {row['sigma_m']:>4g} m {measured['positions']:>9}  "
                f"{name:<16} {speed:>10,.0f}  {precision:6.4f} {recall:6.4f}  {failed}"
            )


main()
