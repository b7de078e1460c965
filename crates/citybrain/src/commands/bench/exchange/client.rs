//! The load generator: connections that are kept, each with one request at a time, each request
//! with a token of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use pool::exchange::{Call, Exchange, Signer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::city::{CITY, PURPOSE, consumer_of, dataset};
use super::figures::micros;
use super::pool::{Bench, evidence_sum};
use crate::cli::bench_exchange::ExchangeArgs;
use crate::error::Error;

/// Where look-ups go.
pub(super) const TARGET: &str = "/exchange/v1/look-up";
/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What came of some requests.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) latencies_us: Vec<f32>,
    /// Answers of 200.
    pub(super) answered: u64,
    /// Other answers.
    pub(super) errors: u64,
    /// A sum over the hashes of the tokens that were answered.
    pub(super) evidence: u64,
}

/// What the connections share.
struct Shared {
    next: AtomicU64,
    until: u64,
    exchange: Arc<Exchange>,
    signers: Vec<Arc<Signer>>,
    targets: Vec<(u64, String)>,
}

/// Targets that are worked out beforehand, and gone through again and again.
const TARGETS: u64 = 1 << 16;

/// Sends so many requests.
pub(super) fn run(
    bench: &Bench,
    address: SocketAddr,
    args: &ExchangeArgs,
    requests: u64,
) -> Result<Run, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.client_threads as usize)
        .thread_name("bench-client")
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let shared = Arc::new(Shared {
        next: AtomicU64::new(0),
        until: requests,
        exchange: Arc::clone(&bench.exchange),
        signers: bench.signers.clone(),
        targets: (0..TARGETS.min(requests.max(1)))
            .map(|call| bench.target(call))
            .collect(),
    });
    let all = runtime.block_on(async {
        let connections: Vec<_> = (0..args.connections)
            .map(|_| tokio::spawn(connection(address, Arc::clone(&shared))))
            .collect();
        let mut all = Run::default();
        for connection in connections {
            let run = connection.await.map_err(io::Error::other)??;
            all.latencies_us.extend(run.latencies_us);
            all.answered += run.answered;
            all.errors += run.errors;
            all.evidence = all.evidence.wrapping_add(run.evidence);
        }
        Ok::<_, io::Error>(all)
    });
    all.map_err(Error::internal)
}

async fn connection(address: SocketAddr, shared: Arc<Shared>) -> io::Result<Run> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut run, mut request, mut answer) = (Run::default(), Vec::new(), Vec::new());
    loop {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if number >= shared.until {
            return Ok(run);
        }
        let (provider, record) = &shared.targets[(number % shared.targets.len() as u64) as usize];
        let body = format!(
            r#"{{"dataset":"{}","key":{{"number":"{record}"}}}}"#,
            dataset(*provider)
        );
        let signer = &shared.signers[consumer_of(*provider) as usize];
        let call = Call {
            method: "POST",
            target: TARGET,
            body: body.as_bytes(),
        };
        let token = signer.token(CITY, PURPOSE, Some("case-1"), call, shared.exchange.now());
        write_request(&mut request, TARGET, &token, &body);
        let began = Instant::now();
        let status = exchange_once(&mut stream, &request, &mut answer).await?;
        run.latencies_us.push(micros(began.elapsed()));
        if status == 200 {
            run.answered += 1;
            run.evidence = run
                .evidence
                .wrapping_add(evidence_sum(&pool::exchange::evidence_of(&token)));
        } else {
            run.errors += 1;
            if run.errors == 1 {
                tracing::error!(status, answer = %String::from_utf8_lossy(&answer), "a look-up was not answered");
            }
        }
    }
}

/// Writes a request into `request`.
pub(super) fn write_request(request: &mut Vec<u8>, target: &str, token: &str, body: &str) {
    request.clear();
    for part in [
        "POST ",
        target,
        " HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer ",
        token,
        "\r\ncontent-length: ",
        &body.len().to_string(),
        "\r\n\r\n",
        body,
    ] {
        request.extend_from_slice(part.as_bytes());
    }
}

/// Sends a request and reads its answer, whose body is then in `answer`; gives the status.
pub(super) async fn exchange_once(
    stream: &mut TcpStream,
    request: &[u8],
    answer: &mut Vec<u8>,
) -> io::Result<u16> {
    stream.write_all(request).await?;
    answer.clear();
    let mut head = None;
    loop {
        if head.is_none()
            && let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            head = Some(parse_head(&answer[..end])?);
            answer.drain(..end + 4);
        }
        match head {
            Some((status, length)) if answer.len() >= length => return Ok(status),
            _ if answer.len() > ANSWER_BYTES_MAX => {
                return Err(io::Error::other("the answer is too long"));
            }
            _ => {}
        }
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Status and length of an answer.
fn parse_head(head: &[u8]) -> io::Result<(u16, usize)> {
    let wrong = || io::Error::other("the answer is not HTTP");
    let head = std::str::from_utf8(head).map_err(io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or_else(wrong)?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    Ok((status, length.ok_or_else(wrong)?))
}
