"""The module as research code uses it: every method of the original, then ours."""

import json
import math
import os
from pathlib import Path

import pytest

import cityflow

ARMS = {"west": (-300, 0), "south": (0, -300), "east": (300, 0), "north": (0, 300)}
ORDER = ["west", "south", "east", "north"]


def junction_with_four_arms():
    """One signalised junction; lanes 0 left, 1 straight, 2 right; phase 0 is all red."""
    kinds = {1: ("turn_right", 2), 2: ("go_straight", 1), 3: ("turn_left", 0)}
    intersections, roads, road_links, phases = [], [], [], {kind: [] for kind in range(4)}
    for name, (x, y) in ARMS.items():
        lanes = [{"width": 3.5, "maxSpeed": 11.111}] * 3
        ends = [({"x": x, "y": y}, {"x": 0, "y": 0}), (name, "centre")]
        for suffix, flip in (("in", 1), ("out", -1)):
            roads.append(
                {
                    "id": f"{name}_{suffix}",
                    "points": list(ends[0])[::flip],
                    "lanes": lanes,
                    "startIntersection": ends[1][::flip][0],
                    "endIntersection": ends[1][::flip][1],
                }
            )
        intersections.append(
            {"id": name, "point": {"x": x, "y": y}, "width": 0, "virtual": True, "roads": []}
        )
    for at, name in enumerate(ORDER):
        for turn, (kind, lane) in kinds.items():
            goal = ORDER[(at + turn) % 4]
            index = len(road_links)
            if kind == "turn_right":
                for listed in phases.values():
                    listed.append(index)
            elif kind == "go_straight":
                phases[1 if at % 2 == 0 else 2].append(index)
            else:
                phases[3].append(index)
            road_links.append(
                {
                    "type": kind,
                    "startRoad": f"{name}_in",
                    "endRoad": f"{goal}_out",
                    "laneLinks": [
                        {"startLaneIndex": lane, "endLaneIndex": end, "points": []}
                        for end in range(3)
                    ],
                }
            )
    light = [{"time": 30, "availableRoadLinks": links} for links in phases.values()]
    intersections.append(
        {
            "id": "centre",
            "point": {"x": 0, "y": 0},
            "width": 15,
            "virtual": False,
            "roads": [road["id"] for road in roads],
            "roadLinks": road_links,
            "trafficLight": {"roadLinkIndices": [], "lightphases": light},
        }
    )
    return {"intersections": intersections, "roads": roads}


def flows():
    vehicle = {
        "length": 5.0,
        "width": 2.0,
        "maxPosAcc": 2.0,
        "maxNegAcc": 4.5,
        "usualPosAcc": 2.0,
        "usualNegAcc": 4.5,
        "minGap": 2.5,
        "maxSpeed": 11.111,
        "headwayTime": 2,
    }
    pairs = [("west", "east"), ("east", "west"), ("north", "south"), ("south", "west")]
    return [
        {
            "vehicle": vehicle,
            "route": [f"{start}_in", f"{goal}_out"],
            "interval": 6.0,
            "startTime": 0,
            "endTime": 299,
        }
        for start, goal in pairs
    ]


@pytest.fixture
def config(tmp_path):
    def write(**changes):
        (tmp_path / "roadnet.json").write_text(json.dumps(junction_with_four_arms()))
        (tmp_path / "flow.json").write_text(json.dumps(flows()))
        settings = {
            "interval": 1.0,
            "seed": 0,
            "dir": f"{tmp_path}/",
            "roadnetFile": "roadnet.json",
            "flowFile": "flow.json",
            "rlTrafficLight": True,
            "laneChange": False,
            "saveReplay": False,
            "roadnetLogFile": "network_log.json",
            "replayLogFile": "replay.txt",
            **changes,
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps(settings))
        return str(path)

    return write


def test_a_run_as_research_code_writes_it(config):
    engine = cityflow.Engine(config(), thread_num=1)
    for second in range(400):
        if second % 30 == 0:
            engine.set_tl_phase("centre", second // 30 % 3 + 1)
        engine.next_step()
        counts = engine.get_lane_vehicle_count()
        waiting = engine.get_lane_waiting_vehicle_count()
        on_lanes = engine.get_lane_vehicles()
        assert counts.keys() == waiting.keys() == on_lanes.keys()
        assert all(counts[lane] == len(on_lanes[lane]) for lane in counts)
        assert all(waiting[lane] <= counts[lane] for lane in counts)
        running = engine.get_vehicles()
        assert set(engine.get_vehicle_speed()) == set(engine.get_vehicle_distance()) == set(running)
        assert engine.get_vehicle_count() == len(running)
    assert engine.get_current_time() == 400.0
    assert engine.metrics()["vehicles"] == 200
    assert engine.metrics()["throughput"] > 100
    assert 30.0 < engine.get_average_travel_time() < 300.0


def test_one_vehicle_in_all_its_views(config):
    engine = cityflow.Engine(config())
    engine.steps(12)
    info = engine.get_vehicle_info("flow_0_0")
    assert info["running"] == "1"
    assert info["drivable"] == "west_in_1"
    assert info["road"] == "west_in"
    assert info["intersection"] == "centre"
    assert info["route"] == "west_in east_out "
    assert float(info["speed"]) == pytest.approx(engine.get_vehicle_speed()["flow_0_0"], abs=1e-6)
    assert engine.get_leader("flow_0_0") == ""
    assert engine.get_leader("flow_0_1") == "flow_0_0"
    with pytest.raises(KeyError):
        engine.get_vehicle_info("nobody")


def test_a_set_speed_holds_for_one_step(config):
    engine = cityflow.Engine(config())
    engine.steps(10)
    engine.set_vehicle_speed("flow_0_0", 1.0)
    before = engine.get_vehicle_speed()["flow_0_0"]
    engine.next_step()
    slowed = engine.get_vehicle_speed()["flow_0_0"]
    assert slowed == pytest.approx(max(1.0, before - 4.5))
    engine.next_step()
    assert engine.get_vehicle_speed()["flow_0_0"] > slowed


def test_routes_change_where_the_lane_leads_there(config):
    engine = cityflow.Engine(config())
    engine.steps(5)
    assert not engine.set_vehicle_route("flow_0_0", ["north_out"])  # it is in the straight lane
    assert engine.set_vehicle_route("flow_0_0", ["east_out"])
    with pytest.raises(KeyError):
        engine.set_vehicle_route("flow_0_0", ["nowhere"])


def test_pushed_vehicles_drive(config):
    engine = cityflow.Engine(config())
    engine.push_vehicle({"length": 8.0, "maxSpeed": 8.0}, ["north_in", "east_out"])
    engine.set_tl_phase("centre", 3)
    engine.next_step()
    assert "manually_pushed_0" in engine.get_vehicles(include_waiting=True)
    engine.steps(200)
    assert "manually_pushed_0" not in engine.get_vehicles()


def test_snapshots_forks_and_resets_agree(config, tmp_path):
    engine = cityflow.Engine(config(laneChange=True))
    engine.set_tl_phase("centre", 1)
    engine.steps(100)
    archive = engine.snapshot()
    archive.dump(str(tmp_path / "saved"))
    fork = engine.fork()
    engine.steps(50)
    fork.steps(50)
    expected = engine.get_vehicle_distance()
    assert expected == fork.get_vehicle_distance()
    engine.load(archive)
    engine.steps(50)
    assert expected == engine.get_vehicle_distance()
    engine.load_from_file(str(tmp_path / "saved"))
    engine.steps(50)
    assert expected == engine.get_vehicle_distance()
    engine.reset(seed=True)
    assert engine.get_current_time() == 0.0 and engine.get_vehicles() == []
    engine.set_tl_phase("centre", 1)
    engine.steps(150)
    assert expected == engine.get_vehicle_distance()


def test_the_files_plan_runs_by_itself(config):
    engine = cityflow.Engine(config(rlTrafficLight=False))
    assert engine.get_phases() == {"centre": 0}
    engine.steps(30)
    assert engine.get_phases() == {"centre": 1}
    with pytest.raises(ValueError):
        engine.set_tl_phase("centre", 2)


def test_replays_are_written(config, tmp_path):
    engine = cityflow.Engine(config(saveReplay=True))
    engine.steps(20)
    lines = (tmp_path / "replay.txt").read_text().splitlines()
    assert len(lines) == 20
    vehicles, roads = lines[-1].split(";")
    assert vehicles.count(",") == len(engine.get_vehicles())
    assert "west_in" in roads
    network = json.loads((tmp_path / "network_log.json").read_text())
    assert len(network["static"]["edges"]) == 8


def test_lanes_close_and_limits_hold(config):
    engine = cityflow.Engine.from_files(
        Path(config()).parent / "roadnet.json", Path(config()).parent / "flow.json"
    )
    engine.set_speed_limit("west_in", 3.0)
    engine.close_lane("east_out_1")
    engine.set_tl_phase("centre", 1)
    engine.steps(150)
    assert engine.get_lane_vehicle_count()["east_out_1"] == 0
    west = [v for lane in range(3) for v in engine.get_lane_vehicles()[f"west_in_{lane}"]]
    assert west and all(engine.get_vehicle_speed()[vehicle] <= 3.0 + 1e-9 for vehicle in west)


def test_mistakes_are_named(config, tmp_path):
    with pytest.raises(OSError, match="missing.json"):
        cityflow.Engine(str(tmp_path / "missing.json"))
    engine = cityflow.Engine(config())
    with pytest.raises(KeyError, match="elsewhere"):
        engine.set_tl_phase("elsewhere", 1)
    with pytest.raises(ValueError, match="99"):
        engine.set_tl_phase("centre", 99)
    with pytest.raises(ValueError, match="colour"):
        cityflow.Engine.from_files("a", "b", rules="colour")


def test_the_golden_hour():
    """Hangzhou's peak hour, equal to the reference simulator's average to the last digit."""
    root = os.environ.get("CITYBRAIN_SCENARIOS", Path(__file__).parents[4] / "shared/scenarios")
    folder = Path(root) / "hangzhou-4x4"
    if not folder.is_dir():
        pytest.skip("no published scenarios here (set CITYBRAIN_SCENARIOS)")
    golden = json.loads((folder / "golden/flow_peak.lane_change_0.json").read_text())
    engine = cityflow.Engine.from_files(
        folder / "roadnet.json",
        folder / "flow_peak.json",
        lane_change=False,
        external_signals=False,
    )
    engine.steps(3600)
    assert math.isclose(
        engine.get_average_travel_time(), golden["average_travel_time_s"], rel_tol=1e-12
    )
