//! The page's scripts and styles: embedded in release builds, read from `web/dist` in dev builds,
//! and allowed to be missing.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Where Vite writes down what it built.
const MANIFEST: &str = ".vite/manifest.json";
/// The Command centre's entry in the manifest.
pub(crate) const COMMAND_CENTRE: &str = "src/main.ts";
/// The entry of the Bureau's pages.
pub(crate) const BUREAU: &str = "src/bureau.ts";

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    file: String,
    #[serde(default)]
    css: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
    #[serde(default)]
    is_entry: bool,
}

/// What the page's head refers to; paths start with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) script: String,
    pub(crate) styles: Vec<String>,
    pub(crate) preloads: Vec<String>,
}

/// The built page.
#[derive(Debug)]
pub(crate) struct Assets;

impl Assets {
    /// An entry; `None` when `web/dist` has not been built.
    #[expect(clippy::unused_self, reason = "reads as what it belongs to")]
    pub(crate) fn entry(&self, name: &str) -> Option<Entry> {
        entry_of(&Dist::get(MANIFEST)?.data, name)
    }

    /// A file below `web/dist`, if it is one that may be seen.
    #[expect(clippy::unused_self, reason = "reads as what it belongs to")]
    pub(crate) fn file(&self, path: &str) -> Option<Response> {
        let hidden = path
            .split('/')
            .any(|part| part.is_empty() || part.starts_with('.'));
        if hidden || path.contains(['\\', '\0']) || path == "index.html" {
            return None;
        }
        let file = Dist::get(path)?;
        Some(response(path, file))
    }
}

fn response(path: &str, file: EmbeddedFile) -> Response {
    // Vite puts a hash of the contents into the names below assets/.
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    let mut response = (StatusCode::OK, Body::from(file.data.into_owned())).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type(path)),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("html") => "text/html; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// An entry of a manifest.
fn entry_of(manifest: &[u8], name: &str) -> Option<Entry> {
    let chunks: BTreeMap<String, Chunk> = serde_json::from_slice(manifest).ok()?;
    let chunk = chunks.get(name).filter(|chunk| chunk.is_entry)?;
    let mut entry = Entry {
        script: format!("/{}", chunk.file),
        ..Entry::default()
    };
    let mut open = vec![chunk];
    let mut seen = Vec::new();
    while let Some(chunk) = open.pop() {
        for style in &chunk.css {
            let style = format!("/{style}");
            if !entry.styles.contains(&style) {
                entry.styles.push(style);
            }
        }
        for import in &chunk.imports {
            if let Some(imported) = chunks.get(import)
                && !seen.contains(&import)
            {
                seen.push(import);
                entry.preloads.push(format!("/{}", imported.file));
                open.push(imported);
            }
        }
    }
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_brings_the_styles_and_imports_of_all_its_chunks() {
        let manifest = br#"{
            "_map.js": {"file": "assets/map-1.js", "css": ["assets/map-1.css"], "imports": ["_map.js"]},
            "src/main.ts": {"file": "assets/main-2.js", "isEntry": true,
                            "css": ["assets/main-2.css"], "imports": ["_map.js"]}
        }"#;
        assert_eq!(
            entry_of(manifest, COMMAND_CENTRE),
            Some(Entry {
                script: "/assets/main-2.js".to_owned(),
                styles: vec![
                    "/assets/main-2.css".to_owned(),
                    "/assets/map-1.css".to_owned()
                ],
                preloads: vec!["/assets/map-1.js".to_owned()],
            })
        );
        assert_eq!(entry_of(manifest, BUREAU), None);
        assert_eq!(entry_of(b"not json", BUREAU), None);
    }

    #[test]
    fn hidden_files_and_ways_out_are_not_served() {
        let assets = Assets;
        for path in [
            ".vite/manifest.json",
            "../Cargo.toml",
            "assets/../../x",
            "",
            "a//b",
        ] {
            assert!(assets.file(path).is_none(), "{path:?}");
        }
    }
}
