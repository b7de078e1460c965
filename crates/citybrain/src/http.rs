//! One HTTP call to a City Brain server, for commands that ask a running one. Plain HTTP/1.1: a
//! server beyond this machine is reached through the tunnel or proxy that guards it.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::error::Error;

/// How long to wait for a server.
const TIME_MAX: Duration = Duration::from_secs(30);
/// Most bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// What a server answered.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Program {
            message: format!(
                "the server's answer (status {}) is not JSON: {error}",
                self.status
            ),
            help: Some("see that --server names a City Brain server".to_owned()),
        })
    }
}

/// Calls `server` (`http://HOST:PORT`). Header names and values must be right.
pub(crate) fn call(
    server: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, Error> {
    let away = |error: &dyn std::fmt::Display| Error::Program {
        message: format!("{server} does not answer: {error}"),
        help: Some(
            "`citybrain up` starts a server; --server http://HOST:PORT names another".to_owned(),
        ),
    };
    let authority = server
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'))
        .ok_or_else(|| Error::Option {
            message: format!("--server is {server:?}"),
            help: Some("write http://HOST:PORT".to_owned()),
        })?;
    let with_port = if authority.contains(':') {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let address = with_port
        .to_socket_addrs()
        .map_err(|error| away(&error))?
        .next()
        .ok_or_else(|| away(&"no such host"))?;
    let mut answer = Vec::new();
    let sent = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, TIME_MAX)?;
        stream.set_read_timeout(Some(TIME_MAX))?;
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for header in headers
            .iter()
            .flat_map(|(name, value)| [*name, ": ", *value, "\r\n"])
        {
            request.push_str(header);
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes())?;
        stream.write_all(body)?;
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = sent().map_err(|error| away(&error))?;
    parse(&answer).ok_or_else(|| away(&"what it says is not HTTP"))
}

/// An answer that ended with its connection.
fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let body = &answer[end + 4..];
    let chunked = head
        .lines()
        .any(|line| line.to_ascii_lowercase().replace(' ', "") == "transfer-encoding:chunked");
    let body = if chunked {
        dechunked(body)?
    } else {
        body.to_vec()
    };
    Some(Answer { status, body })
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end])
            .ok()?
            .split(';')
            .next()?
            .trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + size)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_in_chunks() {
        let whole = parse(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert_eq!((whole.status, &whole.body[..]), (403, &b"{}"[..]));
        let chunks = parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n3;x\r\na\":\r\n0\r\n\r\n").unwrap();
        assert_eq!(chunks.body, b"{\"a\":");
        assert!(parse(b"SSH-2.0\r\n\r\n").is_none());
    }
}
