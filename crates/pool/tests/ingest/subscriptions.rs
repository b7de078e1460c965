//! Messages for who keeps what they say in memory only: taken in order, acknowledged after, and
//! read again after a start.

use std::time::{Duration, Instant};

use async_nats::jetstream::stream::{Config, RetentionPolicy};
use bytes::Bytes;
use pool::sources::nats::{Durable, Received, Subscriber, Subscription};

use crate::messages::{Server, server_with, wait};

fn subscription(server: &Server, replay: Duration) -> Subscription {
    Subscription {
        url: server.url.clone(),
        subject: "probes.>".into(),
        durable: Some(Durable {
            stream: "PROBES".into(),
            consumer: "here".into(),
            replay,
        }),
    }
}

fn make_stream(server: &Server, retention: RetentionPolicy) {
    wait(async {
        let client = async_nats::connect(&server.url).await.unwrap();
        let config = Config {
            name: "PROBES".into(),
            subjects: vec!["probes.>".into()],
            retention,
            ..Default::default()
        };
        let stream = async_nats::jetstream::new(client);
        stream.create_stream(config).await.unwrap();
    });
}

/// Publishes messages of these bodies, confirmed.
fn publish(server: &Server, bodies: impl IntoIterator<Item = String>) {
    let bodies: Vec<String> = bodies.into_iter().collect();
    wait(async {
        let client = async_nats::connect(&server.url).await.unwrap();
        let stream = async_nats::jetstream::new(client);
        for body in bodies {
            let sent = stream.publish("probes.taxi", Bytes::from(body)).await;
            sent.unwrap().await.unwrap();
        }
    });
}

/// Takes until so many have come.
fn take(subscriber: &mut Subscriber, count: usize) -> Vec<Received> {
    let begun = Instant::now();
    let mut taken = Vec::new();
    while taken.len() < count {
        assert!(begun.elapsed() < Duration::from_secs(30), "{taken:?}");
        taken.extend(subscriber.receive().unwrap());
    }
    assert!(subscriber.receive().unwrap().is_empty(), "no more come");
    taken
}

fn bodies(messages: &[Received]) -> Vec<String> {
    let text = |one: &Received| String::from_utf8(one.body.to_vec()).unwrap();
    messages.iter().map(text).collect()
}

fn numbered(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("message {number}")).collect()
}

#[test]
fn what_was_not_acknowledged_comes_again_at_once_and_before_what_is_new() {
    let Some(server) = server_with(&[]) else {
        return;
    };
    let subscription = subscription(&server, Duration::ZERO);
    let mut first = Subscriber::open(&subscription, true).unwrap();
    publish(&server, numbered(0..4));
    let taken = take(&mut first, 4);
    assert_eq!(bodies(&taken), numbered(0..4));
    assert_eq!(taken[3].sequence, Some(4));
    first.acknowledge(&taken[..2]).unwrap();
    drop(first); // as if it were killed: two were taken and not acknowledged
    publish(&server, numbered(4..6));
    let mut second = Subscriber::open(&subscription, true).unwrap();
    let again = take(&mut second, 4);
    assert_eq!(bodies(&again), numbered(2..6));
    second.acknowledge(&again).unwrap();
    drop(second);
    let mut third = Subscriber::open(&subscription, true).unwrap();
    assert!(take(&mut third, 0).is_empty());
}

#[test]
fn a_stream_that_keeps_messages_only_for_who_waits_gives_them_in_order_too() {
    let Some(server) = server_with(&[]) else {
        return;
    };
    make_stream(&server, RetentionPolicy::Interest);
    let subscription = subscription(&server, Duration::from_mins(5));
    let mut first = Subscriber::open(&subscription, true).unwrap();
    publish(&server, numbered(0..4));
    let taken = take(&mut first, 4);
    first.acknowledge(&taken[..1]).unwrap();
    drop(first);
    publish(&server, numbered(4..6));
    let mut second = Subscriber::open(&subscription, true).unwrap();
    assert!(second.is_behind());
    assert_eq!(bodies(&take(&mut second, 5)), numbered(1..6));
    assert!(!second.is_behind());
}

#[test]
fn what_was_acknowledged_is_read_again_as_far_back_as_is_asked_for() {
    let Some(server) = server_with(&[]) else {
        return;
    };
    let minutes = Duration::from_mins(5);
    let mut first = Subscriber::open(&subscription(&server, minutes), true).unwrap();
    publish(&server, numbered(0..3));
    let taken = take(&mut first, 3);
    first.acknowledge(&taken).unwrap();
    drop(first);
    publish(&server, numbered(3..5));
    // A process that goes on has it all in memory.
    let mut goes_on = Subscriber::open(&subscription(&server, minutes), false).unwrap();
    let new = take(&mut goes_on, 2);
    assert_eq!(bodies(&new), numbered(3..5));
    goes_on.acknowledge(&new).unwrap();
    drop(goes_on);
    let mut begins = Subscriber::open(&subscription(&server, minutes), true).unwrap();
    assert_eq!(bodies(&take(&mut begins, 5)), numbered(0..5));
    drop(begins);
    let mut nothing = Subscriber::open(&subscription(&server, Duration::ZERO), true).unwrap();
    assert!(take(&mut nothing, 0).is_empty());
}

#[test]
fn a_work_queue_gives_each_message_until_it_is_acknowledged() {
    let Some(server) = server_with(&[]) else {
        return;
    };
    make_stream(&server, RetentionPolicy::WorkQueue);
    let subscription = subscription(&server, Duration::from_mins(5));
    publish(&server, numbered(0..3));
    let mut first = Subscriber::open(&subscription, true).unwrap();
    let taken = take(&mut first, 3);
    first.acknowledge(&taken[..1]).unwrap();
    drop(first);
    publish(&server, numbered(3..4));
    let mut second = Subscriber::open(&subscription, true).unwrap();
    assert_eq!(bodies(&take(&mut second, 3)), numbered(1..4));
}

#[test]
fn a_consumer_of_another_subject_is_not_taken_for_ours() {
    let Some(server) = server_with(&[]) else {
        return;
    };
    let mut subscription = subscription(&server, Duration::ZERO);
    drop(Subscriber::open(&subscription, true).unwrap());
    subscription.subject = "probes.taxi".into();
    let error = Subscriber::open(&subscription, true).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("probes.>") && text.contains("name another"),
        "{text}"
    );
}

#[test]
fn a_message_larger_than_a_batch_comes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nats.conf");
    std::fs::write(&file, "max_payload: 16MB\n").unwrap();
    let Some(server) = server_with(&["-c", file.to_str().unwrap()]) else {
        return;
    };
    let mut subscriber = Subscriber::open(&subscription(&server, Duration::ZERO), true).unwrap();
    let large = "x".repeat(9 << 20);
    publish(
        &server,
        ["small".to_owned(), large.clone(), "last".to_owned()],
    );
    let taken = take(&mut subscriber, 3);
    assert_eq!(
        bodies(&taken),
        ["small".to_owned(), large, "last".to_owned()]
    );
    subscriber.acknowledge(&taken).unwrap();
}

#[test]
fn a_plain_subject_gives_what_comes_while_somebody_listens() {
    let Some(server) = server_with(&[]) else {
        return;
    };
    let subscription = Subscription {
        durable: None,
        ..subscription(&server, Duration::ZERO)
    };
    let send = |from: u32, until: u32| {
        wait(async {
            let client = async_nats::connect(&server.url).await.unwrap();
            for body in numbered(from..until) {
                client.publish("probes.bus", body.into()).await.unwrap();
            }
            client.flush().await.unwrap();
        });
    };
    send(0, 2);
    let mut subscriber = Subscriber::open(&subscription, true).unwrap();
    subscriber.receive().unwrap(); // it listens by now
    send(2, 4);
    let taken = take(&mut subscriber, 2);
    assert_eq!(bodies(&taken), numbered(2..4));
    assert_eq!(taken[0].sequence, None);
    subscriber.acknowledge(&taken).unwrap();
    // Faster than they are taken: what is lost is counted.
    send(0, 10_000);
    let mut kept = 0;
    loop {
        let some = subscriber.receive().unwrap();
        if some.is_empty() {
            break;
        }
        kept += some.len() as u64;
    }
    assert!(subscriber.dropped() > 0, "{kept} were kept");
    assert!(kept + subscriber.dropped() <= 10_000);
}

#[test]
fn the_user_and_password_of_an_address_are_shown_to_the_server_and_to_nobody_else() {
    let Some(server) = server_with(&["--user", "brain", "--pass", "50%+here"]) else {
        return;
    };
    let mut subscription = subscription(&server, Duration::ZERO);
    assert!(Subscriber::open(&subscription, true).is_err());
    let named = |user: &str| server.url.replace("nats://", &format!("nats://{user}@"));
    subscription.url = named("brain:50%25+h%65re");
    assert_eq!(subscription.server(), named("brain"));
    Subscriber::open(&subscription, true).unwrap();
    subscription.url = named("brain:wrong");
    let error = Subscriber::open(&subscription, true).unwrap_err();
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[test]
fn a_server_that_is_gone_is_an_error_and_nothing_is_left_out_after() {
    let Some(server) = server_with(&[]) else {
        return;
    };
    let subscription = subscription(&server, Duration::ZERO);
    let mut subscriber = Subscriber::open(&subscription, true).unwrap();
    publish(&server, numbered(0..2));
    assert_eq!(take(&mut subscriber, 2).len(), 2);
    drop(server);
    let begun = Instant::now();
    while subscriber.receive().is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody noticed");
    }
    assert!(Subscriber::open(&subscription, false).is_err());
}
