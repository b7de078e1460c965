//! History on an S3-compatible store: SeaweedFS, from its package on PyPI.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lake::{Feed, Keeper, KeeperOptions, Lake};
use pool::HistoryUrl;

use crate::support::{SECRET, answer, person, persons, program, town, who};

/// A server that ends with the test.
struct Weed {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Weed {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn weed() -> Option<Weed> {
    let Some(weed) = program("weed") else {
        println!("skipped: there is no SeaweedFS (script/setup test installs it)");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    // Each part has a second port, ten thousand above, unless it is told.
    let ports: Vec<u16> = (0..7).map(|_| free_port()).collect();
    let flag = |name: &str, at: usize| format!("-{name}={}", ports[at]);
    let child = Command::new(weed)
        .arg("server")
        .arg(format!("-dir={}", folder.path().display()))
        .args([
            "-ip=127.0.0.1",
            "-s3",
            "-filer",
            "-volume.max=20",
            "-master.volumeSizeLimitMB=64",
        ])
        .arg(format!("-s3.port={port}"))
        .args([
            flag("master.port", 0),
            flag("master.port.grpc", 1),
            flag("volume.port", 2),
            flag("volume.port.grpc", 3),
            flag("filer.port", 4),
            flag("filer.port.grpc", 5),
            flag("s3.port.grpc", 6),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Some(Weed {
        child,
        port,
        _folder: folder,
    })
}

/// Makes the bucket as soon as the server answers.
async fn bucket(port: u16) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let until = Instant::now() + Duration::from_mins(1);
    while Instant::now() < until {
        if let Ok(mut stream) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await {
            let request = format!(
                "PUT /history HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let mut text = String::new();
            if stream.write_all(request.as_bytes()).await.is_ok()
                && stream.read_to_string(&mut text).await.is_ok()
                && text.starts_with("HTTP/1.1 200")
            {
                return true;
            }
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn history_lies_on_seaweedfs() {
    let Some(weed) = weed() else {
        return;
    };
    assert!(
        bucket(weed.port).await,
        "SeaweedFS did not take a bucket within a minute"
    );
    let option = |key: &str, value: String| (key.to_owned(), value);
    let history = HistoryUrl::Store {
        url: "s3://history/town".to_owned(),
        options: vec![
            option("aws_endpoint", format!("http://127.0.0.1:{}", weed.port)),
            option("aws_access_key_id", "any".to_owned()),
            option("aws_secret_access_key", "any".to_owned()),
            option("aws_region", "us-east-1".to_owned()),
            option("aws_allow_http", "true".to_owned()),
        ],
    };
    let town = town().await;
    let table = town.table("persons");
    let open = async || {
        let lake = Lake::open(&history, town.feed.tables(), SECRET)
            .await
            .unwrap();
        let keeper = Keeper::new(
            Arc::clone(&lake),
            Arc::clone(&town.feed) as Arc<dyn Feed>,
            KeeperOptions::default(),
        )
        .unwrap();
        (lake, keeper)
    };
    let (lake, mut keeper) = open().await;
    let people: Vec<_> = (0..50)
        .map(|at| person(&format!("P{at:02}"), "xihu", at))
        .collect();
    town.feed
        .write("persons", persons(&table, &people), &[true; 50]);
    keeper.flush().await.unwrap();
    town.feed
        .write("persons", persons(&table, &people[..5]), &[false; 5]);
    keeper.flush().await.unwrap();
    let question = "SELECT count(*), min(number), sum(points) FROM persons";
    let before = answer(
        &lake.session(who("civil-affairs"), vec![]).await.unwrap(),
        question,
    )
    .await;
    assert!(before.contains("| 45       | P05"), "{before}");
    drop((lake, keeper));
    let (lake, mut keeper) = open().await;
    keeper.flush().await.unwrap();
    assert_eq!(
        answer(
            &lake.session(who("civil-affairs"), vec![]).await.unwrap(),
            question
        )
        .await,
        before
    );
}
