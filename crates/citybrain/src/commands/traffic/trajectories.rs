//! Trajectories as a Parquet file: where every vehicle is at every step.
//!
//! Rows are written in groups while the simulation runs, into `<name>.partial`, which takes its
//! own name only when it is whole. So a killed run leaves no file that looks finished.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use roads::{Network, Point, geometry};
use sim::{Place, VehicleView, World};

use crate::error::Error;
use crate::output::Output;

/// Rows in a group. Large enough to compress well, small enough to hold in memory: 15 MB.
const GROUP_ROWS: usize = 1 << 17;

const SCHEMA: &str = "
    message trajectories {
        REQUIRED DOUBLE time;
        REQUIRED BINARY vehicle (UTF8);
        REQUIRED BINARY place (UTF8);
        REQUIRED BINARY name (UTF8);
        REQUIRED DOUBLE distance;
        REQUIRED DOUBLE speed;
        REQUIRED FLOAT x;
        REQUIRED FLOAT y;
    }";

/// A trajectory file that is being written.
pub(super) struct Trajectories {
    writer: SerializedFileWriter<BufWriter<File>>,
    output: Output,
    network: Arc<Network>,
    lanes: Vec<ByteArray>,
    movements: Vec<ByteArray>,
    on_lane: ByteArray,
    in_junction: ByteArray,
    vehicles: Vec<Option<ByteArray>>,
    rows: Rows,
    written: u64,
}

/// Rows that wait to be written, by column.
#[derive(Default)]
struct Rows {
    time: Vec<f64>,
    vehicle: Vec<ByteArray>,
    place: Vec<ByteArray>,
    name: Vec<ByteArray>,
    distance: Vec<f64>,
    speed: Vec<f64>,
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Rows {
    fn clear(&mut self) {
        self.time.clear();
        self.vehicle.clear();
        self.place.clear();
        self.name.clear();
        self.distance.clear();
        self.speed.clear();
        self.x.clear();
        self.y.clear();
    }
}

impl Trajectories {
    /// Starts a file. `about` is kept in it as metadata.
    pub(super) fn create(
        path: &Path,
        network: &Arc<Network>,
        about: &[(&str, String)],
    ) -> Result<Self, Error> {
        let output = Output::new(path);
        let wrong = |error| Error::output(output.partial(), error);
        let file = File::create(output.partial()).map_err(wrong)?;
        let schema = parse_message_type(SCHEMA).map_err(Error::internal)?;
        let about = about
            .iter()
            .map(|(key, value)| KeyValue::new(format!("citybrain.{key}"), value.clone()))
            .collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_key_value_metadata(Some(about));
        // Measurements hardly repeat: a dictionary would only be built to be thrown away.
        let properties =
            ["distance", "speed", "x", "y"]
                .into_iter()
                .fold(properties, |properties, column| {
                    properties.set_column_dictionary_enabled(ColumnPath::from(column), false)
                });
        let writer = SerializedFileWriter::new(
            BufWriter::new(file),
            Arc::new(schema),
            Arc::new(properties.build()),
        )
        .map_err(|error| Error::output(output.partial(), error))?;
        let bytes = |name: String| ByteArray::from(name.into_bytes());
        Ok(Self {
            writer,
            output,
            network: Arc::clone(network),
            lanes: (0..network.lanes.len())
                .map(|lane| bytes(network.lane_name(lane.into())))
                .collect(),
            movements: (0..network.movements.len())
                .map(|movement| bytes(network.movement_name(movement.into())))
                .collect(),
            on_lane: ByteArray::from("lane"),
            in_junction: ByteArray::from("movement"),
            vehicles: Vec::new(),
            rows: Rows::default(),
            written: 0,
        })
    }

    /// Writes down where every vehicle is.
    pub(super) fn record(&mut self, world: &World) -> Result<(), Error> {
        let time = world.time();
        for vehicle in world.vehicles().filter(|vehicle| !vehicle.shadow) {
            let index = vehicle.id.0 as usize;
            if index >= self.vehicles.len() {
                self.vehicles.resize(index + 1, None);
            }
            let name = self.vehicles[index]
                .get_or_insert_with(|| ByteArray::from(world.vehicle_name(vehicle.id).into_bytes()))
                .clone();
            self.push(time, name, &vehicle);
            if self.rows.time.len() >= GROUP_ROWS {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn push(&mut self, time: f64, name: ByteArray, vehicle: &VehicleView) {
        let (place, of, shape, length) = match vehicle.place {
            Place::Lane(id) => {
                let lane = &self.network.lanes[id.index()];
                (
                    &self.on_lane,
                    &self.lanes[id.index()],
                    &lane.shape,
                    lane.length,
                )
            }
            Place::Movement(id) => {
                let movement = &self.network.movements[id.index()];
                (
                    &self.in_junction,
                    &self.movements[id.index()],
                    &movement.shape,
                    movement.length,
                )
            }
        };
        let point = position(shape, length, vehicle.distance, vehicle.lateral);
        let rows = &mut self.rows;
        rows.time.push(time);
        rows.vehicle.push(name);
        rows.place.push(place.clone());
        rows.name.push(of.clone());
        rows.distance.push(vehicle.distance);
        rows.speed.push(vehicle.speed);
        rows.x.push(point.x as f32);
        rows.y.push(point.y as f32);
    }

    /// Writes the rows that wait as a group.
    fn flush(&mut self) -> Result<(), Error> {
        if self.rows.time.is_empty() {
            return Ok(());
        }
        write_group(&mut self.writer, &self.rows)
            .map_err(|error| Error::output(self.output.partial(), error))?;
        self.written += self.rows.time.len() as u64;
        self.rows.clear();
        Ok(())
    }

    /// Completes the file and gives it its name. Returns the number of rows.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        self.flush()?;
        self.writer
            .close()
            .map_err(|error| Error::output(self.output.partial(), error))?;
        self.output
            .finish()
            .map_err(|error| Error::output(self.output.partial(), error))?;
        Ok(self.written)
    }
}

/// The point at a distance along a shape whose stated length may differ from its drawn one,
/// shifted outwards (to the right) by `lateral`.
fn position(shape: &[Point], length: f64, distance: f64, lateral: f64) -> Point {
    let drawn = geometry::length(shape);
    let along = if length > 0.0 {
        distance * drawn / length
    } else {
        0.0
    };
    let point = geometry::point_at(shape, along);
    if lateral == 0.0 {
        return point;
    }
    let ahead = geometry::direction_at(shape, along);
    Point::new(point.x + ahead.y * lateral, point.y - ahead.x * lateral)
}

fn write_group(
    writer: &mut SerializedFileWriter<BufWriter<File>>,
    rows: &Rows,
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    write_column::<DoubleType>(&mut group, &rows.time)?;
    write_column::<ByteArrayType>(&mut group, &rows.vehicle)?;
    write_column::<ByteArrayType>(&mut group, &rows.place)?;
    write_column::<ByteArrayType>(&mut group, &rows.name)?;
    write_column::<DoubleType>(&mut group, &rows.distance)?;
    write_column::<DoubleType>(&mut group, &rows.speed)?;
    write_column::<FloatType>(&mut group, &rows.x)?;
    write_column::<FloatType>(&mut group, &rows.y)?;
    group.close()?;
    Ok(())
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(
            "the schema has too few columns".to_owned(),
        ));
    };
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_scaled_to_the_stated_length_and_shifted_outwards() {
        let shape = [Point::new(0.0, 0.0), Point::new(10.0, 0.0)];
        let point = position(&shape, 20.0, 10.0, 2.0);
        assert!(
            (point.x - 5.0).abs() < 1e-9 && (point.y + 2.0).abs() < 1e-9,
            "{point:?}"
        );
    }
}
