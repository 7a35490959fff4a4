//! Who may do what: every operation of the three documents, as everybody. The snapshot is a page that a person can check; a
//! new route shows up in it by itself and fails until somebody has looked.

use std::{fmt::Write, time::Duration};

use api::{
    Audience::Customer,
    openapi::{Audience, document},
};
use commerce::{
    customers::{self, NewCustomer, SignIn},
    identity::Device,
    text::Email,
};
use serde_json::{Map, Value, json};
use tenancy::BuiltInRole;
use tests::{Caller, Store, World, database::execute};

/// An id that nobody has.
const NOBODY: &str = "01h2xcejqtf2nbrexx3vqjhp41";

#[tokio::test]
async fn everybody_may_what_this_page_says() {
    let mut world = World::with_high_limits().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    world.leave_facts();
    let team = team(&world, &ada).await;
    let narrow = narrow(&world, &ada).await;
    let operator = world.operator().await;
    let support = support(&world, &operator, &ada).await;
    let home = ada.host();
    let guest = world.anybody("/").on_host(&home);
    let customer = customer(&world, &ada).await.on_host(&home);
    let stranger = self::customer(&world, &bob).await.on_host(&home);
    let mut page = String::new();
    for audience in Audience::ALL {
        let shopper = guest.with("stoa-publishable-key", &bob.publishable_key);
        let everybody = match audience {
            Audience::Storefront => vec![
                ("guest", guest.clone()),
                ("with another store's key", shopper),
                ("customer", customer.clone()),
                ("other store's customer", stranger.clone()),
            ],
            Audience::Vendor | Audience::Platform => [("guest", guest.clone())]
                .into_iter()
                .chain(team.iter().map(|(role, caller)| (*role, caller.on_host(&home))))
                .chain([
                    ("key without scope", narrow.on_host(&home)),
                    ("other store's owner", world.vendor(&bob).on_host(&home)),
                    ("customer", customer.clone()),
                    ("operator", operator.clone()),
                    ("platform's support", support.on_host(&home)),
                ])
                .collect(),
        };
        // What is open to everyone asks for no credential: one caller is enough. A process of its own counts what it asks, so that
        // limits by address stay out of sight.
        let anybody = [("guest", guest.at(&world.sibling().await))];
        for (name, request) in requests(document(audience)) {
            let mut answers = Vec::new();
            let callers = if request.is_open { &anybody[..] } else { &everybody[..] };
            for (who, caller) in callers {
                answers.push(format!("{who} {}", request.send(caller).await));
            }
            let _infallible = writeln!(page, "{name:<64} {}", answers.join(" · "));
        }
    }
    insta::assert_snapshot!(page);
}

#[tokio::test]
async fn t052_a_key_without_a_scope_opens_nothing() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let narrow = narrow(&world, &ada).await;
    let mut open = Vec::new();
    for (name, request) in requests(document(Audience::Vendor)).into_iter().filter(|(_, request)| !request.is_open) {
        let status = request.send(&narrow).await;
        if status < 400 {
            open.push(format!("{name} {status}"));
        }
    }
    assert!(open.iter().all(|name| name.contains("analytics")), "each of these forgot to ask `may I`: {open:?}");
}

/// A token that was good a moment ago.
#[tokio::test]
async fn t034_an_expired_token_opens_no_route() {
    let mut world = World::at("2026-03-01T12:00:00Z").await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let (vendor, operator, customer) = (world.vendor(&ada), world.operator().await, customer(&world, &ada).await.on_host(&ada.host()));
    world.clock.advance(chrono::TimeDelta::minutes(11));
    let mut open = Vec::new();
    for (audience, caller) in [(Audience::Vendor, &vendor), (Audience::Platform, &operator), (Audience::Storefront, &customer)] {
        for (name, request) in requests(document(audience)).into_iter().filter(|(_, request)| !request.is_open) {
            let status = request.send(caller).await;
            if status != 401 {
                open.push(format!("{name} {status}"));
            }
        }
    }
    assert!(open.is_empty(), "an expired token was taken for a good one: {open:#?}");
}

/// A process that remembers a session changes nothing for it once it has ended, wherever that happened: not the people's own things, not
/// the store's, not the platform's. What it remembers serves reading alone.
#[tokio::test]
async fn t037_an_ended_session_changes_nothing_in_a_process_that_remembers_it() {
    let mut world = World::with_high_limits().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let operator = world.operator().await;
    let (sibling, home) = (world.sibling().await, ada.host());
    let signed_in = [
        (Audience::Vendor, world.vendor(&ada), "/vendor/v1/store"),
        (Audience::Vendor, support(&world, &operator, &ada).await, "/vendor/v1/store"),
        (Audience::Platform, operator, "/platform/v1/tenants"),
        (Audience::Storefront, customer(&world, &ada).await, "/storefront/v1/customer"),
    ];
    let signed_in = signed_in.map(|(audience, caller, warm)| (audience, caller.on_host(&home).at(&sibling), warm));
    for (_, caller, warm) in &signed_in {
        caller.get(*warm).await.ok();
    }
    for table in ["refresh_tokens", "customer_refresh_tokens"] {
        execute(&mut world.superuser().await, &format!("UPDATE {table} SET revoked_at = now()")).await;
    }
    let mut done = Vec::new();
    for (audience, caller, warm) in &signed_in {
        caller.get(*warm).await.ok();
        for (name, request) in requests(document(*audience)) {
            // A guest may do these: they are the cart's, not the customer's.
            let is_own = *audience != Audience::Storefront || request.path.contains("/customer");
            if request.method != "get" && !request.is_open && is_own && request.send(caller).await != 401 {
                done.push(name);
            }
        }
    }
    assert!(done.is_empty(), "done by who had signed out: {done:#?}");
}

/// Nor does it change by a role what that role may no more.
#[tokio::test]
async fn t037_a_lost_role_changes_nothing_in_a_process_that_remembers_it() {
    let mut world = World::with_high_limits().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let kim = world.employ(&ada, "kim", "administrator").await;
    let there = world.colleague(&kim).on_host(&ada.host()).at(&world.sibling().await);
    there.get("/vendor/v1/store").await.ok();
    execute(&mut world.superuser().await, "UPDATE memberships SET role = 'read_only' WHERE role = 'administrator'").await;
    there.get("/vendor/v1/audit").await.ok();
    let mut done = Vec::new();
    for (name, request) in requests(document(Audience::Vendor)) {
        let is_theirs = name.contains("/account") || name.ends_with("/leave");
        if request.method != "get" && !request.is_open && !is_theirs && request.send(&there).await < 300 {
            done.push(name);
        }
    }
    assert!(done.is_empty(), "done by who has lost the role: {done:#?}");
}

struct Request {
    method: String,
    path: String,
    body: Option<Value>,
    is_open: bool,
}

impl Request {
    async fn send(&self, caller: &Caller) -> u16 {
        let reply = match (self.method.as_str(), &self.body) {
            ("get", _) => caller.get(&self.path).await,
            ("delete", _) => caller.delete(&self.path).await,
            ("post", Some(body)) => caller.post(&self.path, body).await,
            ("post", None) => caller.act(&self.path).await,
            ("put", body) => caller.put(&self.path, body).await,
            (_, body) => caller.patch(&self.path, body).await,
        };
        reply.status()
    }
}

/// A request for every operation, as valid as its description lets us make it.
fn requests(document: &Value) -> Vec<(String, Request)> {
    let mut requests = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let mut filled = path.clone();
            let mut query = Vec::new();
            for parameter in &parameters {
                let (name, place) = (parameter["name"].as_str().unwrap_or_default(), parameter["in"].as_str().unwrap_or_default());
                let value = text(&example(document, name, &parameter["schema"]));
                if place == "path" {
                    filled = filled.replace(&format!("{{{name}}}"), &value);
                } else if place == "query" && parameter["required"] == true {
                    query.push(format!("{name}={value}"));
                }
            }
            if !query.is_empty() {
                filled = format!("{filled}?{}", query.join("&"));
            }
            let schema = operation.pointer("/requestBody/content/application~1json/schema");
            // Nobody is asked who they are: not even those who might say it.
            let security = operation["security"].as_array().cloned().unwrap_or_default();
            let is_open = security.contains(&json!({})) && !security.iter().any(|one| one.get("customerToken").is_some());
            let body = schema.map(|schema| example(document, "", schema));
            requests.push((format!("{} {path}", method.to_uppercase()), Request { method: method.clone(), path: filled, body, is_open }));
        }
    }
    // Whoever has left may nothing more: that is asked last.
    requests.sort_by_key(|(name, _)| name.ends_with("/leave"));
    requests
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value that fits a schema, from its own examples where it has some and from the field's name where it says little.
fn example(document: &Value, name: &str, schema: &Value) -> Value {
    let schema = match schema["$ref"].as_str() {
        Some(target) => document.pointer(target.trim_start_matches('#')).unwrap_or(schema),
        None => schema,
    };
    if let Some(all) = schema["allOf"].as_array() {
        let parts = all.iter().filter_map(|part| example(document, name, part).as_object().cloned());
        return Value::Object(parts.flatten().collect::<Map<_, _>>());
    }
    if let Some(one) =
        schema["oneOf"].as_array().or(schema["anyOf"].as_array()).and_then(|all| all.iter().find(|one| one["type"] != "null"))
    {
        return example(document, name, one);
    }
    let given = schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema["enum"].get(0));
    if let Some(given) = given {
        return given.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "string" => Value::from(word(name, schema)),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "array" if schema["minItems"].as_u64().unwrap_or(0) > 0 => json!([example(document, name, &schema["items"])]),
        "array" => json!([]),
        _ => {
            let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let members = schema["properties"].as_object().into_iter().flatten().filter(|(member, _)| required.contains(&member.as_str()));
            Value::Object(members.map(|(member, schema)| (member.clone(), example(document, member, schema))).collect())
        }
    }
}

fn word(name: &str, schema: &Value) -> String {
    let by_name = match name {
        "email" | "contact_email" => "someone@example.com",
        "password" => "a password for everybody",
        "currency" => "EUR",
        "country" => "DE",
        "time_zone" => "Europe/Berlin",
        "percent" => "7",
        "amount" => "1.00",
        "url" | "tracking_url" => "https://example.com/a.png",
        "scopes" => "read_products",
        "from" => "2026-01-01",
        "to" => "2026-01-31",
        _ => "",
    };
    match schema["format"].as_str() {
        _ if !by_name.is_empty() => by_name.to_owned(),
        Some("date-time") => "2026-01-01T00:00:00Z".to_owned(),
        Some("date") => "2026-01-01".to_owned(),
        _ if name == "id" => format!("none_{NOBODY}"),
        _ => "something".to_owned(),
    }
}

/// A member of each role that every store has.
async fn team(world: &World, store: &Store) -> Vec<(&'static str, Caller)> {
    let mut team = vec![(BuiltInRole::Owner.as_str(), world.vendor(store))];
    for role in &BuiltInRole::ALL[1..] {
        let colleague = world.employ(store, role.as_str(), role.as_str()).await;
        team.push((role.as_str(), world.colleague(&colleague)));
    }
    team
}

/// Somebody who is signed in to a store's storefront; made below the API, whose limits by address all callers here share.
async fn customer(world: &World, store: &Store) -> Caller {
    let (db, clock) = (world.db(store), &world.clock);
    let (email, password): (Email, _) = ("customer@example.com".parse().expect("an address"), "the password of a customer");
    let new = NewCustomer { email: email.clone(), name: "Customer".into(), password: password.into(), accepts_marketing: None };
    customers::register(&db, &world.state.passwords, clock, &new).await.expect("a customer");
    let means = (&world.state.passwords, &world.state.carts, clock);
    let tenant = world.state.directory.by_id(store.id).await.expect("the store");
    let request = SignIn { email, password: password.into(), cart: None };
    let device = Device { user_agent: None, address: [127, 0, 0, 1].into(), request_id: "a test".into() };
    let who = customers::sign_in(&db, means, &tenant, &request, &device).await.expect("a session").session.who;
    let valid = (clock.now(), Duration::from_mins(10));
    let token = world.state.signer.sign(Customer, who.customer.to_string(), (who.session, Some(store.id)), valid).expect("a token");
    world.anybody("/").with_token(&token)
}

/// An operator inside the store.
async fn support(world: &World, operator: &Caller, store: &Store) -> Caller {
    let path = format!("tenants/{}/support-sessions", store.id);
    let begun = operator.post(path, &json!({ "reason": "A question", "minutes": 60 })).await.ok();
    world.anybody("/vendor/v1").with_token(begun["access_token"].as_str().expect("an access token"))
}

/// A key that may do next to nothing: a key needs a scope, so it has the one that opens least.
async fn narrow(world: &World, store: &Store) -> Caller {
    let key = json!({ "name": "Narrow", "kind": "secret", "scopes": ["read_analytics"] });
    let made = world.vendor(store).post("keys", &key).await.ok();
    world.anybody("/vendor/v1").with_token(made["secret"].as_str().expect("a secret"))
}
