//! Decisions: the typed subset of FEEL, checked against fields and evaluated by row with a trace.
//!
//! *Knows*: which part of FEEL (the expression language of the DMN standard) definition files may
//! use, what makes a rule right for given fields, how it is worked out for one row, and the same
//! rule as SQL. *Does not know*: where rows come from, the pool, the clock, files. A rule gives the
//! same answer on every day: `today()` and `now()` are refused, and time enters as a field.
//!
//! Words: a **field** is a name with a type that a rule may use; a **rule** is an expression that
//! was found right for its fields; a **row** gives the fields' values by position; a **trace** is
//! a verdict with the facts it rests on.
//!
//! The grammar is the standard's, as `dsntk-feel-parser` reads it. That parser's tree has no
//! places and its errors name none, and it lets names contain spaces and operators; so our scanner
//! reads the words first ([`scan`](self)), hands them over one by one as names, and follows the
//! tree's leaves in step with the words to know where each part stands. `dsntk`'s evaluator looks
//! names up in maps and copies values; a load judges hundreds of thousands of records a second, so
//! rules are compiled to a typed tree over positions, which tests hold to the standard's laws.
//!
//! ```
//! use decide::{Field, Fields, Rule, Type, Value};
//!
//! let fields = Fields::new([Field::new("headcount", Type::Number), Field::new("kind", Type::Text)]);
//! let rule = Rule::condition("headcount in [20..300] and kind != \"shell\"", &fields).unwrap();
//! assert_eq!(rule.holds(&[Value::number(25), Value::text("factory")]), Some(true));
//! assert_eq!(rule.holds(&[Value::Null, Value::text("factory")]), None);
//!
//! let faults = Rule::condition("headcuont > 20", &fields).unwrap_err();
//! assert_eq!(faults[0].to_string(), "there is no field `headcuont`");
//! assert_eq!(faults[0].help.as_deref(), Some("did you mean `headcount`?"));
//! ```

mod compile;
pub mod definitions;
mod eval;
mod fault;
mod fields;
mod functions;
pub mod limits;
mod number;
mod rule;
mod scan;
mod sql;
mod syntax;
mod time;
mod trace;
mod value;

pub use fault::Fault;
pub use fields::{Field, Fields, Type};
pub use number::Decimal;
pub use rule::{Judgement, Rule};
pub use sql::to_sql;
pub use trace::{Fact, Trace};
pub use value::{Row, Value};
