//! The three documents: what they say (snapshots, reviewed by whoever changes them) and what they always say.

use api::openapi::{Audience, document};
use serde_json::{Map, Value};
use tests::World;

#[test]
fn the_documents_say_what_they_said() {
    for audience in Audience::ALL {
        insta::assert_json_snapshot!(audience.as_str(), document(audience));
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let items = document["paths"].as_object().into_iter().flatten();
    items.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    })
}

#[test]
fn every_operation_is_described_whole() {
    let mut wrong = Vec::new();
    for audience in Audience::ALL {
        let document = document(audience);
        assert_eq!(document["openapi"], "3.1.0");
        for (name, operation) in operations(document) {
            let mut demand = |holds: bool, what: &str| {
                if !holds {
                    wrong.push(format!("{name}: {what}"));
                }
            };
            let id = operation["operationId"].as_str().unwrap_or_default();
            demand(id.starts_with(&format!("{}.", audience.as_str())) && id.split('.').count() == 3, "operationId is audience.file.fn");
            demand(operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "a summary that is a sentence");
            demand(operation["security"].is_array(), "who may call");
            demand(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "a tag");
            let responses = operation["responses"].as_object().cloned().unwrap_or_default();
            demand(responses.keys().any(|status| status.starts_with('2')), "a success");
            demand(["404", "429", "500", "503"].iter().all(|status| responses.contains_key(*status)), "its refusals");
            for name in name.split(['{', '}']).skip(1).step_by(2) {
                let described =
                    operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == *name && one["in"] == "path"));
                demand(described, &format!("the path parameter {name}"));
            }
            if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
                let body = resolve(document, schema);
                demand(body["additionalProperties"] == false, "a body that refuses fields nobody asked for");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_legal_and_references_lead_somewhere() {
    for audience in Audience::ALL {
        let document = document(audience);
        let components = document["components"].as_object().cloned().unwrap_or_default();
        for (kind, members) in &components {
            for name in members.as_object().unwrap_or(&Map::new()).keys() {
                assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{kind}/{name} is no name for client generators");
            }
        }
        let mut lost = Vec::new();
        walk(document, &mut |value| {
            if let Some(target) = value["$ref"].as_str()
                && document.pointer(target.trim_start_matches('#')).is_none()
            {
                lost.push(target.to_owned());
            }
        });
        assert!(lost.is_empty(), "{}: {lost:?}", audience.as_str());
    }
}

#[tokio::test]
async fn documents_and_pages_are_served_without_help_from_elsewhere() {
    let world = World::new().await;
    let anybody = world.anybody("/");
    for audience in Audience::ALL {
        let served = anybody.get(format!("/openapi/{}.json", audience.as_str())).await.ok();
        assert_eq!(&served, document(audience));
        let page = anybody.get(format!("/docs/{}/", audience.as_str())).await;
        assert_eq!(page.status(), 200);
        assert!(!page.text().contains("https://"), "nothing is loaded from elsewhere");
        assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'self'")));
        assert_eq!(anybody.get(format!("/docs/{}/swagger-ui-bundle.js", audience.as_str())).await.status(), 200);
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(target) => document.pointer(target.trim_start_matches('#')).unwrap_or(schema),
        None => schema,
    }
}

fn walk(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
        Value::Object(members) => members.values().for_each(|value| walk(value, visit)),
        _ => {}
    }
}
