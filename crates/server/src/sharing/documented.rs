//! What requests are answered with besides what they ask for, as the description has it.

use utoipa::IntoResponses;

use super::problem::SharingProblem;

/// Of what needs a profile.
#[derive(IntoResponses)]
#[expect(
    dead_code,
    reason = "the description is made from it, and nothing else is"
)]
pub(super) enum BearerProblems {
    /// The request is malformed, or asks for what is not served
    #[response(status = 400)]
    Malformed(SharingProblem),
    /// No bearer token, or one that is not good
    #[response(status = 401)]
    Token(SharingProblem),
    /// The client may not read, or no agreement covers it: the message says which is missing and whom to ask
    #[response(status = 403)]
    Denied(SharingProblem),
    /// There is no such share, schema or table
    #[response(status = 404)]
    Nothing(SharingProblem),
    /// A fault of the server
    #[response(status = 500)]
    Fault(SharingProblem),
    /// Busy, past a limit, or the transfer cannot be recorded
    #[response(status = 503)]
    Busy(SharingProblem),
}
