//! The messages of PostgreSQL's logical replication, protocol version 1, as the plugin `pgoutput`
//! writes them. What is cut off or unknown is an error, never a panic.

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// What a table's number means.
    Relation {
        /// The number.
        id: u32,
        /// Schema and name.
        name: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// A new row.
    Insert(u32, Vec<Value>),
    /// A changed row; what it was, if its key has changed or the table sends all of it.
    Update(u32, Option<Vec<Value>>, Vec<Value>),
    /// A row is gone; its key, and the rest if the table sends all of it.
    Delete(u32, Vec<Value>),
    /// All rows of these tables are gone.
    Truncate(Vec<u32>),
    /// A transaction ends here.
    Commit {
        /// The place in the log behind it.
        end: u64,
    },
    /// What concerns nobody here: begins, types, origins.
    Other,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    /// Large, not changed, and therefore not sent.
    Unchanged,
    Text(String),
}

/// Reads a message.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Message, String> {
    let mut input = Input { bytes };
    match input.byte()? {
        b'R' => input.relation(),
        b'I' => {
            let id = input.number()?;
            input.expect(b'N')?;
            Ok(Message::Insert(id, input.row()?))
        }
        b'U' => {
            let id = input.number()?;
            let old = match input.byte()? {
                b'K' | b'O' => {
                    let old = input.row()?;
                    input.expect(b'N')?;
                    Some(old)
                }
                b'N' => None,
                other => return Err(format!("an update with a part `{}`", char::from(other))),
            };
            Ok(Message::Update(id, old, input.row()?))
        }
        b'D' => {
            let id = input.number()?;
            match input.byte()? {
                b'K' | b'O' => Ok(Message::Delete(id, input.row()?)),
                other => Err(format!("a delete with a part `{}`", char::from(other))),
            }
        }
        b'T' => {
            let count = input.number()?;
            input.byte()?; // whether it cascades
            let ids = (0..count)
                .map(|_| input.number())
                .collect::<Result<_, _>>()?;
            Ok(Message::Truncate(ids))
        }
        b'C' => {
            input.byte()?;
            input.take(8)?; // where the commit itself stands
            Ok(Message::Commit { end: input.long()? })
        }
        b'B' | b'O' | b'Y' | b'M' => Ok(Message::Other),
        other => Err(format!(
            "a message of an unknown sort `{}`",
            char::from(other)
        )),
    }
}

struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or("a message that is cut off")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        taken
            .try_into()
            .map_err(|_short| "a message that is cut off".to_owned())
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn expect(&mut self, wanted: u8) -> Result<(), String> {
        match self.byte()? {
            byte if byte == wanted => Ok(()),
            other => Err(format!(
                "`{}` where `{}` belongs",
                char::from(other),
                char::from(wanted)
            )),
        }
    }

    fn short(&mut self) -> Result<u16, String> {
        self.array().map(u16::from_be_bytes)
    }

    fn number(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_be_bytes)
    }

    fn long(&mut self) -> Result<u64, String> {
        self.array().map(u64::from_be_bytes)
    }

    fn text(&mut self) -> Result<String, String> {
        let length = self
            .bytes
            .iter()
            .position(|byte| *byte == 0)
            .ok_or("a name that does not end")?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.byte()?;
        Ok(text)
    }

    fn relation(&mut self) -> Result<Message, String> {
        let id = self.number()?;
        let (schema, table) = (self.text()?, self.text()?);
        self.byte()?; // what it sends of old rows
        let count = self.short()?;
        let column = |input: &mut Self| {
            input.byte()?;
            let name = input.text()?;
            input.take(8)?; // type and its modifier
            Ok(name)
        };
        let columns = (0..count)
            .map(|_| column(self))
            .collect::<Result<_, String>>()?;
        Ok(Message::Relation {
            id,
            name: format!("{schema}.{table}"),
            columns,
        })
    }

    fn row(&mut self) -> Result<Vec<Value>, String> {
        let count = self.short()?;
        let value = |input: &mut Self| match input.byte()? {
            b'n' => Ok(Value::Null),
            b'u' => Ok(Value::Unchanged),
            b't' => {
                let length = input.number()? as usize;
                Ok(Value::Text(
                    String::from_utf8_lossy(input.take(length)?).into_owned(),
                ))
            }
            other => Err(format!(
                "a value of an unknown sort `{}`",
                char::from(other)
            )),
        };
        (0..count).map(|_| value(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_update_of_a_large_value_says_what_it_does_not_send() {
        let mut bytes = b"U\0\0\0\x07N\0\x03t\0\0\0\x02ab".to_vec();
        bytes.extend_from_slice(b"un");
        let row = vec![Value::Text("ab".into()), Value::Unchanged, Value::Null];
        assert_eq!(read(&bytes), Ok(Message::Update(7, None, row)));
        bytes.pop();
        assert!(read(&bytes).is_err());
    }

    #[test]
    fn a_commit_says_where_the_log_goes_on() {
        let mut bytes = vec![b'C', 0];
        bytes.extend_from_slice(&1_u64.to_be_bytes());
        bytes.extend_from_slice(&2_u64.to_be_bytes());
        bytes.extend_from_slice(&3_u64.to_be_bytes());
        assert_eq!(read(&bytes), Ok(Message::Commit { end: 2 }));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(sort in prop_oneof![Just(b'R'), Just(b'I'), Just(b'U'), Just(b'D'), Just(b'T'), Just(b'C'), any::<u8>()], rest in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut bytes = vec![sort];
            bytes.extend(rest);
            let _ = read(&bytes);
        }
    }
}
