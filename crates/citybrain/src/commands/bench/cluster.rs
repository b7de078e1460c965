//! A cluster for a measurement: scheduler and executors as processes of this program, which end with
//! it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use cluster::Cluster;
use lake::Engine;
use lake::bench::ClusterParameters;

use crate::error::Error;

/// The cluster.
pub(super) struct Started {
    children: Vec<Child>,
    url: String,
    partitions: usize,
}

impl Drop for Started {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill(); // it may have ended by itself
            let _ = child.wait();
        }
    }
}

impl Started {
    /// Starts it over history at `url`, or in `folder`.
    pub(super) fn start(
        parameters: ClusterParameters,
        url: Option<&str>,
        folder: &Path,
    ) -> Result<Self, Error> {
        let mut started = Self {
            children: Vec::new(),
            url: String::new(),
            partitions: parameters.partitions as usize,
        };
        let scheduler = started.child(&["scheduler", "--listen", "127.0.0.1:0"])?;
        scheduler
            .trim_start_matches("scheduler on ")
            .clone_into(&mut started.url);
        let address = started.url.clone();
        let slots = parameters.slots.to_string();
        let data = folder.display().to_string();
        let place = match url {
            Some(url) => ["--set".to_owned(), format!("pool.history={url}")],
            None => ["--data".to_owned(), data],
        };
        for _ in 0..parameters.executors {
            let mut args = vec!["executor", "--scheduler", &address, "--slots", &slots];
            args.extend(place.iter().map(String::as_str));
            started.child(&args)?;
        }
        Ok(started)
    }

    /// Starts a part; what it says when it listens.
    fn child(&mut self, args: &[&str]) -> Result<String, Error> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program)
            .arg("cluster")
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take();
        self.children.push(child);
        let mut line = String::new();
        if let Some(out) = out {
            BufReader::new(out).read_line(&mut line)?;
        }
        if line.is_empty() {
            return Err(Error::Program {
                message: format!("`citybrain cluster {}` did not start", args.join(" ")),
                help: Some("what it says above tells why".to_owned()),
            });
        }
        Ok(line.trim().to_owned())
    }

    /// The way to it.
    pub(super) fn engine(&self) -> Result<Arc<dyn Engine>, Error> {
        let cluster = Cluster::new(&self.url, self.partitions).map_err(Error::internal)?;
        Ok(Arc::new(cluster))
    }
}
