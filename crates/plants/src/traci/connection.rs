//! One connection to SUMO: messages out, answers in, a deadline for each, nothing lost when an
//! answer is late and comes after all.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::codec::{Reader, Value, Writer};
use super::names::{self, Domain};
use crate::clock::Deadline;
use crate::error::Error;

/// Longest message that is taken, bytes. A hundred thousand vehicles with four variables each take
/// about ten million.
const MESSAGE_MAX: usize = 256 << 20;
/// How long a first answer is waited for before it is asked again whether there is any use in it.
const GLANCE: Duration = Duration::from_millis(200);
/// How long to rest between two tries to connect.
const RETRY: Duration = Duration::from_millis(20);
/// Versions of the interface that are spoken.
const VERSIONS: std::ops::RangeInclusive<i32> = 20..=22;

/// A command within a message.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// Sets a variable.
    Set(Domain, u8, String, Value),
    /// Tells of variables after every step from now on.
    Subscribe(Domain, String, &'static [u8]),
    /// Simulates a step.
    Step,
}

/// What a subscription tells: of an object, variable by variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// What the answer is headed by ([`Domain::subscribed`]).
    pub(crate) domain: u8,
    /// The object.
    pub(crate) id: String,
    /// Variables with their values.
    pub(crate) values: Vec<(u8, Value)>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// How long an answer may take.
    patience: Duration,
    writer: Writer,
    /// What has come of the answer.
    inbox: Vec<u8>,
    /// The commands of the message that is under way.
    expected: Vec<Expected>,
}

/// What a command is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    command: u8,
    answer: AnswerKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerKind {
    Status,
    Subscription,
    Step,
}

impl Connection {
    /// Connects to SUMO on this machine and agrees on a version. `alive` says whether there is any
    /// use in trying on.
    pub(crate) fn open(
        port: u16,
        patience: Duration,
        mut alive: impl FnMut() -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let deadline = Deadline::after(patience);
        let stream = loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                Ok(stream) if !is_own(&stream) => break stream,
                _ if deadline.left().is_some() => {
                    alive()?;
                    std::thread::sleep(RETRY);
                }
                _ => {
                    return Err(Error::Late {
                        who: "SUMO".to_owned(),
                        waited: deadline.waited(),
                    });
                }
            }
        };
        stream.set_nodelay(true).map_err(|error| gone(&error))?;
        let mut connection = Self {
            stream,
            patience,
            writer: Writer::default(),
            inbox: Vec::new(),
            expected: Vec::new(),
        };
        connection.check_version(&deadline, alive)?;
        Ok(connection)
    }

    /// Sets how long an answer may take.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Whoever listens may be another than we believe, who never answers us, so `alive` is asked
    /// again and again.
    fn check_version(
        &mut self,
        deadline: &Deadline,
        mut alive: impl FnMut() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let patience = std::mem::replace(&mut self.patience, GLANCE);
        self.writer.command(names::GET_VERSION, |_| {});
        let mut answer = self.exchange();
        while answer.as_ref().is_err_and(Error::is_late) && deadline.left().is_some() {
            alive()?;
            answer = self.receive();
        }
        self.patience = patience;
        let answer = answer?;
        let mut reader = Reader::new(&answer);
        status(&mut reader, names::GET_VERSION)?;
        let mut command = reader.command()?;
        command.byte()?;
        let (version, program) = (command.integer()?, command.text()?);
        if VERSIONS.contains(&version) {
            Ok(())
        } else {
            Err(Error::Mismatch(format!(
                "{program} speaks version {version} of TraCI; versions {} to {} are understood",
                VERSIONS.start(),
                VERSIONS.end()
            )))
        }
    }

    /// Asks for a variable.
    pub(crate) fn get(&mut self, domain: Domain, variable: u8, id: &str) -> Result<Value, Error> {
        let number = domain.get();
        self.writer.command(number, |inner| {
            inner.byte(variable).text(id);
        });
        let answer = self.exchange()?;
        let mut reader = Reader::new(&answer);
        status(&mut reader, number)?;
        let mut command = reader.command()?;
        let head = (command.byte()?, command.byte()?, command.text()?);
        if head.0 != number + 0x10 || head.1 != variable || head.2 != id {
            return Err(malformed("the answer to another question"));
        }
        command.value()
    }

    /// Sends commands in one message and hands over what the subscriptions tell.
    ///
    /// # Errors
    /// When an answer is late, [`Error::Late`]; then [`Connection::resume`] waits for it again.
    pub(crate) fn send(&mut self, asks: &[Ask]) -> Result<Vec<Told>, Error> {
        for ask in asks {
            let (command, answer) = match ask {
                Ask::Set(domain, variable, id, value) => {
                    self.writer.command(domain.set(), |inner| {
                        inner.byte(*variable).text(id).value(value);
                    });
                    (domain.set(), AnswerKind::Status)
                }
                Ask::Subscribe(domain, id, variables) => {
                    self.writer.command(domain.subscribe(), |inner| {
                        // From the beginning to the end of time.
                        inner
                            .double(-1_073_741_824.0)
                            .double(-1_073_741_824.0)
                            .text(id);
                        inner.byte(variables.len() as u8);
                        for &variable in *variables {
                            inner.byte(variable);
                        }
                    });
                    (domain.subscribe(), AnswerKind::Subscription)
                }
                Ask::Step => {
                    self.writer.command(names::SIMULATION_STEP, |inner| {
                        inner.double(0.0);
                    });
                    (names::SIMULATION_STEP, AnswerKind::Step)
                }
            };
            self.expected.push(Expected { command, answer });
        }
        if self.expected.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.exchange()?;
        self.understand(&answer)
    }

    /// Whether an answer is still to come.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.expected.is_empty()
    }

    /// Waits for the answer that was late.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub(crate) fn resume(&mut self) -> Result<Vec<Told>, Error> {
        let answer = self.receive()?;
        self.understand(&answer)
    }

    /// Ends the simulation.
    pub(crate) fn close(&mut self) -> Result<(), Error> {
        self.writer.command(names::CLOSE, |_| {});
        self.exchange().map(drop)
    }

    fn understand(&mut self, answer: &[u8]) -> Result<Vec<Told>, Error> {
        let mut told = Vec::new();
        let mut reader = Reader::new(answer);
        for expected in std::mem::take(&mut self.expected) {
            match (status(&mut reader, expected.command), expected.answer) {
                // A vehicle that is gone again before it could be subscribed to.
                (Err(Error::Refused { .. }), AnswerKind::Subscription) => continue,
                (answer, _) => answer?,
            }
            let count = match expected.answer {
                AnswerKind::Status => 0,
                AnswerKind::Subscription => 1,
                AnswerKind::Step => reader.integer()?,
            };
            for _ in 0..count {
                told.push(subscription(reader.command()?)?);
            }
        }
        Ok(told)
    }

    /// Sends what has been written and waits for the answer.
    fn exchange(&mut self) -> Result<Vec<u8>, Error> {
        let length = (self.writer.bytes().len() + 4) as u32;
        let mut message = length.to_be_bytes().to_vec();
        message.extend_from_slice(self.writer.bytes());
        self.writer.clear();
        self.inbox.clear();
        self.stream
            .set_write_timeout(Some(self.patience))
            .and_then(|()| self.stream.write_all(&message))
            .map_err(|error| gone(&error))?;
        self.receive()
    }

    fn receive(&mut self) -> Result<Vec<u8>, Error> {
        let deadline = Deadline::after(self.patience);
        loop {
            let wanted = match self.inbox.first_chunk::<4>() {
                Some(&length) => u32::from_be_bytes(length) as usize,
                None => 4,
            };
            if !(4..=MESSAGE_MAX).contains(&wanted) {
                return Err(malformed(&format!("a message of {wanted} bytes")));
            }
            if self.inbox.len() >= 4 && self.inbox.len() == wanted {
                return Ok(std::mem::take(&mut self.inbox).split_off(4));
            }
            let missing = wanted - self.inbox.len();
            self.read_some(missing, &deadline)?;
        }
    }

    fn read_some(&mut self, missing: usize, deadline: &Deadline) -> Result<(), Error> {
        /// Bytes that are read at once, so that no length makes us reserve more than was sent.
        const PIECE: usize = 1 << 20;
        let Some(left) = deadline.left() else {
            return Err(Error::Late {
                who: "SUMO".to_owned(),
                waited: deadline.waited(),
            });
        };
        self.stream
            .set_read_timeout(Some(left))
            .map_err(|error| gone(&error))?;
        let start = self.inbox.len();
        self.inbox.resize(start + missing.min(PIECE), 0);
        let read = self.stream.read(&mut self.inbox[start..]);
        let count = read.as_ref().map_or(0, |count| *count);
        self.inbox.truncate(start + count);
        match read {
            Ok(0) => Err(Error::Gone {
                who: "SUMO".to_owned(),
                message: "it closed the connection".to_owned(),
            }),
            Ok(_) => Ok(()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(gone(&error)),
        }
    }
}

/// Whether a connection has met itself: where nobody listens on a port, and it is the one that the
/// system has just given to our own end.
fn is_own(stream: &TcpStream) -> bool {
    let ends = (stream.local_addr(), stream.peer_addr());
    matches!(ends, (Ok(own), Ok(other)) if own == other)
}

fn gone(error: &std::io::Error) -> Error {
    Error::Gone {
        who: "SUMO".to_owned(),
        message: error.to_string(),
    }
}

fn malformed(what: &str) -> Error {
    Error::Malformed {
        from: "SUMO",
        message: format!("sent {what}"),
    }
}

fn status(reader: &mut Reader<'_>, command: u8) -> Result<(), Error> {
    let mut answer = reader.command()?;
    let (number, result, message) = (answer.byte()?, answer.byte()?, answer.text()?);
    if number != command {
        return Err(malformed(&format!(
            "the answer to command {number:#04x} where {command:#04x} was asked"
        )));
    }
    if result == 0 {
        Ok(())
    } else {
        Err(Error::Refused {
            who: "SUMO",
            message,
        })
    }
}

fn subscription(mut answer: Reader<'_>) -> Result<Told, Error> {
    let (domain, id) = (answer.byte()?, answer.text()?);
    let count = answer.byte()?;
    let mut values = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let (variable, status) = (answer.byte()?, answer.byte()?);
        let value = answer.value()?;
        if status != 0 {
            return Err(Error::Refused {
                who: "SUMO",
                message: value.as_text().unwrap_or("no reason given").to_owned(),
            });
        }
        values.push((variable, value));
    }
    Ok(Told { domain, id, values })
}
