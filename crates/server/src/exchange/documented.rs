//! What calls are answered with besides what they ask for, as the description has it.

use utoipa::IntoResponses;

use super::problem::ExchangeProblem;

/// What a call for a dataset's records may be answered with.
#[derive(IntoResponses)]
#[expect(
    dead_code,
    reason = "the description is made from it, and nothing else is"
)]
pub(crate) enum CallProblems {
    /// The body is not JSON, or did not arrive whole
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ExchangeProblem),
    /// Neither a token nor a certificate that is right
    #[response(status = 401, content_type = "application/problem+json")]
    Token(ExchangeProblem),
    /// No agreement covers it, and `missing` says what is missing and whom to ask; or the client may not do this
    #[response(status = 403, content_type = "application/problem+json")]
    Denied(ExchangeProblem),
    /// There is no such dataset
    #[response(status = 404, content_type = "application/problem+json")]
    Dataset(ExchangeProblem),
    /// The body did not arrive in time
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(ExchangeProblem),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    Large(ExchangeProblem),
    /// The body is not `application/json`
    #[response(status = 415, content_type = "application/problem+json")]
    Type(ExchangeProblem),
    /// The request has a field, a key, a question or a shape that is not right, or passes a limit
    #[response(status = 422, content_type = "application/problem+json")]
    Request(ExchangeProblem),
    /// The agreement's rate is used up
    #[response(status = 429, content_type = "application/problem+json")]
    Rate(ExchangeProblem),
    /// Busy, or the transfer cannot be recorded
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(ExchangeProblem),
}
