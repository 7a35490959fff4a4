//! Stores and people of a test, made through the API.

use commerce::identity::{
    operators::{self, Enrolled},
    second_factors::totp::Secret,
};
use serde_json::json;
use tenancy::{AccountId, TenantId};

use crate::{
    caller::Caller,
    database::texts,
    world::{HOST, World},
};

/// An open store, its owner signed in.
pub struct Store {
    pub id: TenantId,
    pub slug: String,
    pub currency: String,
    pub email: String,
    pub password: String,
    pub access_token: String,
    pub publishable_key: String,
    pub secret_key: String,
}

impl Store {
    /// The store's host name.
    pub fn host(&self) -> String {
        format!("{}.{HOST}", self.slug)
    }
}

pub(crate) async fn open(world: &World, slug: &str, currency: &str, country: &str, prices_include_tax: bool) -> Store {
    let (email, password) = (format!("owner@{slug}.example"), format!("the password of {slug}"));
    let request = json!({
        "email": email, "password": password, "owner_name": format!("Owner of {slug}"),
        "name": slug, "slug": slug, "currency": currency, "country": country, "time_zone": "Europe/Berlin",
        "prices_include_tax": prices_include_tax,
    });
    let opened = world.anybody("/vendor/v1").post("stores", &request).await.ok();
    let text = |pointer: &str| {
        opened.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_else(|| panic!("no {pointer} in {opened}")).to_owned()
    };
    Store {
        id: text("/store/id").parse().expect("a tenant's id"),
        slug: slug.to_owned(),
        currency: currency.to_owned(),
        access_token: text("/access_token"),
        publishable_key: text("/publishable_key"),
        secret_key: text("/secret_key"),
        email,
        password,
    }
}

/// Somebody who works in a store, signed in there.
pub struct Colleague {
    pub id: AccountId,
    pub email: String,
    pub password: String,
    pub access_token: String,
    pub refresh_token: String,
}

/// Made behind the product's back: an invitation would take a mail.
pub(crate) async fn employ(world: &World, store: &Store, name: &str, role: &str) -> Colleague {
    let (email, password) = (format!("{name}@{}.example", store.slug), format!("the password of {name}"));
    let tx = world.state.database.platform().begin().await.expect("a transaction");
    let address = email.parse().expect("an address");
    let hash = world.state.passwords.hash(&email, &password).await.expect("a hash");
    let id =
        commerce::identity::accounts::create(&tx, &world.clock, (&address, name), &hash).await.expect("an account").expect("a new one");
    tx.commit().await.expect("a commit");
    let (kind, custom) = match role.parse() {
        Ok(commerce::identity::team::RoleRef::Custom(id)) => ("custom", format!("'{}'", id.uuid())),
        _ => (role, "NULL".to_owned()),
    };
    let sql = format!(
        "INSERT INTO memberships (tenant_id, account_id, role, role_id, created_at) VALUES ('{}', '{}', '{kind}', {custom}, now()) RETURNING 'made'",
        store.id.uuid(),
        id.uuid()
    );
    texts(&mut world.superuser().await, &sql).await;
    let request = json!({ "email": email, "password": password, "store": store.slug });
    let signed_in = world.anybody("/vendor/v1").post("auth/sign-in", &request).await.ok();
    let text = |name: &str| signed_in[name].as_str().unwrap_or_else(|| panic!("no {name} in {signed_in}")).to_owned();
    Colleague { id, access_token: text("access_token"), refresh_token: text("refresh_token"), email, password }
}

/// An operator's credentials beside the authenticator.
pub const OPERATOR: (&str, &str) = ("operator@stoa.test", "the password of an operator");

/// Makes an operator, as the command line does.
pub(crate) async fn add_operator(world: &World, (email, password): (&str, &str)) -> Enrolled {
    let tx = world.state.database.platform().begin().await.expect("a transaction");
    let given = (&email.parse().expect("an address"), "Operator", password);
    let enrolled = operators::add(&tx, &world.state.passwords, world.state.means(), given, Secret::draw()).await.expect("an operator");
    tx.commit().await.expect("a commit");
    enrolled
}

pub(crate) async fn operator(world: &World) -> Caller {
    let enrolled = add_operator(world, OPERATOR).await;
    let caller = world.anybody("/platform/v1");
    let challenged = caller.post("auth/sign-in", &json!({ "email": OPERATOR.0, "password": OPERATOR.1 })).await.ok();
    let code = world.authenticator(&enrolled.secret.base32()).code();
    let answer = json!({ "challenge": challenged["challenge"], "code": code });
    let signed_in = caller.post("auth/second-factor", &answer).await.ok();
    caller.with_token(signed_in["access_token"].as_str().expect("an access token"))
}
