//! `citybrain exchange look-up`: one call of the exchange, as a department's system makes it.

use pool::exchange::Call;
use serde_json::{Value, json};

use super::{audience, city, now, said_no, server, signer};
use crate::cli::exchange::LookUpArgs;
use crate::error::{Exit, Outcome};
use crate::http;
use crate::printer::{Printer, properties};
use crate::settings::Layers;

/// Where look-ups go.
const TARGET: &str = "/exchange/v1/look-up";

/// Signs a call, sends it, and prints what comes back.
pub(crate) fn look_up(args: &LookUpArgs, layers: &Layers, printer: Printer) -> Outcome {
    let settings = layers.settings()?;
    let city = city(&settings.pool.city);
    let audience = audience(&city, &settings.pool.city)?;
    let mut ask = json!({ "dataset": args.dataset });
    if let Some(subject) = &args.subject {
        ask["subject"] = subject.as_str().into();
    } else {
        ask["key"] = args
            .key
            .iter()
            .map(|(field, value)| (field.clone(), typed(&city, &args.dataset, field, value)))
            .collect();
    }
    if !args.fields.is_empty() {
        ask["fields"] = args.fields.clone().into();
    }
    let body = ask.to_string();
    let signer = signer(&args.client, args.key_file.as_deref(), &city)?;
    let call = Call {
        method: "POST",
        target: TARGET,
        body: body.as_bytes(),
    };
    let token = signer.token(
        audience,
        &args.purpose,
        args.reference.as_deref(),
        call,
        now(),
    );
    let bearer = format!("Bearer {token}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    let answer = http::call(
        &server(args.server.as_ref(), layers)?,
        "POST",
        TARGET,
        &headers,
        body.as_bytes(),
    )?;
    let content = answer.json()?;
    if answer.status != 200 {
        said_no(answer.status, &content, printer)?;
        return Ok(Exit::Findings);
    }
    if printer.json {
        printer.json(&content)?;
    } else {
        print(&content, printer)?;
    }
    Ok(Exit::Success)
}

/// A value of the key as its field's type has it; a text, if the field is not known here.
fn typed(city: &city::City, dataset: &str, field: &str, value: &str) -> Value {
    use city::kinds::{Dataset, FieldType};
    let id = dataset.rsplit('/').next().unwrap_or(dataset);
    let kind = city
        .get::<Dataset>(id)
        .and_then(|dataset| dataset.value.field(field))
        .map(|field| field.kind);
    match kind {
        Some(FieldType::Integer | FieldType::Boolean) => {
            serde_json::from_str(value).unwrap_or_else(|_| value.into())
        }
        _ => value.into(),
    }
}

fn print(content: &Value, printer: Printer) -> std::io::Result<()> {
    let records = content["records"].as_array().map_or(&[][..], Vec::as_slice);
    for record in records {
        let values = record["values"].as_object().into_iter().flatten();
        let shown = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let mut rows: Vec<(&str, String)> = values
            .map(|(name, value)| (name.as_str(), shown(value)))
            .collect();
        rows.push(("since", shown(&record["since"])));
        printer.line(properties(rows).trim_fmt())?;
        printer.line("")?;
    }
    if records.is_empty() {
        printer.line("no record")?;
    }
    printer.note(format_args!(
        "{} of {}, under {}; entry {} of the ledger",
        content["dataset"].as_str().unwrap_or_default(),
        content["department"].as_str().unwrap_or_default(),
        content["agreement"].as_str().unwrap_or_default(),
        content["ledger"]["entry"],
    ));
    Ok(())
}
