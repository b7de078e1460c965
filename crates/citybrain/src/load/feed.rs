//! Positions of vehicles out of NATS, handed to the server's matcher: taken first, acknowledged
//! then, so that a process that is killed loses none that it had acknowledged as taken.

use std::sync::Arc;
use std::time::Duration;

use ::pool::ingest::Error;
use ::pool::sources::nats::{Durable, Subscriber, Subscription};
use server::{Door, Feed, Message};

use crate::settings::Probes;

/// How long it rests before it connects again.
const RECONNECT_AFTER: Duration = Duration::from_secs(2);

/// A subject of a NATS server.
struct Nats {
    subscription: Subscription,
}

/// What the options name, if they name something.
pub(crate) fn of(options: &Probes) -> Vec<Arc<dyn Feed>> {
    if options.nats.is_empty() {
        return Vec::new();
    }
    let durable = (!options.stream.is_empty()).then(|| Durable {
        stream: options.stream.clone(),
        consumer: options.consumer.clone(),
        replay: Duration::from_secs_f64(options.replay),
    });
    vec![Arc::new(Nats {
        subscription: Subscription {
            url: options.nats.clone(),
            subject: options.subject.clone(),
            durable,
        },
    })]
}

impl Feed for Nats {
    fn name(&self) -> String {
        let Subscription {
            subject, durable, ..
        } = &self.subscription;
        let server = self.subscription.server();
        match durable {
            Some(durable) => format!("{server} {subject} ({})", durable.stream),
            None => format!("{server} {subject}"),
        }
    }

    fn run(&self, door: &Door) {
        let mut begins = true;
        while !door.is_stopping() {
            let followed = Subscriber::open(&self.subscription, begins)
                .and_then(|subscriber| follow(subscriber, door, &mut begins));
            if let Err(error) = followed {
                let error = told(&error, &self.subscription);
                tracing::warn!(error, "no positions come; it is tried again");
                door.disconnected(&error);
                door.rest(RECONNECT_AFTER);
            }
        }
    }
}

/// Takes what comes until the server stops. `begins` turns false once what is to be read again at
/// the start has been.
fn follow(mut subscriber: Subscriber, door: &Door, begins: &mut bool) -> Result<(), Error> {
    door.connected();
    let mut lost = 0;
    while !door.is_stopping() {
        let messages = subscriber.receive()?;
        let now = subscriber.dropped();
        door.lost(now - lost);
        lost = now;
        if !messages.is_empty() {
            let bodies = messages.iter().map(|one| Message {
                number: one.sequence,
                body: &one.body,
            });
            door.take(&bodies.collect::<Vec<_>>());
            subscriber.acknowledge(&messages)?;
        }
        *begins &= subscriber.is_behind();
    }
    Ok(())
}

/// What is wrong, with what would help.
fn told(error: &Error, subscription: &Subscription) -> String {
    let text = error.to_string();
    let lower = text.to_lowercase();
    let jetstream = lower.contains("jetstream") || lower.contains("no responders");
    if subscription.durable.is_some() && jetstream {
        return format!(
            "{text}; start the server with JetStream (nats-server -js), or leave the option probes.stream empty"
        );
    }
    text
}
