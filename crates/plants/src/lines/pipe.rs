//! Lines to and from another, with a deadline for what comes and a limit on its length.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Deadline;
use crate::error::Error;

/// Longest line that is taken, bytes.
const LINE_MAX: u64 = 64 << 20;
/// Lines that may wait to be read.
const WAITING_MAX: usize = 4;

/// Two ends of a conversation. A child is killed when this is dropped.
pub(super) struct Pipe {
    who: String,
    from: Receiver<Result<String, String>>,
    /// A thread of its own writes, so that one who does not read cannot hold us.
    outbox: SyncSender<Vec<u8>>,
    child: Option<Child>,
}

impl Pipe {
    /// Starts a program and talks to its standard input and output. Its standard error is ours.
    pub(super) fn start(command: &[String]) -> Result<Self, Error> {
        let failed = |source| Error::Start {
            program: command.join(" "),
            source,
        };
        let Some((program, arguments)) = command.split_first() else {
            return Err(failed(std::io::Error::new(
                ErrorKind::InvalidInput,
                "no program is named",
            )));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let ends = child.stdout.take().zip(child.stdin.take());
        let Some((output, input)) = ends else {
            return Err(failed(std::io::Error::other("it has no pipes")));
        };
        let mut pipe = Self::of(program, output, input)?;
        pipe.child = Some(child);
        Ok(pipe)
    }

    /// Talks over any reader and writer.
    pub(super) fn of(
        who: &str,
        reader: impl Read + Send + 'static,
        mut writer: impl Write + Send + 'static,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Start {
            program: format!("a thread for {who}"),
            source,
        };
        let (sender, from) = sync_channel(WAITING_MAX);
        let mut reader = BufReader::new(reader);
        std::thread::Builder::new()
            .name("lines in".to_owned())
            .spawn(move || {
                loop {
                    let line = read_line(&mut reader);
                    let ended = !matches!(line, Ok(Some(_)));
                    let said = line.and_then(|line| line.ok_or_else(|| "it has ended".to_owned()));
                    if sender.send(said).is_err() || ended {
                        break;
                    }
                }
            })
            .map_err(failed)?;
        let (outbox, inbox) = sync_channel::<Vec<u8>>(WAITING_MAX);
        std::thread::Builder::new()
            .name("lines out".to_owned())
            .spawn(move || {
                while let Ok(line) = inbox.recv() {
                    if writer
                        .write_all(&line)
                        .and_then(|()| writer.flush())
                        .is_err()
                    {
                        break;
                    }
                }
            })
            .map_err(failed)?;
        Ok(Self {
            who: who.to_owned(),
            from,
            outbox,
            child: None,
        })
    }

    /// The child, to signal to.
    pub(super) fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Says something.
    pub(super) fn say(&self, message: &impl Serialize) -> Result<(), Error> {
        let mut line =
            serde_json::to_vec(message).map_err(|error| self.gone(&error.to_string()))?;
        line.push(b'\n');
        match self.outbox.try_send(line) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Error::Late {
                who: self.who.clone(),
                waited: Duration::ZERO,
            }),
            Err(TrySendError::Disconnected(_)) => Err(self.gone("it reads no more")),
        }
    }

    /// Waits for the next line.
    pub(super) fn hear<T: DeserializeOwned>(&self, patience: Duration) -> Result<T, Error> {
        let deadline = Deadline::after(patience);
        match self.from.recv_timeout(patience) {
            Ok(Ok(line)) => serde_json::from_str(&line).map_err(|error| Error::Malformed {
                from: "the other end",
                message: format!("said {:?}: {error}", shortened(&line)),
            }),
            Ok(Err(message)) => Err(self.gone(&message)),
            Err(RecvTimeoutError::Timeout) => Err(Error::Late {
                who: self.who.clone(),
                waited: deadline.waited(),
            }),
            Err(RecvTimeoutError::Disconnected) => Err(self.gone("it has ended")),
        }
    }

    fn gone(&self, message: &str) -> Error {
        Error::Gone {
            who: self.who.clone(),
            message: message.to_owned(),
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The next line; none at the end.
fn read_line(reader: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    let count = reader
        .by_ref()
        .take(LINE_MAX)
        .read_until(b'\n', &mut line)
        .map_err(|error| error.to_string())?;
    if count == 0 {
        return Ok(None);
    }
    if count as u64 >= LINE_MAX && line.last() != Some(&b'\n') {
        return Err(format!("it said a line of more than {LINE_MAX} bytes"));
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

/// The beginning of a line, for messages.
fn shortened(line: &str) -> String {
    const SHOWN: usize = 80;
    let line = line.trim_end();
    if line.chars().count() > SHOWN {
        line.chars().take(SHOWN).chain("…".chars()).collect()
    } else {
        line.to_owned()
    }
}
