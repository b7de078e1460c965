//! The tree of a rule, by `dsntk`'s parser; and where the text is wrong when it finds none.

use dsntk_feel::FeelScope;
use dsntk_feel::context::FeelContext;
use dsntk_feel_parser::{AstNode, parse_expression};

use crate::fault::Fault;
use crate::scan::{Sort, Token};

/// The tree of a rule of these words.
pub(crate) fn parse(tokens: &[Token]) -> Result<AstNode, Vec<Fault>> {
    if let Some(fault) = misplaced(tokens) {
        return Err(vec![fault]);
    }
    // Every name is put in scope, so that the parser takes each for what it is and joins none.
    let mut names = FeelContext::default();
    for token in tokens.iter().filter(|token| token.sort == Sort::Name) {
        names.set_null(token.text.as_str().into());
    }
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    // Its errors say neither what is wrong nor where.
    if let Ok(tree) = parse_expression(&FeelScope::from(names), &words.join(" "), false) {
        return Ok(tree);
    }
    let start = tokens.first().map_or(0, |token| token.at.start);
    let end = tokens.last().map_or(0, |token| token.at.end);
    let fault = Fault::new(start..end, "this is not an expression of FEEL");
    Err(vec![fault.help(
        "write a condition, such as `headcount in [20..300] and not(in_default)`",
    )])
}

/// The first word that cannot stand where it stands: `dsntk`'s errors name no place.
fn misplaced(tokens: &[Token]) -> Option<Fault> {
    let mut open: Vec<(&Token, bool)> = Vec::new();
    let mut value_wanted = true;
    let mut before: Option<&Token> = None;
    for token in tokens {
        let text = token.text.as_str();
        let after = before.map_or_else(String::new, |before| format!(" after `{}`", before.text));
        let fault = |message: String| Some(Fault::new(token.at.clone(), message));
        if value_wanted {
            match text {
                "(" | "[" => open.push((token, false)),
                "]" if before.is_none_or(|before| before.text != "[") => open.push((token, false)),
                ")" | "]" if before.is_some_and(|before| matches!(&*before.text, "(" | "[")) => {
                    open.pop();
                    value_wanted = false;
                }
                "-" | "if" | "@" | "<" | "<=" | ">" | ">=" | "=" | "!=" => {}
                _ if token.is_leaf() => value_wanted = false,
                _ => return fault(format!("a value is missing before `{text}`{after}")),
            }
        } else {
            match text {
                "(" if before.is_some_and(|before| before.sort == Sort::Name) => {
                    open.push((token, false));
                    value_wanted = true;
                }
                ")" | "]" | "[" => {
                    let range = open.last().is_some_and(|(_, range)| *range);
                    if text == "[" && !range {
                        let fault = fault("lists are not filtered in rules".to_owned());
                        return fault
                            .map(|fault| fault.help("`[` begins a range or list after `in`"));
                    }
                    let Some((opener, _)) = open.pop() else {
                        return fault(format!("`{text}` closes nothing"));
                    };
                    if !range && (opener.text == "(") != (text == ")") {
                        return fault(format!("`{text}` does not close `{}`", opener.text));
                    }
                }
                "-" | "+" | "*" | "/" | "<" | "<=" | ">" | ">=" | "=" | "!=" | "," | "."
                | "and" | "or" | "in" | "between" | "then" | "else" => value_wanted = true,
                ".." => {
                    value_wanted = true;
                    match open.last_mut() {
                        Some(last) => last.1 = true,
                        None => {
                            return fault("a range stands in brackets, as in `[1..5]`".to_owned());
                        }
                    }
                }
                _ => {
                    let fault = fault(format!("`{text}` cannot stand{after}"));
                    return fault
                        .map(|fault| fault.help("write an operator between them, such as `and`"));
                }
            }
        }
        before = Some(token);
    }
    let last = before?;
    if value_wanted {
        let fault = Fault::new(
            last.at.clone(),
            format!("a value is missing after `{}`", last.text),
        );
        return Some(fault);
    }
    let (opener, _) = open.first()?;
    Some(Fault::new(
        opener.at.clone(),
        format!("`{}` is never closed", opener.text),
    ))
}
