//! Names in the documents. Types and handlers are named by their module path, which is unique by construction; what a reader
//! sees is then shortened to the type's own name where no other type of the document shares it.

use std::{any::TypeId, collections::BTreeMap};

use salvo::oapi::naming::{NameRule, Namer, set_name_type_info};
use serde_json::{Map, Value};

/// `api::vendor::products::create` → `vendor.products.create`.
pub(super) struct HandlerPaths;

impl Namer for HandlerPaths {
    fn assign_name(&self, type_id: TypeId, type_name: &'static str, rule: NameRule) -> String {
        let name = match rule {
            NameRule::Force(name) => name.to_owned(),
            NameRule::Auto => {
                let path = type_name.split('<').next().unwrap_or(type_name);
                path.strip_prefix("api::").unwrap_or(path).replace("::", ".")
            }
        };
        set_name_type_info(name.clone(), type_id, type_name);
        name
    }
}

const SCHEMAS: &str = "#/components/schemas/";

/// Renames `vendor.products.Product` to `Product`, or to `ProductsProduct` where another file has a `Product` too, and gives
/// operations without a tag the name of their file.
pub(super) fn shorten(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let long: Vec<String> = schemas.keys().cloned().collect();
    let new: BTreeMap<String, String> = long.iter().map(|name| (name.clone(), short(name, &long))).collect();
    let renamed: Map<String, Value> = std::mem::take(schemas).into_iter().map(|(name, schema)| (new[&name].clone(), schema)).collect();
    *schemas = renamed;
    point_to(document, &new);
    for operation in operations(document) {
        let file = operation["operationId"].as_str().and_then(|id| id.rsplit('.').nth(1)).unwrap_or("other").replace('_', " ");
        if operation.get("tags").is_none() {
            operation["tags"] = Value::from(vec![capitalised(&file)]);
        }
    }
}

fn short(name: &str, all: &[String]) -> String {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    if all.iter().filter(|other| last(other) == last(name)).count() == 1 {
        return last(name);
    }
    name.rsplit('.').take(2).collect::<Vec<_>>().into_iter().rev().map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn point_to(value: &mut Value, new: &BTreeMap<String, String>) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| point_to(value, new)),
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get_mut("$ref")
                && let Some(name) = target.strip_prefix(SCHEMAS).and_then(|name| new.get(name))
            {
                *target = format!("{SCHEMAS}{name}");
            }
            members.values_mut().for_each(|value| point_to(value, new));
        }
        _ => {}
    }
}

/// Every operation of a document.
pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    paths.filter_map(Value::as_object_mut).flat_map(|item| {
        const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
        item.iter_mut().filter(|(name, _)| METHODS.contains(&name.as_str())).map(|(_, operation)| operation)
    })
}
