//! What is really on the street, for sensors to take their samples of. No controller ever sees it.

/// A vehicle with an identity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SceneVehicle {
    /// Which vehicle, the same for its whole life. Only sensors use it: a probe stays a probe, and
    /// what a detector has missed does not come back a second later.
    pub vehicle: u64,
    /// Distance from its front to the end of its lane, metres.
    pub to_stop_line: f64,
    /// Speed, m/s.
    pub speed: f64,
    /// Length, metres.
    pub length: f64,
}

/// All vehicles on lanes at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Lane by lane, front to back.
    pub vehicles: Vec<SceneVehicle>,
    /// Per lane, where its vehicles start in `vehicles`, and one past the last at the end.
    pub first_vehicle: Vec<u32>,
}

impl Scene {
    /// Forgets everything, ready for lanes to be added with [`Scene::lane`].
    pub fn clear(&mut self) {
        self.vehicles.clear();
        self.first_vehicle.clear();
        self.first_vehicle.push(0);
    }

    /// Adds the next lane with its vehicles, front to back.
    pub fn lane(&mut self, vehicles: impl IntoIterator<Item = SceneVehicle>) {
        self.vehicles.extend(vehicles);
        self.first_vehicle.push(self.vehicles.len() as u32);
    }

    /// Vehicles of a lane, front to back.
    pub fn on(&self, lane: usize) -> &[SceneVehicle] {
        match (
            self.first_vehicle.get(lane),
            self.first_vehicle.get(lane + 1),
        ) {
            (Some(&start), Some(&end)) => &self.vehicles[start as usize..end as usize],
            _ => &[],
        }
    }
}
