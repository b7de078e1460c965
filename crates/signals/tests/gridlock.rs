//! Where max pressure gridlocks, the look-ahead controller does not: short blocks, 30 % more
//! traffic than max pressure can just bear, and far more than any control could let through.

use std::error::Error;
use std::sync::Arc;

use roads::generate::{GridDemandSpec, GridSpec, Turning, grid, grid_demand};
use signals::{Protocol, Runner, SimPlant, controllers};
use sim::Config;

/// Vehicles in an hour that max pressure can just bear here.
const BORNE: usize = 9_000;
/// The last minutes of the hour, by whose throughput a gridlock is told, seconds.
const LAST: f64 = 600.0;

/// How many of a hundred vehicles that come in the last ten minutes' time leave in it.
fn leave_at_the_end(controller: &str, vehicles: usize) -> Result<f64, Box<dyn Error>> {
    let network = Arc::new(grid(&GridSpec {
        columns: 6,
        rows: 6,
        spacing_x: 100.0,
        spacing_y: 100.0,
        ..GridSpec::default()
    })?);
    let demand = Arc::new(grid_demand(
        &network,
        &GridDemandSpec {
            vehicles,
            seed: 1,
            turning: Turning::Shares {
                straight: 0.6,
                left: 0.2,
                right: 0.2,
            },
            ..GridDemandSpec::default()
        },
    )?);
    let protocol = Protocol::literature();
    let controller = controllers::by_name(controller, &network, &demand, &protocol)?;
    let plant = SimPlant::new(network, demand, Config::default())?;
    let mut runner = Runner::new(plant, controller, &protocol)?;
    let mut throughput = |until: f64| -> Result<f64, Box<dyn Error>> {
        runner.run_until(until)?;
        Ok(runner.plant().world().metrics(until).throughput as f64)
    };
    let before = throughput(protocol.horizon - LAST)?;
    let left = throughput(protocol.horizon)? - before;
    Ok(100.0 * left / (vehicles as f64 * LAST / protocol.horizon))
}

#[test]
fn brain_keeps_traffic_moving_at_130_per_cent_where_max_pressure_gridlocks()
-> Result<(), Box<dyn Error>> {
    let more = BORNE * 13 / 10;
    let borne = leave_at_the_end("max-pressure", BORNE)?;
    assert!(borne > 90.0, "max pressure bears it: {borne:.0} %");
    let stuck = leave_at_the_end("max-pressure", more)?;
    assert!(stuck < 20.0, "max pressure gridlocks: {stuck:.0} %");
    let brain = leave_at_the_end("brain", more)?;
    assert!(brain > 80.0, "{brain:.0} % leave under brain");
    Ok(())
}

#[test]
fn brain_holds_traffic_back_at_the_boundary_before_the_area_is_full() -> Result<(), Box<dyn Error>>
{
    let far_too_many = BORNE * 173 / 100;
    let stuck = leave_at_the_end("advanced-max-pressure", far_too_many)?;
    assert!(
        stuck < 20.0,
        "advanced max pressure gridlocks: {stuck:.0} %"
    );
    let brain = leave_at_the_end("brain", far_too_many)?;
    assert!(brain > 40.0, "{brain:.0} % leave under brain");
    Ok(())
}
