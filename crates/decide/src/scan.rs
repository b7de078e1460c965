//! The words of a rule, each with its place; and what of FEEL rules do without.

use std::ops::Range;

use crate::fault::Fault;
use crate::functions;
use crate::limits::{NESTING_MAX, RULE_BYTES_MAX, TOKENS_MAX};

/// What sort of word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A name: of a field, a function or a property.
    Name,
    /// `and`, `if` and their like.
    Keyword,
    /// `true`, `false` or `null`.
    Constant,
    /// Digits.
    Number,
    /// A text in quotes.
    Text,
    /// An operator or a bracket.
    Sign,
}

/// A word and its place in the rule's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) sort: Sort,
    pub(crate) text: String,
    pub(crate) at: Range<usize>,
}

impl Token {
    /// Whether a value can be this word.
    pub(crate) fn is_leaf(&self) -> bool {
        matches!(
            self.sort,
            Sort::Name | Sort::Constant | Sort::Number | Sort::Text
        )
    }
}

const KEYWORDS: &[&str] = &["and", "or", "if", "then", "else", "in", "between"];
const CONSTANTS: &[&str] = &["true", "false", "null"];
/// Words of FEEL that rules do without.
const REFUSED: &[&str] = &[
    "for",
    "some",
    "every",
    "satisfies",
    "return",
    "function",
    "external",
    "instance",
    "of",
];
/// The signs that rules may use, longer ones first.
const SIGNS: &[&str] = &[
    "..", "<=", ">=", "!=", "(", ")", "[", "]", ",", "<", ">", "=", "+", "-", "*", "/", ".", "@",
];
/// Signs that people write by habit or by an input method, and what FEEL has for them.
const MISTAKEN: &[(&str, &str)] = &[
    ("==", "write `=`"),
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("<>", "write `!=`"),
    ("**", "multiply instead"),
    ("!", "write `not(…)`"),
    ("'", "a text stands in double quotes: `\"…\"`"),
    ("“", "a text stands in straight double quotes: `\"…\"`"),
    ("”", "a text stands in straight double quotes: `\"…\"`"),
    ("，", "write `,`"),
    ("（", "write `(`"),
    ("）", "write `)`"),
    ("＝", "write `=`"),
    ("＞", "write `>`"),
    ("＜", "write `<`"),
    ("≥", "write `>=`"),
    ("≤", "write `<=`"),
    ("≠", "write `!=`"),
    ("%", "divide by 100 instead"),
    ("{", "rules have no contexts"),
    ("}", "rules have no contexts"),
];

/// The words of `text`.
pub(crate) fn scan(text: &str) -> Result<Vec<Token>, Vec<Fault>> {
    if text.len() > RULE_BYTES_MAX {
        let message = format!(
            "the rule has {} bytes, more than {RULE_BYTES_MAX}",
            text.len()
        );
        return Err(vec![
            Fault::new(0..0, message).help("split it into several"),
        ]);
    }
    let (mut tokens, mut faults, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            at += blank;
            continue;
        }
        match word(rest, at) {
            Ok(token) => {
                at = token.at.end;
                tokens.push(token);
            }
            Err(fault) => {
                at = fault.at.end;
                faults.push(fault);
            }
        }
        if tokens.len() > TOKENS_MAX || faults.len() > 20 {
            let message = format!("the rule has more than {TOKENS_MAX} words and signs");
            faults.push(Fault::new(at..at, message).help("split it into several"));
            return Err(faults);
        }
    }
    if tokens.is_empty() && faults.is_empty() {
        faults
            .push(Fault::new(0..0, "the rule is empty").help("write a condition, or leave it out"));
    }
    let tokens = join(&tokens);
    faults.extend(refused(&tokens));
    faults.extend(nesting(&tokens));
    if faults.is_empty() {
        Ok(tokens)
    } else {
        Err(faults)
    }
}

/// The word that `rest` begins with; it stands at `at`.
fn word(rest: &str, at: usize) -> Result<Token, Fault> {
    let token = |sort, length: usize| {
        let text = rest.get(..length).unwrap_or_default().to_owned();
        Ok(Token {
            sort,
            text,
            at: at..at + length,
        })
    };
    let first = rest.chars().next().unwrap_or_default();
    if first == '"' {
        return text(rest, at).and_then(|length| token(Sort::Text, length));
    }
    if first.is_alphabetic() || first == '_' {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let sort = match word {
            word if KEYWORDS.contains(&word) => Sort::Keyword,
            word if CONSTANTS.contains(&word) => Sort::Constant,
            _ => Sort::Name,
        };
        return token(sort, length);
    }
    if first.is_ascii_digit() {
        return number(rest, at).and_then(|length| token(Sort::Number, length));
    }
    let mistaken = MISTAKEN.iter().find(|(sign, _)| rest.starts_with(sign));
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) if mistaken.is_none_or(|(wrong, _)| wrong.len() <= sign.len()) => {
            token(Sort::Sign, sign.len())
        }
        _ => {
            let (sign, help) = mistaken.map_or_else(
                || (rest.get(..first.len_utf8()).unwrap_or_default(), None),
                |(sign, help)| (*sign, Some((*help).to_owned())),
            );
            let message = format!("`{sign}` is no sign of FEEL");
            Err(Fault::new(at..at + sign.len(), message).maybe_help(help))
        }
    }
}

/// The length of the text in quotes that `rest` begins with.
fn text(rest: &str, at: usize) -> Result<usize, Fault> {
    let mut escaped = false;
    for (offset, letter) in rest.char_indices().skip(1) {
        match letter {
            'u' | 'U' if escaped => {
                let place = at + offset - 1..at + offset + 1;
                let fault = Fault::new(place, "`\\u` is not needed in a rule");
                return Err(fault.help("write the character itself"));
            }
            '\n' | '\r' => break,
            '"' if !escaped => return Ok(offset + 1),
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    let end = at + rest.find(['\n', '\r']).unwrap_or(rest.len());
    Err(Fault::new(at..end, "the text has no end").help("close it with `\"` on the same line"))
}

/// The length of the number that `rest` begins with.
fn number(rest: &str, at: usize) -> Result<usize, Fault> {
    let digits = |from: usize| {
        let rest = rest.get(from..).unwrap_or_default();
        from + rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len())
    };
    let mut length = digits(0);
    let after = rest.get(length..).unwrap_or_default();
    if after.starts_with('.') && after.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) {
        length = digits(length + 1);
    }
    let next = rest.get(length..).and_then(|rest| rest.chars().next());
    if next.is_some_and(|c| c.is_alphabetic() || c == '_') {
        let end = length
            + rest
                .get(length..)
                .unwrap_or_default()
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len() - length);
        let word = rest.get(..end).unwrap_or_default();
        let fault = Fault::new(
            at..at + end,
            format!("`{word}` is neither a number nor a name"),
        );
        return Err(fault.help("a name begins with a letter; a number has digits alone"));
    }
    Ok(length)
}

/// Makes one word of those that are the name of one function, such as `string length`.
fn join(tokens: &[Token]) -> Vec<Token> {
    let mut joined: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    while let Some(first) = rest.first() {
        let name = functions::long_names().find(|name| {
            let words = name.split(' ').count();
            let same = rest
                .iter()
                .zip(name.split(' '))
                .all(|(token, word)| token.text == word);
            same && rest.get(words).is_some_and(|token| token.text == "(")
        });
        let taken = name.map_or(1, |name| name.split(' ').count());
        let last = rest.get(taken - 1).unwrap_or(first);
        joined.push(match name {
            Some(name) => Token {
                sort: Sort::Name,
                text: name.to_owned(),
                at: first.at.start..last.at.end,
            },
            None => first.clone(),
        });
        rest = rest.get(taken..).unwrap_or_default();
    }
    joined
}

/// What FEEL has and rules do without.
fn refused(tokens: &[Token]) -> Vec<Fault> {
    let names = tokens.iter().filter(|token| token.sort == Sort::Name);
    let faults = names.filter_map(|token| {
        let fault = |message: String| Fault::new(token.at.clone(), message);
        let word = token.text.as_str();
        if REFUSED.contains(&word) {
            let help =
                "a rule looks at one record: no loops, no functions of its own, no tests of types";
            return Some(fault(format!("`{word}` is outside of what rules may use")).help(help));
        }
        let lower = word.to_lowercase();
        if lower != word && (KEYWORDS.contains(&&*lower) || CONSTANTS.contains(&&*lower)) {
            return Some(
                fault(format!("`{word}` is not a word of FEEL")).help(format!("write `{lower}`")),
            );
        }
        None
    });
    faults.collect()
}

/// Brackets do not nest too deep.
fn nesting(tokens: &[Token]) -> Option<Fault> {
    let mut depth = 0_usize;
    for token in tokens {
        match token.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            let message = format!("brackets nest deeper than {NESTING_MAX}");
            return Some(Fault::new(token.at.clone(), message).help("split the rule"));
        }
    }
    None
}
