//! The formats that a text can have to have, by the name that the JSON Schema gives them.

use jiff::civil::Date;
use jiff::tz::TimeZoneDatabase;

use crate::suggest::nearest;
use crate::tree::short;

/// What is wrong with a text, and the nearest right one.
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

type Check = fn(&str) -> Result<(), Wrong>;

/// Every format and its check.
pub(crate) const FORMATS: &[(&str, Check)] = &[
    ("id", id),
    ("date", date),
    ("time-zone", time_zone),
    ("currency", currency),
    ("email", email),
    ("phone", phone),
    ("chinese", chinese),
    ("english", english),
    ("folder-path", folder_path),
    ("field-name", field_name),
    ("purpose", purpose),
    ("ed25519", ed25519),
    ("sha256", sha256),
];

/// Checks `text` against the format named `format`; formats that are not ours pass.
pub(crate) fn check(format: &str, text: &str) -> Result<(), Wrong> {
    FORMATS
        .iter()
        .find(|(name, _)| *name == format)
        .map_or(Ok(()), |(_, check)| check(text))
}

fn wrong(message: impl Into<String>, help: impl Into<String>) -> Result<(), Wrong> {
    Err(Wrong {
        message: message.into(),
        help: Some(help.into()),
    })
}

/// Lower-case words of letters and digits with hyphens between them.
pub(crate) fn is_id(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.len() <= ID_BYTES_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(word)
}

const ID_BYTES_MAX: usize = 64;

fn id(text: &str) -> Result<(), Wrong> {
    if is_id(text) {
        return Ok(());
    }
    let message = format!("`{}` is not an id", short(text));
    let words: String = text
        .chars()
        .take(ID_BYTES_MAX)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    let kebab = words.split_whitespace().collect::<Vec<_>>().join("-");
    if is_id(&kebab) {
        wrong(message, format!("write `{kebab}`"))
    } else {
        wrong(
            message,
            "an id is lower-case words with hyphens, `like-this`",
        )
    }
}

fn date(text: &str) -> Result<(), Wrong> {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let shaped = text.len() == 10
        && text.split('-').map(str::len).eq([4, 2, 2])
        && text.split('-').all(digits);
    if !shaped {
        let message = format!("`{}` is not a date", short(text));
        return wrong(message, "write year, month and day, such as `2026-02-17`");
    }
    match text.parse::<Date>() {
        Ok(_) => Ok(()),
        Err(_) => wrong(
            format!("`{text}` does not exist"),
            "check the month and how many days it has",
        ),
    }
}

fn time_zone(text: &str) -> Result<(), Wrong> {
    let zones = TimeZoneDatabase::bundled();
    let names: Vec<String> = zones.available().map(|name| name.to_string()).collect();
    if names.iter().any(|name| name == text) {
        return Ok(());
    }
    // People write the city alone (`Shanghai`); compare with that part too.
    let city = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let cities: Vec<String> = names.iter().map(|name| city(name)).collect();
    let near = nearest(text, names.iter().map(String::as_str)).or_else(|| {
        let wanted = city(text);
        let found = nearest(&wanted, cities.iter().map(String::as_str))?;
        let at = cities.iter().position(|city| city == found)?;
        names.get(at).map(String::as_str)
    });
    let message = format!("`{}` is not a time zone", short(text));
    match near {
        Some(near) => wrong(message, format!("did you mean `{near}`?")),
        None => wrong(message, "write an IANA name, such as `Asia/Shanghai`"),
    }
}

/// ISO 4217, the currencies in use.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL \
    BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD \
    FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS \
    KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK \
    MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD \
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX \
    USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

fn currency(text: &str) -> Result<(), Wrong> {
    let codes = || CURRENCIES.split_whitespace();
    if codes().any(|code| code == text) {
        return Ok(());
    }
    let message = format!("`{}` is not a currency", short(text));
    let upper = text.to_ascii_uppercase();
    let meant = match upper.as_str() {
        "RMB" | "YUAN" | "人民币" => Some("CNY"),
        other => nearest(other, codes()),
    };
    match meant {
        Some(code) => wrong(message, format!("did you mean `{code}`?")),
        None => wrong(message, "write the ISO 4217 code, such as `CNY`"),
    }
}

fn email(text: &str) -> Result<(), Wrong> {
    let right = text.split_once('@').is_some_and(|(name, host)| {
        let label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_graphic() && b != b'@')
            && host.contains('.')
            && host.split('.').all(label)
    });
    if right {
        return Ok(());
    }
    let message = format!("`{}` is not an e-mail address", short(text));
    wrong(
        message,
        "write `name@host`, such as `office@parks.example.org`",
    )
}

fn phone(text: &str) -> Result<(), Wrong> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let rest = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+- ()".contains(&b));
    if rest && (3..=15).contains(&digits) {
        return Ok(());
    }
    let message = format!("`{}` is not a telephone number", short(text));
    wrong(
        message,
        "write digits with spaces or hyphens, such as `\"+86 571 1234 5678\"`",
    )
}

/// Whether a letter is a Chinese character.
fn is_han(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

fn chinese(text: &str) -> Result<(), Wrong> {
    if text.chars().any(is_han) {
        return Ok(());
    }
    let message = format!("`{}` is not Chinese", short(text));
    wrong(
        message,
        "write the Chinese text; the English one belongs under `en`",
    )
}

fn english(text: &str) -> Result<(), Wrong> {
    if text.chars().any(is_han) {
        let message = format!("`{}` is not English", short(text));
        return wrong(
            message,
            "write the English text; the Chinese one belongs under `zh`",
        );
    }
    if text.trim().is_empty() {
        return wrong("the English text is empty", "write the English text");
    }
    Ok(())
}

fn folder_path(text: &str) -> Result<(), Wrong> {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    if text.split('/').all(part) && !text.contains(['\\', '\0', ':']) {
        return Ok(());
    }
    let message = format!("`{}` is not a path inside the city folder", short(text));
    wrong(
        message,
        "write it from the city folder, such as `traffic/network.json`",
    )
}

/// Lower-case words of letters and digits with `_` between them: what every SQL database takes.
fn field_name(text: &str) -> Result<(), Wrong> {
    let dashed = text.replace('_', "-");
    if is_id(&dashed) && !text.contains('-') {
        return Ok(());
    }
    let message = format!("`{}` is not a field's name", short(text));
    let near = id(&dashed).err().and_then(|wrong| wrong.help);
    match near.filter(|help| help.starts_with("write ")) {
        Some(help) => wrong(message, help.replace('-', "_")),
        None if is_id(&dashed) => wrong(message, format!("write `{}`", text.replace('-', "_"))),
        None => wrong(
            message,
            "a field's name is lower-case words with `_`, `like_this`",
        ),
    }
}

/// What a fact is read for: the sort of purpose, `/`, and the id of the matter, policy, operation
/// or analysis.
fn purpose(text: &str) -> Result<(), Wrong> {
    const SORTS: &[&str] = &["matter", "policy", "operation", "analysis"];
    let (sort, of) = text.split_once('/').unwrap_or((text, ""));
    if SORTS.contains(&sort) && is_id(of) {
        return Ok(());
    }
    wrong(
        format!("`{}` is not a purpose", short(text)),
        "write `matter/ID`, `policy/ID`, `operation/ID` or `analysis/ID`",
    )
}

/// `ed25519:` and 32 bytes in base64url without padding.
fn ed25519(text: &str) -> Result<(), Wrong> {
    // 43 characters hold 258 bits: the last two of 256 that follow the key must be 0.
    const LAST: &str = "AEIMQUYcgkosw048";
    let url_safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let key = text.strip_prefix("ed25519:").unwrap_or_default();
    if key.len() == 43 && key.bytes().all(url_safe) && key.ends_with(|c| LAST.contains(c)) {
        return Ok(());
    }
    wrong(
        format!("`{}` is not an Ed25519 public key", short(text)),
        "write `ed25519:` and the 43 characters that `citybrain client key` prints",
    )
}

/// 64 hexadecimal digits, in lower case so that they compare as text.
fn sha256(text: &str) -> Result<(), Wrong> {
    let hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() == 64 && text.bytes().all(hexadecimal) {
        return Ok(());
    }
    wrong(
        format!("`{}` is not a SHA-256 hash", short(text)),
        "write its 64 hexadecimal digits in lower case",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that each text is right or gives the help stated.
    fn expect(format: &str, right: &[&str], faulty: &[(&str, &str)]) {
        for text in right {
            assert!(check(format, text).is_ok(), "{format}: {text}");
        }
        for (text, help) in faulty {
            let wrong = check(format, text)
                .err()
                .unwrap_or_else(|| panic!("{format}: {text}"));
            assert_eq!(wrong.help.as_deref(), Some(*help), "{text}");
        }
    }

    #[test]
    fn ids() {
        let rule = "an id is lower-case words with hyphens, `like-this`";
        expect(
            "id",
            &["a", "public-security", "line-19", "a1"],
            &[
                ("Public Security", "write `public-security`"),
                ("public_security", "write `public-security`"),
                ("-a-", "write `a`"),
                ("19", rule),
                ("", rule),
                ("公安", rule),
            ],
        );
    }

    #[test]
    fn dates() {
        let shape = "write year, month and day, such as `2026-02-17`";
        let days = "check the month and how many days it has";
        expect(
            "date",
            &["2026-02-17", "2024-02-29"],
            &[
                ("2026-02-29", days),
                ("2026-13-01", days),
                ("2026-2-7", shape),
                ("17.02.2026", shape),
                ("+026-02-17", shape),
            ],
        );
    }

    #[test]
    fn time_zones() {
        expect(
            "time-zone",
            &["Asia/Shanghai", "UTC", "America/Argentina/Ushuaia"],
            &[
                ("Asia/Shangai", "did you mean `Asia/Shanghai`?"),
                ("China/Shanghai", "did you mean `Asia/Shanghai`?"),
                ("12:30", "write an IANA name, such as `Asia/Shanghai`"),
            ],
        );
    }

    #[test]
    fn currencies() {
        expect(
            "currency",
            &["CNY", "EUR"],
            &[
                ("RMB", "did you mean `CNY`?"),
                ("cny", "did you mean `CNY`?"),
            ],
        );
    }

    #[test]
    fn contacts() {
        let mail = "write `name@host`, such as `office@parks.example.org`";
        let phone = "write digits with spaces or hyphens, such as `\"+86 571 1234 5678\"`";
        expect(
            "email",
            &["a.b@c-d.example.org"],
            &[("a@b", mail), ("@b.c", mail), ("a b@c.d", mail)],
        );
        expect(
            "phone",
            &["+86 (571) 1234-5678", "110"],
            &[("12", phone), ("call us", phone)],
        );
    }

    #[test]
    fn languages() {
        expect(
            "chinese",
            &["公安局", "ETC 中心"],
            &[(
                "Police",
                "write the Chinese text; the English one belongs under `en`",
            )],
        );
        expect(
            "english",
            &["Police", "ETC"],
            &[
                (
                    "公安局",
                    "write the English text; the Chinese one belongs under `zh`",
                ),
                ("  ", "write the English text"),
            ],
        );
    }

    #[test]
    fn paths() {
        let help = "write it from the city folder, such as `traffic/network.json`";
        expect(
            "folder-path",
            &["traffic/network.json"],
            &[
                ("/etc/passwd", help),
                ("../x", help),
                ("a//b", help),
                ("c:\\x", help),
            ],
        );
    }

    #[test]
    fn field_names() {
        let rule = "a field's name is lower-case words with `_`, `like_this`";
        expect(
            "field-name",
            &["a", "built_on", "line_19", "iso8601"],
            &[
                ("built-on", "write `built_on`"),
                ("Built On", "write `built_on`"),
                ("builtOn", "write `builton`"),
                ("_from", "write `from`"),
                ("a__b", "write `a_b`"),
                ("19", rule),
                ("", rule),
                ("姓名", rule),
            ],
        );
    }

    #[test]
    fn purposes() {
        let help = "write `matter/ID`, `policy/ID`, `operation/ID` or `analysis/ID`";
        expect(
            "purpose",
            &[
                "matter/birth-registration",
                "policy/rent-subsidy-2026",
                "operation/a",
                "analysis/b",
            ],
            &[
                ("matter", help),
                ("matter/", help),
                ("matters/birth", help),
                ("matter/Birth", help),
                ("matter/a/b", help),
                ("", help),
            ],
        );
    }

    #[test]
    fn keys_and_hashes() {
        let key = "write `ed25519:` and the 43 characters that `citybrain client key` prints";
        expect(
            "ed25519",
            &["ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"],
            &[
                ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", key),
                ("ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo", key),
                ("ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp", key),
                ("ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHU", key),
            ],
        );
        let hash = "write its 64 hexadecimal digits in lower case";
        let (lower, upper) = ("0a".repeat(32), "0A".repeat(32));
        expect(
            "sha256",
            &[&lower],
            &[(&upper, hash), ("", hash), ("0a", hash)],
        );
    }
}
