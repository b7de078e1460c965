//! Reads YAML into a tree whose every value knows its bytes in the file.
//!
//! Definitions use a plain part of YAML: one document of mappings, lists and scalars. Aliases (the
//! stuff of exponential bombs), tags, directives and keys that are not text are refused, since a
//! reader should see a value where it stands. Nesting, size and number of values are limited; the
//! reader works through events with its own stack, so that no file can overflow ours.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use crate::fault::{Code, Fault};
use crate::limits::{FAULTS_PER_FILE_MAX, NESTING_MAX, NODES_MAX};
use crate::source::Source;

/// One value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    /// Bytes of the value; of the first key for a block mapping.
    pub(crate) span: Range<usize>,
    pub(crate) content: Content,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Content {
    /// A scalar; `plain` when written without quotes, so that it may be a number and the like.
    Scalar { text: String, plain: bool },
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the file and without the repeated keys.
    Mapping(Vec<Entry>),
    /// Something that was refused with a fault of its own.
    Refused,
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

/// What could be read of a file.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) root: Option<Node>,
    /// Whether reading stopped early, so that what seems missing may only be unread.
    pub(crate) partial: bool,
    pub(crate) faults: Vec<Fault>,
}

/// Reads `source`.
pub(crate) fn read(source: &Source) -> Tree {
    let mut builder = Builder {
        source,
        stack: Vec::new(),
        tree: Tree::default(),
        nodes: 0,
        documents: 0,
    };
    let options = granit_parser::options! {
        emit_comments: false,
        disallow_directives: true,
        emit_unresolved_aliases: true,
        flow_nesting_limit: NESTING_MAX,
        block_nesting_limit: NESTING_MAX,
    };
    for event in Parser::new_from_str_with_options(source.text(), options) {
        let done = match event {
            Ok((event, span)) => builder.event(event, &span),
            Err(error) => Err(scan_fault(source, &error)),
        };
        if let Err(fault) = done {
            builder.tree.faults.push(*fault);
            builder.tree.partial = true;
            break;
        }
    }
    builder.finish()
}

type Step = Result<(), Box<Fault>>;

/// An open list or mapping.
enum Frame {
    Sequence {
        span: Range<usize>,
        items: Vec<Node>,
    },
    Mapping {
        span: Range<usize>,
        entries: Vec<Entry>,
        seen: BTreeMap<String, Range<usize>>,
        key: Option<(String, Range<usize>)>,
    },
}

struct Builder<'a> {
    source: &'a Source,
    stack: Vec<Frame>,
    tree: Tree,
    nodes: usize,
    documents: usize,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Step {
        let span = span.byte_range().unwrap_or(0..0);
        if self.tree.faults.len() >= FAULTS_PER_FILE_MAX {
            let message = "too many faults to go on reading";
            return Err(Box::new(Fault::at(
                Code::Limit,
                self.source,
                &span,
                message,
            )));
        }
        if event.tag().is_some() {
            self.refuse_tag(&span);
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document begins here";
                    return Err(self.syntax(&span, message, "one file holds one definition"));
                }
                Ok(())
            }
            Event::Scalar(text, style, ..) => {
                let plain = matches!(style, ScalarStyle::Plain);
                let text = text.into_owned();
                self.value(Node {
                    span,
                    content: Content::Scalar { text, plain },
                })
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let fault = self.syntax(
                    &span,
                    "definitions do not use aliases",
                    "write the value out, so that it can be read where it stands",
                );
                self.tree.faults.push(*fault);
                self.value(Node {
                    span,
                    content: Content::Refused,
                })
            }
            Event::SequenceStart(..) => self.open(Frame::Sequence {
                span,
                items: Vec::new(),
            }),
            Event::MappingStart(..) => self.open(Frame::Mapping {
                span,
                entries: Vec::new(),
                seen: BTreeMap::new(),
                key: None,
            }),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(()),
        }
    }

    /// A list or mapping begins.
    fn open(&mut self, frame: Frame) -> Step {
        let (Frame::Sequence { span, .. } | Frame::Mapping { span, .. }) = &frame;
        if self.stack.len() >= NESTING_MAX {
            return Err(too_deep(self.source, span));
        }
        if let Some(Frame::Mapping { key: None, .. }) = self.stack.last() {
            let message = "a key must be plain text";
            return Err(self.syntax(span, message, "write `key: value`"));
        }
        self.stack.push(frame);
        Ok(())
    }

    /// A list or mapping ends.
    fn close(&mut self) -> Step {
        match self.stack.pop() {
            Some(Frame::Sequence { span, items }) => self.value(Node {
                span,
                content: Content::Sequence(items),
            }),
            Some(Frame::Mapping { span, entries, .. }) => {
                let span = match entries.first() {
                    Some(first) if span.is_empty() => first.key_span.clone(),
                    _ => span,
                };
                self.value(Node {
                    span,
                    content: Content::Mapping(entries),
                })
            }
            None => Ok(()),
        }
    }

    /// A whole value, to be put where it belongs.
    fn value(&mut self, node: Node) -> Step {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("more than {NODES_MAX} values in one file");
            let fault = Fault::at(Code::Limit, self.source, &node.span, message)
                .help("a definition is for people to read: data belongs in a dataset");
            return Err(Box::new(fault));
        }
        let Some(frame) = self.stack.last_mut() else {
            self.tree.root = Some(node);
            return Ok(());
        };
        match frame {
            Frame::Sequence { items, .. } => items.push(node),
            Frame::Mapping {
                entries, seen, key, ..
            } => match key.take() {
                None => *key = Some(key_of(node, &mut self.tree.faults, self.source)),
                Some((name, key_span)) => {
                    if let Some(first) = seen.get(&name) {
                        let message = format!("`{}` stands twice", short(&name));
                        let fault = Fault::at(Code::DuplicateKey, self.source, &key_span, message)
                            .help("keep one of the two")
                            .also(first, "first here");
                        self.tree.faults.push(fault);
                    } else {
                        seen.insert(name.clone(), key_span.clone());
                        entries.push(Entry {
                            key: name,
                            key_span,
                            value: node,
                        });
                    }
                }
            },
        }
        Ok(())
    }

    fn refuse_tag(&mut self, span: &Range<usize>) {
        let message = "definitions do not use tags (`!…`)";
        let fault = self.syntax(span, message, "leave the tag out; put text in quotes");
        self.tree.faults.push(*fault);
    }

    fn syntax(&self, span: &Range<usize>, message: &str, help: &str) -> Box<Fault> {
        Box::new(Fault::at(Code::Syntax, self.source, span, message).help(help))
    }

    /// Closes what a broken file left open, so that its sound part can still be checked.
    fn finish(mut self) -> Tree {
        while !self.stack.is_empty() {
            if let Some(Frame::Mapping { key, .. }) = self.stack.last_mut() {
                *key = None;
            }
            let parent_waits_for_key = self.stack.len() >= 2
                && matches!(
                    self.stack.get(self.stack.len() - 2),
                    Some(Frame::Mapping { key: None, .. })
                );
            if parent_waits_for_key || self.close().is_err() {
                self.stack.pop();
            }
        }
        self.tree
    }
}

/// The text of a key; something else in its place is a fault.
fn key_of(node: Node, faults: &mut Vec<Fault>, source: &Source) -> (String, Range<usize>) {
    if let Content::Scalar { text, .. } = node.content {
        return (text, node.span);
    }
    let fault = Fault::at(Code::Syntax, source, &node.span, "a key must be plain text");
    faults.push(fault.help("write `key: value`"));
    (String::new(), node.span)
}

/// What the scanner found wrong, in the words of someone who writes definitions.
fn scan_fault(source: &Source, error: &ScanError) -> Box<Fault> {
    let offset = error.marker().byte_offset().unwrap_or(0);
    let span = offset..offset + 1;
    let (message, help) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => return too_deep(source, &span),
        ErrorKind::UnclosedFlowCollection { open } => (
            format!("`{open}` is never closed"),
            Some("close it, or write one entry per line"),
        ),
        ErrorKind::MappingValueNotAllowed => (
            "`:` cannot stand here".to_owned(),
            Some("put text that holds `: ` in quotes, and indent keys of one mapping alike"),
        ),
        ErrorKind::UnexpectedCharacter { character } => (
            format!("text cannot begin with `{character}`"),
            Some("put the text in quotes"),
        ),
        ErrorKind::InvalidQuotedScalarIndent => (
            "the quoted text is not closed, or its next line is not indented".to_owned(),
            Some("close the quotes"),
        ),
        ErrorKind::DirectiveDisallowed => (
            "definitions do not use directives (`%…`)".to_owned(),
            Some("remove the line, or put the text in quotes"),
        ),
        ErrorKind::ExpectedBlockSequenceEntry | ErrorKind::ExpectedBlockMappingKey => (
            "a list and a mapping are mixed here, or the indentation is off".to_owned(),
            Some("every entry of a list begins with `- ` in the same column"),
        ),
        _ => (error.kind().to_string(), None),
    };
    let fault = Fault::at(Code::Syntax, source, &span, message);
    Box::new(fault.maybe_help(help.map(str::to_owned)))
}

fn too_deep(source: &Source, span: &Range<usize>) -> Box<Fault> {
    let message = format!("nested more than {NESTING_MAX} deep");
    Box::new(Fault::at(Code::Limit, source, span, message).help("no definition needs that"))
}

/// A word fit for a message: hostile ones are cut.
pub(crate) fn short(word: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let clean = word.chars().map(|c| if c.is_control() { ' ' } else { c });
    if word.chars().count() <= SHOWN_MAX {
        clean.collect()
    } else {
        clean.take(SHOWN_MAX).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::{FAULTS_PER_FILE_MAX, NESTING_MAX};
    use crate::testing::faults_of_parks;

    #[test]
    fn a_syntax_fault_says_what_to_do() {
        insta::assert_snapshot!(faults_of_parks("id: parks\ntitle: {zh: 园林, en: Parks\n"), @r"
        t/departments/parks/department.yaml:2:8 syntax: `{` is never closed
            close it, or write one entry per line
        ");
        insta::assert_snapshot!(faults_of_parks("id: parks\nshort: a: b\n"), @r"
        t/departments/parks/department.yaml:2:8 wrong-type: `short` is text, but must be a mapping of keys to values
            with the keys `zh`, `en`
        t/departments/parks/department.yaml:2:9 syntax: `:` cannot stand here
            put text that holds `: ` in quotes, and indent keys of one mapping alike
        ");
        insta::assert_snapshot!(faults_of_parks("id: parks\nkind: @bureau\n"), @r"
        t/departments/parks/department.yaml:2:7 syntax: text cannot begin with `@`
            put the text in quotes
        ");
        insta::assert_snapshot!(faults_of_parks("id: parks\nkind: \"bureau\n"), @r"
        t/departments/parks/department.yaml:3:1 syntax: the quoted text is not closed, or its next line is not indented
            close the quotes
        ");
        insta::assert_snapshot!(faults_of_parks("- id\nkind: bureau\n"), @r"
        t/departments/parks/department.yaml:1:1 wrong-type: the file is a list, but must be a mapping of keys to values
            with the keys `id`, `title`, `short`, `kind`, `responsible_for`, `contact`
        t/departments/parks/department.yaml:2:1 syntax: a list and a mapping are mixed here, or the indentation is off
            every entry of a list begins with `- ` in the same column
        ");
    }

    #[test]
    fn what_stands_before_a_syntax_fault_is_checked_too() {
        insta::assert_snapshot!(faults_of_parks("id: parks\nknd: bureau\nkind: bureo\ntitle: [\n"), @r"
        t/departments/parks/department.yaml:2:1 unknown-key: the department has no key `knd`
            did you mean `kind`?
        t/departments/parks/department.yaml:3:7 unknown-word: `kind` cannot be `bureo`
            did you mean `bureau`? (one of `bureau`, `committee`, `office`, `court`, `procuratorate`, `emergency-service`, `state-agency`, `public-institution`, `utility`, `public-company`, `association`)
        t/departments/parks/department.yaml:4:1 wrong-type: `title` is a list, but must be a mapping of keys to values
            with the keys `zh`, `en`
        t/departments/parks/department.yaml:4:8 syntax: `[` is never closed
            close it, or write one entry per line
        ");
    }

    #[test]
    fn parts_of_yaml_that_hide_things_are_refused() {
        insta::assert_snapshot!(faults_of_parks("id: &id parks\nkind: *id\n<<: *other\n? [a]\n: b\n"), @r"
        t/departments/parks/department.yaml:2:7 syntax: definitions do not use aliases
            write the value out, so that it can be read where it stands
        t/departments/parks/department.yaml:3:1 unknown-key: the department has no key `<<`
            one of `contact`, `id`, `kind`, `responsible_for`, `short`, `supervised_by`, `systems`, `title`
        t/departments/parks/department.yaml:3:5 syntax: definitions do not use aliases
            write the value out, so that it can be read where it stands
        t/departments/parks/department.yaml:4:3 syntax: a key must be plain text
            write `key: value`
        ");
        insta::assert_snapshot!(faults_of_parks("id: !!str parks\n---\nid: parks\n"), @r"
        t/departments/parks/department.yaml:1:11 syntax: definitions do not use tags (`!…`)
            leave the tag out; put text in quotes
        t/departments/parks/department.yaml:2:1 syntax: a second document begins here
            one file holds one definition
        ");
        insta::assert_snapshot!(faults_of_parks("%YAML 1.2\n---\nid: parks\n"), @r"
        t/departments/parks/department.yaml:1:1 syntax: definitions do not use directives (`%…`)
            remove the line, or put the text in quotes
        ");
    }

    #[test]
    fn a_key_may_stand_once() {
        insta::assert_snapshot!(faults_of_parks("id: parks\nid: parks\n"), @r"
        t/departments/parks/department.yaml:1:1 missing-key: the department has no `title`
            add `title`: What it is called in full.
        t/departments/parks/department.yaml:1:1 missing-key: the department has no `short`
            add `short`: What people call it, for tables and maps.
        t/departments/parks/department.yaml:1:1 missing-key: the department has no `kind`
            add `kind`: What sort of organisation it is.
        t/departments/parks/department.yaml:1:1 missing-key: the department has no `responsible_for`
            add `responsible_for`: What it answers for, one line each.
        t/departments/parks/department.yaml:1:1 missing-key: the department has no `contact`
            add `contact`: How to reach the people who answer for its data.
        t/departments/parks/department.yaml:2:1 duplicate-key: `id` stands twice
            keep one of the two
        ");
    }

    #[test]
    fn nesting_is_limited() {
        let bomb = format!("id: {}", "[".repeat(100_000));
        let faults = faults_of_parks(&bomb);
        let limit = format!("nested more than {NESTING_MAX} deep");
        assert!(faults.contains(&limit), "{faults}");
        let block: String = (0..1000).map(|depth| " ".repeat(depth) + "a:\n").collect();
        let faults = faults_of_parks(&block);
        assert!(faults.contains(&limit), "{faults}");
    }

    #[test]
    fn values_and_faults_are_limited() {
        let many = format!("systems: [{}]", "1,".repeat(200_000));
        assert!(faults_of_parks(&many).contains("more than 100000 values"));
        let repeats = "id: parks\n".repeat(50_000);
        let lines = faults_of_parks(&repeats).lines().count();
        assert!(lines < 3 * FAULTS_PER_FILE_MAX, "{lines} lines");
        let laughs = "a: &a [x]\n".to_owned() + &"b: [*a, *a, *a, *a]\n".repeat(50_000);
        let lines = faults_of_parks(&laughs).lines().count();
        assert!(lines < 3 * FAULTS_PER_FILE_MAX, "{lines} lines");
    }
}
