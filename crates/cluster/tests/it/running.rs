//! A scheduler and executors that run while a test does.

use std::net::SocketAddr;
use std::sync::Arc;

use cluster::{Cluster, ExecutorOptions, SchedulerOptions, execute, schedule};
use lake::Engine;
use pool::HistoryUrl;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Tasks into which stages are cut: more than there are slots.
const PARTITIONS: usize = 4;

/// A cluster. It ends with the test's process.
pub(crate) struct Running {
    pub(crate) engine: Arc<dyn Engine>,
    _work: Vec<TempDir>,
}

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub(crate) async fn running(history: &HistoryUrl, executors: usize) -> Running {
    let (ready, address) = oneshot::channel();
    let options = SchedulerOptions::new(here());
    tokio::spawn(async move {
        let ready = |address| ready.send(address).unwrap();
        schedule(options, ready, std::future::pending())
            .await
            .unwrap();
    });
    let url = format!("http://{}", address.await.unwrap());
    let work: Vec<TempDir> = (0..executors)
        .map(|_| tempfile::tempdir().unwrap())
        .collect();
    for work in &work {
        let options = ExecutorOptions {
            scheduler: url.clone(),
            listen: here(),
            advertise: None,
            slots: 1,
            memory_bytes: 1 << 30,
            work_dir: work.path().to_owned(),
            history: history.clone(),
        };
        tokio::spawn(async move { execute(options, |_| {}).await.unwrap() });
    }
    Running {
        engine: Arc::new(Cluster::new(&url, PARTITIONS).unwrap()),
        _work: work,
    }
}
