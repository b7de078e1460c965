//! Where this server is, as its caller sees it.

use axum::http::HeaderMap;

/// The server's address without a path, as the caller of a request wrote it.
pub(crate) fn base(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let plain = |host: &&str| {
        let part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        !host.is_empty() && host.bytes().all(part)
    };
    let host = text("host").filter(plain).unwrap_or("localhost");
    let scheme = text("x-forwarded-proto")
        .filter(|scheme| *scheme == "https")
        .unwrap_or("http");
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                axum::http::HeaderName::from_static(name),
                value.parse().unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn the_address_is_the_one_that_was_called() {
        assert_eq!(base(&headers(&[("host", "city:8080")])), "http://city:8080");
        let behind = [("host", "city.example"), ("x-forwarded-proto", "https")];
        assert_eq!(base(&headers(&behind)), "https://city.example");
        assert_eq!(base(&headers(&[("host", "[::1]:80")])), "http://[::1]:80");
        for odd in ["a/b", "a b", "a\"b", ""] {
            assert_eq!(
                base(&headers(&[("host", odd)])),
                "http://localhost",
                "{odd}"
            );
        }
    }
}
