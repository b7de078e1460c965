//! `POST /bureau/acting`: in a demonstration, the visitor chooses the department to act as.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use city::kinds::Department;
use serde::Deserialize;

use super::desk::Desk;
use super::form::Form;
use super::miss::Miss;

#[derive(Debug, Deserialize)]
pub(super) struct Acting {
    department: String,
    back: String,
}

pub(super) async fn act(
    State(desk): State<Arc<Desk>>,
    Form(acting): Form<Acting>,
) -> Result<Response, Miss> {
    desk.only_demonstration()?;
    let compiled = desk.compiled();
    let department = compiled.city.get::<Department>(&acting.department);
    let department = department
        .ok_or_else(|| Miss::Wrong(format!("there is no department {:?}", acting.department)))?;
    let back = if is_ours(&acting.back) {
        acting.back.as_str()
    } else {
        "/bureau"
    };
    let mut response = Redirect::to(back).into_response();
    let cookie = format!(
        "acting={}; Path=/; Max-Age=86400; SameSite=Lax; HttpOnly",
        department.id
    );
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| Miss::broken(&error))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Whether an address leads back to a page of ours, and nowhere else.
fn is_ours(address: &str) -> bool {
    let ours = address == "/my-data"
        || address == "/bureau"
        || address.starts_with("/bureau/")
        || address.starts_with("/bureau?");
    ours && address
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for ours in ["/bureau", "/bureau/sql", "/bureau?x=1", "/my-data"] {
            assert!(is_ours(ours), "{ours}");
        }
        for foreign in [
            "//evil.example/bureau",
            "https://evil.example",
            "/\\evil",
            "/bureau/\r\nset-cookie: x",
            "",
        ] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }
}
