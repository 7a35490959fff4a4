//! What any operation may refuse with, by what it takes: the same words everywhere, written once.

use serde_json::{Value, json};

use super::names::operations;

pub(super) fn add(document: &mut Value) {
    for item in document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            for (status, name) in refusals(method, operation) {
                if operation["responses"].get(status).is_none() {
                    operation["responses"][status] = json!({ "$ref": format!("#/components/responses/{name}") });
                }
            }
        }
    }
    for operation in operations(document) {
        if let Some(responses) = operation["responses"].as_object_mut() {
            responses.sort_keys();
        }
    }
    document["components"]["schemas"]["Problem"] = problem();
    document["components"]["responses"] = RESPONSES.iter().map(|(name, text)| ((*name).to_owned(), response(text))).collect();
}

fn refusals(method: &str, operation: &Value) -> Vec<(&'static str, &'static str)> {
    let has_parameter = |place: &str| operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["in"] == place));
    let takes = |name: &str| operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == name));
    let (has_body, changes) = (operation.get("requestBody").is_some(), method != "get");
    let all = [
        (has_body || takes("Idempotency-Key"), "400", "Malformed"),
        (true, "401", "Unauthorized"),
        (true, "403", "Forbidden"),
        (true, "404", "NotFound"),
        (changes, "409", "Conflict"),
        (takes("If-Match"), "412", "ChangedMeanwhile"),
        (has_body, "413", "TooLarge"),
        (has_body, "415", "UnsupportedMediaType"),
        (has_body || has_parameter("query"), "422", "Invalid"),
        (true, "429", "TooMany"),
        (true, "500", "Internal"),
        (true, "503", "Unavailable"),
    ];
    all.into_iter().filter(|(applies, ..)| *applies).map(|(_, status, name)| (status, name)).collect()
}

const RESPONSES: [(&str, &str); 12] = [
    ("Malformed", "The request cannot be read"),
    ("Unauthorized", "The credential is missing, unknown or expired"),
    ("Forbidden", "The caller is known and may not; `code` says which permission or rule"),
    ("NotFound", "There is no such thing here"),
    ("Conflict", "It does not fit what is; `code` says how"),
    ("ChangedMeanwhile", "`If-Match` names a version that is no longer current"),
    ("TooLarge", "The body is too large"),
    ("UnsupportedMediaType", "The body is not of the wanted type"),
    ("Invalid", "Fields are wrong; `errors` names each by its JSON pointer"),
    ("TooMany", "A limit is reached; repeat after `Retry-After`"),
    ("Internal", "A failure of ours; nothing is told but the request id"),
    ("Unavailable", "Not available now; repeat after `Retry-After`"),
];

fn response(text: &str) -> Value {
    json!({
        "description": text,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was refused (RFC 9457).",
        "required": ["type", "code", "title", "status", "detail", "request_id"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "code": { "type": "string", "description": "Stable, for programs.", "examples": ["catalog.slug_taken"] },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "A sentence, for people." },
            "request_id": { "type": "string", "description": "Names this request in our logs." },
            "challenge": {
                "type": "string",
                "description": "With `identity.second_factor_required`: goes to `/auth/second-factor` together with a code.",
            },
            "errors": {
                "type": "array",
                "description": "Each field that is wrong.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "description": "RFC 6901, into the body or the query.", "examples": ["/lines/0/quantity"] },
                        "code": { "type": "string" },
                        "detail": { "type": "string" },
                    },
                },
            },
        },
    })
}
