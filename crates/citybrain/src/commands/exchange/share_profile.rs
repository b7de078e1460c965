//! `citybrain client share-profile`: the profile file with which pandas, Spark and the like take
//! what agreements let a client take in bulk.

use pool::exchange::Call;

use super::client::write_private;
use super::{audience, city, now, said_no, server, signer};
use crate::cli::exchange::ShareProfileArgs;
use crate::error::{Error, Exit, Outcome};
use crate::http;
use crate::printer::Printer;
use crate::settings::Layers;

/// Where profiles are made and revoked.
const TARGET: &str = "/exchange/v1/delta-sharing/profile";

/// Asks a server for a profile, or revokes one.
pub(crate) fn share_profile(args: &ShareProfileArgs, layers: &Layers, printer: Printer) -> Outcome {
    let folder = layers.settings()?.pool.city;
    let city = city(&folder);
    let audience = audience(&city, &folder)?;
    let (method, target) = match &args.revoke {
        Some(profile) => ("DELETE", format!("{TARGET}/{profile}")),
        None => ("POST", TARGET.to_owned()),
    };
    let call = Call {
        method,
        target: &target,
        body: b"",
    };
    let signer = signer(&args.client, args.key_file.as_deref(), &city)?;
    let token = signer.token(
        audience,
        &args.purpose,
        args.reference.as_deref(),
        call,
        now(),
    );
    let bearer = format!("Bearer {token}");
    let server = server(args.server.as_ref(), layers)?;
    let headers = [("authorization", bearer.as_str())];
    let answer = http::call(&server, method, &target, &headers, b"")?;
    if !(200..300).contains(&answer.status) {
        said_no(answer.status, &answer.json()?, printer)?;
        return Ok(Exit::Findings);
    }
    if let Some(profile) = &args.revoke {
        printer.note(format_args!("the profile {profile} is revoked"));
        return Ok(Exit::Success);
    }
    let content = answer.json()?;
    let Some(path) = &args.out else {
        printer.json(&content)?;
        return Ok(Exit::Success);
    };
    let text = serde_json::to_string_pretty(&content).map_err(Error::internal)?;
    write_private(path, &format!("{text}\n"))?;
    let token = content["bearerToken"].as_str().unwrap_or_default();
    printer.note(format_args!(
        "the profile {} is in {} and good until {}; who has the file can use it",
        token.split('.').next().unwrap_or_default(),
        path.display(),
        content["expirationTime"].as_str().unwrap_or_default()
    ));
    Ok(Exit::Success)
}
