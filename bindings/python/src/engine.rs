//! The class `Engine` of the `cityflow` module, and what we add to it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::{PyKeyError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use roads::{Aspect, LaneId, LinkId, Network, SignalId, VehicleType};
use sim::{Config, NewVehicle, Place, Rules, Signals, VehicleId, World};

use crate::replay::{Replay, write_network};
use crate::settings::{Settings, load};

/// The whole state of an engine at one moment.
#[pyclass(module = "cityflow", frozen)]
#[derive(Debug)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
}

#[pymethods]
impl Archive {
    /// Writes it to a file.
    fn dump(&self, path: &str) -> PyResult<()> {
        std::fs::write(path, &self.bytes)
            .map_err(|error| PyOSError::new_err(format!("{path}: {error}")))
    }
}

/// Names of the network's parts, shared between forks.
#[derive(Debug)]
struct Names {
    lanes: Vec<String>,
    lane_of: HashMap<String, LaneId>,
    link_of: HashMap<String, LinkId>,
    signal_of: HashMap<String, SignalId>,
}

impl Names {
    fn new(network: &Network) -> Self {
        let lanes: Vec<String> = (0..network.lanes.len())
            .map(|lane| network.lane_name(LaneId::from(lane)))
            .collect();
        let lane_of = lanes
            .iter()
            .enumerate()
            .map(|(i, n)| (n.clone(), LaneId::from(i)))
            .collect();
        let links = network.links.iter().enumerate();
        let signals = network.signals.iter().enumerate();
        Self {
            lane_of,
            lanes,
            link_of: links
                .map(|(i, link)| (link.id.clone(), LinkId::from(i)))
                .collect(),
            signal_of: signals
                .map(|(i, s)| (s.id.clone(), SignalId::from(i)))
                .collect(),
        }
    }
}

/// A road network with its traffic.
#[pyclass(module = "cityflow")]
#[derive(Debug)]
pub(crate) struct Engine {
    world: World,
    names: Arc<Names>,
    vehicles: Vec<String>,
    vehicle_of: HashMap<String, VehicleId>,
    replay_path: String,
    replay: Option<Replay>,
}

fn fault(error: sim::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

impl Engine {
    fn over(world: World) -> Self {
        Self {
            names: Arc::new(Names::new(world.network())),
            world,
            vehicles: Vec::new(),
            vehicle_of: HashMap::new(),
            replay_path: String::new(),
            replay: None,
        }
    }

    /// Learns the names of vehicles created since.
    fn learn(&mut self) {
        for id in self.vehicles.len()..self.world.vehicles_created() {
            let id = VehicleId(id as u32);
            let name = self.world.vehicle_name(id);
            self.vehicle_of.insert(name.clone(), id);
            self.vehicles.push(name);
        }
    }

    fn relearn(&mut self) {
        self.vehicles.clear();
        self.vehicle_of.clear();
        self.learn();
    }

    fn vehicle(&self, name: &str) -> PyResult<VehicleId> {
        let found = self
            .vehicle_of
            .get(name)
            .copied()
            .filter(|&id| !self.world.is_gone(id));
        found.ok_or_else(|| PyKeyError::new_err(format!("vehicle {name:?} is not on the network")))
    }

    fn lane(&self, name: &str) -> PyResult<LaneId> {
        let found = self.names.lane_of.get(name).copied();
        found.ok_or_else(|| PyKeyError::new_err(format!("there is no lane {name:?}")))
    }

    fn link(&self, name: &str) -> PyResult<LinkId> {
        let found = self.names.link_of.get(name).copied();
        found.ok_or_else(|| PyKeyError::new_err(format!("there is no road {name:?}")))
    }

    fn signal(&self, name: &str) -> PyResult<SignalId> {
        let found = self.names.signal_of.get(name).copied();
        found.ok_or_else(|| PyKeyError::new_err(format!("there is no signal {name:?}")))
    }

    fn record(&mut self) -> PyResult<()> {
        if let Some(replay) = &mut self.replay {
            replay
                .record(&self.world, &self.vehicles)
                .map_err(|error| PyOSError::new_err(format!("{}: {error}", self.replay_path)))?;
        }
        Ok(())
    }

    fn open_replay(&mut self) -> PyResult<()> {
        let path = &self.replay_path;
        let replay =
            Replay::create(path).map_err(|error| PyOSError::new_err(format!("{path}: {error}")))?;
        self.replay = Some(replay);
        Ok(())
    }
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (config_file, thread_num = 1))]
    fn new(config_file: &str, thread_num: usize) -> PyResult<Self> {
        let settings = Settings::read(config_file)?;
        let file = |name: &str| PathBuf::from(format!("{}{name}", settings.dir));
        let (network, demand) = load(&file(&settings.roadnet_file), &file(&settings.flow_file))?;
        let config = Config {
            interval: settings.interval,
            seed: settings.seed,
            threads: thread_num,
            lane_change: settings.lane_change,
            signals: if settings.rl_traffic_light {
                Signals::External
            } else {
                Signals::Plan
            },
            rules: Rules::Benchmark,
        };
        let mut engine = Self::over(World::new(network, demand, config).map_err(fault)?);
        engine.replay_path = format!("{}{}", settings.dir, settings.replay_log_file);
        if settings.save_replay {
            let path = format!("{}{}", settings.dir, settings.roadnet_log_file);
            write_network(engine.world.network(), &path)
                .map_err(|error| PyOSError::new_err(format!("{path}: {error}")))?;
            engine.open_replay()?;
        }
        Ok(engine)
    }

    /// `CityFlow` JSON, `SUMO` XML or an `OpenStreetMap` extract.
    #[staticmethod]
    #[pyo3(signature = (network, demand, *, interval = 1.0, seed = 0, threads = 1,
        lane_change = true, external_signals = true, rules = "benchmark"))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn from_files(
        network: PathBuf,
        demand: PathBuf,
        interval: f64,
        seed: u32,
        threads: usize,
        lane_change: bool,
        external_signals: bool,
        rules: &str,
    ) -> PyResult<Self> {
        let rules = match rules {
            "benchmark" => Rules::Benchmark,
            "street" => Rules::Street,
            other => {
                let message = format!("rules are \"benchmark\" or \"street\", not {other:?}");
                return Err(PyValueError::new_err(message));
            }
        };
        let signals = if external_signals {
            Signals::External
        } else {
            Signals::Plan
        };
        let (network, demand) = load(&network, &demand)?;
        let config = Config {
            interval,
            seed,
            threads,
            lane_change,
            signals,
            rules,
        };
        Ok(Self::over(
            World::new(network, demand, config).map_err(fault)?,
        ))
    }

    fn next_step(&mut self) -> PyResult<()> {
        self.world.step();
        self.learn();
        self.record()
    }

    /// Many steps at once, other Python threads running meanwhile.
    fn steps(&mut self, py: Python<'_>, count: usize) -> PyResult<()> {
        py.detach(|| {
            for _ in 0..count {
                self.next_step()?;
            }
            Ok(())
        })
    }

    fn get_vehicle_count(&self) -> u64 {
        self.world.metrics(0.0).running + u64::from(self.world.shadows())
    }

    #[pyo3(signature = (include_waiting = false))]
    fn get_vehicles(&self, include_waiting: bool) -> Vec<&str> {
        let running = self.world.vehicles().filter(|vehicle| !vehicle.shadow);
        let mut names: Vec<&str> = running
            .map(|vehicle| self.vehicles[vehicle.id.0 as usize].as_str())
            .collect();
        if include_waiting {
            let waiting = self.world.waiting_vehicles();
            names.extend(waiting.map(|(_, id)| self.vehicles[id.0 as usize].as_str()));
        }
        names
    }

    fn get_lane_vehicle_count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (lane, name) in self.names.lanes.iter().enumerate() {
            counts.set_item(name, self.world.lane_count(LaneId::from(lane)))?;
        }
        Ok(counts)
    }

    fn get_lane_waiting_vehicle_count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (lane, name) in self.names.lanes.iter().enumerate() {
            counts.set_item(name, self.world.lane_waiting(LaneId::from(lane)))?;
        }
        Ok(counts)
    }

    fn get_lane_vehicles<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let vehicles = PyDict::new(py);
        for (lane, name) in self.names.lanes.iter().enumerate() {
            let on_lane = self.world.lane_vehicles(LaneId::from(lane)).map(|vehicle| {
                let name = &self.vehicles[vehicle.id.0 as usize];
                if vehicle.shadow {
                    format!("{name}_shadow")
                } else {
                    name.clone()
                }
            });
            vehicles.set_item(name, on_lane.collect::<Vec<_>>())?;
        }
        Ok(vehicles)
    }

    fn get_vehicle_speed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let speeds = PyDict::new(py);
        for vehicle in self.world.vehicles().filter(|vehicle| !vehicle.shadow) {
            speeds.set_item(&self.vehicles[vehicle.id.0 as usize], vehicle.speed)?;
        }
        Ok(speeds)
    }

    fn get_vehicle_distance<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let distances = PyDict::new(py);
        for vehicle in self.world.vehicles().filter(|vehicle| !vehicle.shadow) {
            distances.set_item(&self.vehicles[vehicle.id.0 as usize], vehicle.distance)?;
        }
        Ok(distances)
    }

    fn get_vehicle_info(&self, vehicle_id: &str) -> PyResult<HashMap<&'static str, String>> {
        let id = self.vehicle(vehicle_id)?;
        let mut info = HashMap::new();
        let Some(view) = self.world.vehicle(id) else {
            info.insert("running", "0".to_owned());
            return Ok(info);
        };
        let network = self.world.network();
        info.insert("running", "1".to_owned());
        info.insert("distance", format!("{:.6}", view.distance));
        info.insert("speed", format!("{:.6}", view.speed));
        match view.place {
            Place::Lane(lane) => {
                let link = &network.links[network.lanes[lane.index()].link.index()];
                info.insert("drivable", self.names.lanes[lane.index()].clone());
                info.insert("road", link.id.clone());
                info.insert(
                    "intersection",
                    network.junctions[link.to.index()].id.clone(),
                );
            }
            Place::Movement(movement) => {
                info.insert("drivable", network.movement_name(movement));
            }
        }
        let ahead = self.world.route_ahead(id).unwrap_or_default();
        let roads = ahead
            .iter()
            .map(|link| format!("{} ", network.links[link.index()].id));
        info.insert("route", roads.collect());
        Ok(info)
    }

    /// The vehicle that a vehicle follows, or an empty text.
    fn get_leader(&self, vehicle_id: &str) -> PyResult<&str> {
        let id = self.vehicle(vehicle_id)?;
        let leader = self.world.leader(id);
        Ok(leader.map_or("", |(leader, _)| self.vehicles[leader.0 as usize].as_str()))
    }

    fn get_current_time(&self) -> f64 {
        self.world.time()
    }

    fn get_average_travel_time(&self) -> f64 {
        self.world.metrics(0.0).att_engine
    }

    fn set_tl_phase(&mut self, intersection_id: &str, phase_id: usize) -> PyResult<()> {
        if self.world.config().signals == Signals::Plan {
            let message = "signals follow their plan: set rlTrafficLight to true to control them";
            return Err(PyValueError::new_err(message));
        }
        let signal = self.signal(intersection_id)?;
        self.world.set_phase(signal, phase_id).map_err(fault)
    }

    fn set_vehicle_speed(&mut self, vehicle_id: &str, speed: f64) -> PyResult<()> {
        let id = self.vehicle(vehicle_id)?;
        self.world.set_vehicle_speed(id, speed).map_err(fault)
    }

    /// Whether the vehicle can go that way; if not, it keeps its route.
    fn set_vehicle_route(&mut self, vehicle_id: &str, route: Vec<String>) -> PyResult<bool> {
        let id = self.vehicle(vehicle_id)?;
        let links = route
            .iter()
            .map(|name| self.link(name))
            .collect::<PyResult<Vec<_>>>()?;
        Ok(self.world.set_route(id, &links).is_ok())
    }

    fn push_vehicle(
        &mut self,
        vehicle_info: HashMap<String, f64>,
        roads: Vec<String>,
    ) -> PyResult<()> {
        let mut kind = VehicleType::default();
        for (key, value) in vehicle_info {
            match key.as_str() {
                "length" => kind.length = value,
                "width" => kind.width = value,
                "maxPosAcc" => kind.max_acceleration = value,
                "maxNegAcc" => kind.max_deceleration = value,
                "usualPosAcc" => kind.usual_acceleration = value,
                "usualNegAcc" => kind.usual_deceleration = value,
                "minGap" => kind.min_gap = value,
                "maxSpeed" => kind.max_speed = value,
                "headwayTime" => kind.headway = value,
                "speed" => {} // every vehicle enters at rest
                other => {
                    let message = format!("vehicle_info has no {other:?}");
                    return Err(PyKeyError::new_err(message));
                }
            }
        }
        let route = roads
            .iter()
            .map(|name| self.link(name))
            .collect::<PyResult<Vec<_>>>()?;
        self.world
            .add_vehicle(NewVehicle {
                name: None,
                kind,
                route,
            })
            .map_err(fault)?;
        self.learn();
        Ok(())
    }

    fn set_random_seed(&mut self, seed: u32) {
        self.world.set_seed(seed);
    }

    #[pyo3(signature = (seed = false))]
    fn reset(&mut self, seed: bool) -> PyResult<()> {
        self.world.reset(seed).map_err(fault)?;
        self.relearn();
        Ok(())
    }

    fn snapshot(&self) -> PyResult<Archive> {
        Ok(Archive {
            bytes: self.world.save().map_err(fault)?,
        })
    }

    fn load(&mut self, archive: &Archive) -> PyResult<()> {
        let network = Arc::clone(self.world.network());
        self.world = World::restore(network, &archive.bytes).map_err(fault)?;
        self.relearn();
        Ok(())
    }

    fn load_from_file(&mut self, path: &str) -> PyResult<()> {
        let bytes =
            std::fs::read(path).map_err(|error| PyOSError::new_err(format!("{path}: {error}")))?;
        self.load(&Archive { bytes })
    }

    fn set_replay_file(&mut self, replay_file: &str) -> PyResult<()> {
        replay_file.clone_into(&mut self.replay_path);
        if self.replay.is_some() {
            self.open_replay()
        } else {
            Ok(())
        }
    }

    fn set_save_replay(&mut self, open: bool) -> PyResult<()> {
        if !open {
            self.replay = None;
            return Ok(());
        }
        if self.replay.is_none() {
            self.open_replay()
        } else {
            Ok(())
        }
    }

    /// The same world once more, to try a future in.
    fn fork(&self) -> Self {
        Self {
            world: self.world.fork(),
            names: Arc::clone(&self.names),
            vehicles: self.vehicles.clone(),
            vehicle_of: self.vehicle_of.clone(),
            replay_path: String::new(),
            replay: None,
        }
    }

    #[pyo3(signature = (horizon = 3600.0))]
    fn metrics<'py>(&self, py: Python<'py>, horizon: f64) -> PyResult<Bound<'py, PyDict>> {
        let metrics = self.world.metrics(horizon);
        let figures = PyDict::new(py);
        figures.set_item("time", metrics.time)?;
        figures.set_item("att_engine", metrics.att_engine)?;
        figures.set_item("att_lit", metrics.att_lit)?;
        figures.set_item("att_finished", metrics.att_finished)?;
        figures.set_item("vehicles", metrics.vehicles)?;
        figures.set_item("throughput", metrics.throughput)?;
        figures.set_item("running", metrics.running)?;
        figures.set_item("waiting_to_enter", metrics.waiting_to_enter)?;
        figures.set_item("vehicle_updates", metrics.vehicle_updates)?;
        figures.set_item("invalid_flows", metrics.invalid_flows)?;
        figures.set_item("relocated", metrics.relocated)?;
        figures.set_item("distance", metrics.distance)?;
        figures.set_item("time_spent", metrics.time_spent)?;
        Ok(figures)
    }

    /// The phase of each signal.
    fn get_phases(&self) -> HashMap<&str, Option<usize>> {
        let signals = self.world.network().signals.iter().enumerate();
        signals
            .map(|(i, s)| (s.id.as_str(), self.world.phase(SignalId::from(i))))
            .collect()
    }

    /// Shows r, y, g or G to each of a signal's movements.
    fn set_aspects(&mut self, signal_id: &str, aspects: &str) -> PyResult<()> {
        let signal = self.signal(signal_id)?;
        let aspects = aspects
            .chars()
            .map(|letter| match letter {
                'r' => Ok(Aspect::Red),
                'y' => Ok(Aspect::Yellow),
                'g' => Ok(Aspect::Permissive),
                'G' => Ok(Aspect::Protected),
                other => Err(PyValueError::new_err(format!(
                    "{other:?} is not r, y, g or G"
                ))),
            })
            .collect::<PyResult<Vec<_>>>()?;
        self.world.set_aspects(signal, &aspects).map_err(fault)
    }

    fn close_lane(&mut self, lane_id: &str) -> PyResult<()> {
        let lane = self.lane(lane_id)?;
        self.world.close_lane(lane).map_err(fault)
    }

    fn open_lane(&mut self, lane_id: &str) -> PyResult<()> {
        let lane = self.lane(lane_id)?;
        self.world.open_lane(lane).map_err(fault)
    }

    fn set_speed_limit(&mut self, road_id: &str, limit: Option<f64>) -> PyResult<()> {
        let link = self.link(road_id)?;
        self.world.set_speed_limit(link, limit).map_err(fault)
    }

    fn remove_vehicle(&mut self, vehicle_id: &str) -> PyResult<()> {
        let id = self.vehicle(vehicle_id)?;
        self.world.remove_vehicle(id).map_err(fault)
    }
}
