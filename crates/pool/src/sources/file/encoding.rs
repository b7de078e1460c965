//! In which encoding a text is: by its mark, by whether it is UTF-8, and else GB 18030, in which
//! most of the departments' older systems write.

use std::io::{self, Read};

use encoding_rs::{Decoder, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a mark.
    Utf8,
    /// GB 18030, of which GBK and GB 2312 are parts.
    Gb18030,
    /// UTF-16, with a mark.
    Utf16Le,
    /// UTF-16 the other way round, with a mark.
    Utf16Be,
}

/// Bytes that are decoded at once.
const PIECE_BYTES: usize = 64 << 10;

/// The encoding of a text that begins with `bytes`, and the length of its mark.
pub(super) fn detect(bytes: &[u8], is_all: bool) -> (Encoding, usize) {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => return (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => return (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => return (Encoding::Utf16Be, 2),
        _ => {}
    }
    let cut_off = |error: std::str::Utf8Error| error.error_len().is_none() && !is_all;
    if std::str::from_utf8(bytes).map_or_else(cut_off, |_| true) {
        return (Encoding::Utf8, 0);
    }
    // GB 18030 as a whole, or UTF-8 with some bad records: they will be named one by one.
    let (_, _, errors) = GB18030.decode(trim_last_line(bytes, is_all));
    (
        if errors {
            Encoding::Utf8
        } else {
            Encoding::Gb18030
        },
        0,
    )
}

fn trim_last_line(bytes: &[u8], is_all: bool) -> &[u8] {
    match memchr::memrchr(b'\n', bytes) {
        Some(at) if !is_all => bytes.get(..at).unwrap_or(bytes),
        _ => bytes,
    }
}

/// Turns text of another encoding into UTF-8 while it is read.
pub(super) struct Transcoded<R> {
    input: R,
    decoder: Decoder,
    piece: Vec<u8>,
    from: usize,
    to: usize,
    decoded: Vec<u8>,
    given: usize,
    at_end: bool,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(input: R, encoding: Encoding) -> Self {
        let encoding = match encoding {
            Encoding::Utf8 => UTF_8,
            Encoding::Gb18030 => GB18030,
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
        };
        Self {
            input,
            decoder: encoding.new_decoder_without_bom_handling(),
            piece: vec![0; PIECE_BYTES],
            from: 0,
            to: 0,
            decoded: Vec::new(),
            given: 0,
            at_end: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.given == self.decoded.len() && !(self.at_end && self.from == self.to) {
            if self.from == self.to {
                self.to = self.input.read(&mut self.piece)?;
                self.from = 0;
                self.at_end = self.to == 0;
            }
            self.decoded.resize(PIECE_BYTES * 3 + 16, 0);
            let source = self.piece.get(self.from..self.to).unwrap_or_default();
            let (_, read, written, _) =
                self.decoder
                    .decode_to_utf8(source, &mut self.decoded, self.at_end);
            self.decoded.truncate(written);
            self.from += read;
            self.given = 0;
            if self.at_end {
                self.from = self.to;
                break;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.decoded.len() {
            self.decoded.clear();
            self.given = 0;
            self.fill()?;
        }
        let ready = self.decoded.get(self.given..).unwrap_or_default();
        let count = ready.len().min(into.len());
        let (Some(into), Some(ready)) = (into.get_mut(..count), ready.get(..count)) else {
            return Ok(0);
        };
        into.copy_from_slice(ready);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let gbk = GB18030.encode("姓名,性别\n张三,男\n").0.into_owned();
        assert_eq!(detect("姓名,性别\n".as_bytes(), true), (Encoding::Utf8, 0));
        assert_eq!(
            detect("\u{feff}姓名\n".as_bytes(), true),
            (Encoding::Utf8, 3)
        );
        assert_eq!(detect(&gbk, true), (Encoding::Gb18030, 0));
        assert_eq!(detect(b"\xff\xfea\0", true), (Encoding::Utf16Le, 2));
        assert_eq!(detect(b"name\n\xff\xff\xff\n", true), (Encoding::Utf8, 0));
        let cut = "好".as_bytes().get(..2).unwrap();
        assert_eq!(detect(cut, false), (Encoding::Utf8, 0));
    }

    #[test]
    fn text_of_another_encoding_is_read_as_utf8() {
        let text = "姓名,性别\n张三,男\n".repeat(10_000);
        let gbk = GB18030.encode(&text).0.into_owned();
        let mut read = String::new();
        Transcoded::new(gbk.as_slice(), Encoding::Gb18030)
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, text);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut read = String::new();
        Transcoded::new(utf16.as_slice(), Encoding::Utf16Le)
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, text);
    }
}
