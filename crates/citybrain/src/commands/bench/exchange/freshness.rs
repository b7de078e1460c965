//! How long after an acknowledged update another department's look-up has it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pool::Write;
use pool::exchange::Call;
use tokio::net::TcpStream;

use super::city::{CITY, DEPARTMENTS, PURPOSE, consumer_of, dataset};
use super::client::{TARGET, exchange_once, write_request};
use super::figures::{Latencies, micros};
use super::pool::{Bench, number, records};
use crate::error::Error;

/// An update that is not visible by then never will be.
const PATIENCE: Duration = Duration::from_secs(10);

/// Updates records one after the other, and looks each up over HTTP until it shows.
pub(super) fn measure(
    bench: &Bench,
    address: SocketAddr,
    updates: u64,
) -> Result<Latencies, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    runtime.block_on(async {
        let mut stream = TcpStream::connect(address).await.map_err(Error::internal)?;
        stream.set_nodelay(true).map_err(Error::internal)?;
        let mut latencies = Vec::new();
        for update in 0..updates {
            let provider = update % DEPARTMENTS;
            let version = 1 + update.cast_signed();
            let table = bench.table(provider)?;
            let write = Write {
                batch: records(&table, provider, 0..1, version)?,
                table: Arc::clone(&table),
                deletes: None,
                source: "bench".to_owned(),
                idempotency_key: None,
            };
            bench.pool.write(write).map_err(Error::internal)?;
            let acknowledged = Instant::now();
            while look_up(bench, &mut stream, provider).await? != version {
                if acknowledged.elapsed() > PATIENCE {
                    return Err(Error::internal(format!(
                        "update {update} did not become visible within {PATIENCE:?}"
                    )));
                }
            }
            latencies.push(micros(acknowledged.elapsed()));
        }
        Ok(Latencies::of(latencies))
    })
}

/// The code of the provider's first record.
async fn look_up(bench: &Bench, stream: &mut TcpStream, provider: u64) -> Result<i64, Error> {
    let (mut request, mut answer) = (Vec::new(), Vec::new());
    let body = format!(
        r#"{{"dataset":"{}","key":{{"number":"{}"}},"fields":["code"]}}"#,
        dataset(provider),
        number(0)
    );
    let call = Call {
        method: "POST",
        target: TARGET,
        body: body.as_bytes(),
    };
    let signer = &bench.signers[consumer_of(provider) as usize];
    let token = signer.token(CITY, PURPOSE, None, call, bench.exchange.now());
    write_request(&mut request, TARGET, &token, &body);
    let status = exchange_once(stream, &request, &mut answer)
        .await
        .map_err(Error::internal)?;
    let answer: serde_json::Value = serde_json::from_slice(&answer).map_err(Error::internal)?;
    if status != 200 {
        return Err(Error::internal(format!(
            "a look-up was answered with {status}: {answer}"
        )));
    }
    answer["records"][0]["values"]["code"]
        .as_i64()
        .ok_or_else(|| Error::internal(format!("no code in {answer}")))
}
