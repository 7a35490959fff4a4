//! The providers that a store brings, and the addresses its customers come back to.

use serde_json::{Value, json};
use tests::{
    World,
    database::texts,
    idp::{CLIENT, Idp, Person, SECRET},
    oauth::{STOREFRONT, begin_as_customer, brought, grant, offered, register_return_url, sign_in_as_customer},
};

fn described(issuer: &str) -> Value {
    json!({ "name": "Mugs Club", "kind": "oidc", "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET })
}

#[tokio::test]
async fn a_store_brings_its_own_provider() {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[])).await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    for store in [&ada, &bob] {
        register_return_url(&world, store).await;
    }
    let owner = world.vendor(&ada);
    let made = owner.post("identity-providers", &described(&idp.issuer)).await.ok();
    assert_eq!(
        (&made["issuer"], &made["is_enabled"], &made["scopes"]),
        (&json!(idp.issuer), &json!(true), &json!(["openid", "email", "profile"]))
    );
    assert!(made.get("client_secret").is_none());
    let id = made["id"].as_str().unwrap();
    let path = format!("identity-providers/{id}");
    let grace = Person::proved("grace", "grace@shopper.example");
    let customer = sign_in_as_customer(&world, &ada, (&idp, id), &grace).await;
    customer.caller.get("customer").await.ok();

    // Another store's customers, and accounts, know nothing of it.
    begin_as_customer(&world.shopper(&bob), id).await.refused(422, "identity.unknown_provider");
    world.vendor(&bob).get(&path).await.refused(404, "identity.provider_not_found");
    world.vendor(&bob).patch(&path, &json!({ "is_enabled": false })).await.refused(404, "identity.provider_not_found");
    world.vendor(&bob).delete(&path).await.refused(404, "identity.provider_not_found");
    assert_eq!(world.shopper(&bob).get("customer/providers").await.ok()["data"], json!([]));
    tests::oauth::begin_as_account(&world, id).await.refused(422, "identity.unknown_provider");

    // Switched off it lets nobody in, not even who was on the way.
    let shopper = world.shopper(&ada);
    let begun = begin_as_customer(&shopper, id).await;
    owner.patch(&path, &json!({ "is_enabled": false, "name": "Club" })).await.ok();
    assert_eq!(tests::oauth::error(&world, &idp, &begun, &grace).await, "provider_unavailable");
    begin_as_customer(&shopper, id).await.refused(422, "identity.unknown_provider");
    assert_eq!(shopper.get("customer/providers").await.ok()["data"], json!([]));
    owner.patch(&path, &json!({ "is_enabled": true })).await.ok();
    sign_in_as_customer(&world, &ada, (&idp, id), &grace).await;

    // A new secret is used from then on.
    owner.patch(&path, &json!({ "client_secret": "not this one" })).await.ok();
    assert_eq!(tests::oauth::error(&world, &idp, &begin_as_customer(&shopper, id).await, &grace).await, "provider_unavailable");
    let waiting = grant_of(&world, &idp, &owner, &path, id).await;
    assert_eq!(owner.delete(&path).await.status(), 204);
    shopper.post("customer/oauth/finish", &brought(&waiting)).await.refused(422, "identity.grant_invalid");
    customer.caller.get("customer").await.refused(401, "identity.unauthorized");
    shopper.post("customer/refresh", &json!({ "refresh_token": customer.refresh_token })).await.refused(401, "identity.session_ended");
    begin_as_customer(&shopper, id).await.refused(422, "identity.unknown_provider");
    world.run_jobs().await;
}

async fn grant_of(world: &World, idp: &Idp, owner: &tests::Caller, path: &str, id: &str) -> String {
    owner.patch(path, &json!({ "client_secret": SECRET })).await.ok();
    let store = owner.get("store").await.ok();
    let shopper = world.anybody("/storefront/v1").on_host(&format!("{}.{}", store["slug"].as_str().unwrap(), tests::HOST));
    grant(world, idp, &begin_as_customer(&shopper, id).await, &Person::proved("grace", "grace@shopper.example")).await
}

/// The secret is sealed in its row, shown to nobody, and masked in the audit log.
/// Whoever names a provider could sign in as anybody whom it vouches for: nobody sees by it what they may not see.
#[tokio::test]
async fn t054_who_may_not_read_customers_names_no_provider() {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[])).await;
    let ada = world.tenant("ada").await;
    let owner = world.vendor(&ada);
    let made = owner.post("identity-providers", &described(&idp.issuer)).await.ok();
    let path = format!("identity-providers/{}", made["id"].as_str().unwrap());
    for (lacks, missing) in [(vec!["read_orders"], "read_customers"), (vec!["read_customers"], "read_orders")] {
        let permissions: Vec<&str> = lacks.into_iter().chain(["read_identity_providers", "write_identity_providers"]).collect();
        let role = owner.post("roles", &json!({ "name": missing, "permissions": permissions })).await.ok();
        let colleague = world.colleague(&world.employ(&ada, missing, role["id"].as_str().unwrap()).await);
        for reply in [
            colleague.post("identity-providers", &described(&idp.issuer)).await,
            colleague.patch(&path, &json!({ "client_id": "mine" })).await,
            colleague.post("return-urls", &json!({ "url": "https://evil.example/in" })).await,
        ] {
            let problem = reply.refused(403, "identity.permission_missing");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(missing)), "{problem}");
        }
    }
    let program = world.anybody("/vendor/v1").with_token(&ada.secret_key);
    program.post("identity-providers", &described(&idp.issuer)).await.refused(403, "identity.accounts_only");
    program.post("return-urls", &json!({ "url": "https://evil.example/in" })).await.refused(403, "identity.accounts_only");
    texts(&mut world.superuser().await, "UPDATE refresh_tokens SET proved_at = now() - interval '11 minutes' RETURNING 'old'").await;
    owner.patch(&path, &json!({ "client_id": "mine" })).await.refused(403, "identity.step_up_required");
    owner.delete(&path).await.refused(403, "identity.step_up_required");
    world.run_jobs().await;
}

/// An issuer is its text, letter by letter: with a slash more it is another one, whose failing is its own.
#[tokio::test]
async fn t047_another_issuer_at_the_same_address_is_in_nobodys_way() {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[])).await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    for store in [&ada, &bob] {
        register_return_url(&world, store).await;
    }
    let theirs = world.vendor(&bob).post("identity-providers", &described(&format!("{}/", idp.issuer))).await.ok();
    let other = begin_as_customer(&world.shopper(&bob), theirs["id"].as_str().unwrap()).await;
    other.refused(503, "identity.provider_unavailable");
    let ours = world.vendor(&ada).post("identity-providers", &described(&idp.issuer)).await.ok();
    begin_as_customer(&world.shopper(&ada), ours["id"].as_str().unwrap()).await.ok();
    world.run_jobs().await;
}

#[tokio::test]
async fn a_secret_is_kept_sealed() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let owner = world.vendor(&ada);
    let secret = "hunter2-hunter2-hunter2";
    let mut request = described("https://login.example.com");
    request["client_secret"] = secret.into();
    let made = owner.post("identity-providers", &request).await.ok();
    let path = format!("identity-providers/{}", made["id"].as_str().unwrap());
    let told = [owner.get(&path).await.text(), owner.get("identity-providers").await.text(), owner.get("audit").await.text()];
    assert!(told.iter().all(|text| !text.contains("hunter2")), "{told:?}");
    let entry = owner.get("audit?resource=identity_provider").await.ok();
    assert_eq!(entry["data"][0]["changes"]["secret_sealed"], json!({ "before": "•••", "after": "•••" }));
    let kept =
        texts(&mut world.superuser().await, "SELECT encode(secret_sealed, 'escape') || row_to_json(p)::text FROM identity_providers p")
            .await;
    assert!(!kept[0].contains("hunter2"), "{kept:?}");
    owner.patch(&path, &json!({ "name": "Renamed" })).await.ok();
    let entry = owner.get("audit?resource=identity_provider").await.ok();
    assert_eq!(
        entry["data"][0]["changes"],
        json!({ "name": { "before": "Mugs Club", "after": "Renamed" } }),
        "a name that changes leaves the secret as it was"
    );
    world.run_jobs().await;
}

/// What a store calls its issuer is on the public internet.
#[tokio::test]
async fn t100_an_issuer_is_on_the_public_internet() {
    let world = World::new().await;
    let owner = world.vendor(&world.tenant("ada").await);
    for wrong in [
        "http://login.example.com",
        "https://localhost",
        "https://127.0.0.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://[::1]",
        "https://[::ffff:10.0.0.1]",
        "https://10.0.0.1",
        "https://169.254.169.254/latest",
        "https://login.example.com:5432",
        "https://user@login.example.com",
        "https://stoa.test",
        "https://ada.stoa.test",
        "https://login.example.com/?x=1",
        "nonsense",
    ] {
        let problem = owner.post("identity-providers", &described(wrong)).await.refused(422, "identity.invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/issuer", "{wrong}");
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn a_provider_is_described_whole() {
    let world = World::new().await;
    let owner = world.vendor(&world.tenant("ada").await);
    let with = |change: Value| {
        let mut request = described("https://login.example.com");
        for (name, value) in change.as_object().unwrap() {
            request[name] = value.clone();
        }
        request
    };
    for (wrong, pointer) in [
        (with(json!({ "name": " " })), "/name"),
        (with(json!({ "client_id": "" })), "/client_id"),
        (with(json!({ "client_secret": "" })), "/client_secret"),
        (with(json!({ "issuer": null })), "/issuer"),
        (with(json!({ "kind": "github" })), "/issuer"),
        (with(json!({ "team_id": "T" })), "/team_id"),
        (with(json!({ "kind": "apple", "issuer": null, "team_id": "T" })), "/key_id"),
        (with(json!({ "kind": "apple", "issuer": null, "team_id": "T", "key_id": "K" })), "/client_secret"),
        (with(json!({ "scopes": ["two words"] })), "/scopes"),
    ] {
        let problem = owner.post("identity-providers", &wrong).await.refused(422, "identity.invalid");
        assert!(problem["errors"].as_array().unwrap().iter().any(|error| error["pointer"] == pointer), "{wrong}: {problem}");
    }
    for kind in ["saml", "OIDC"] {
        owner.post("identity-providers", &with(json!({ "kind": kind }))).await.refused(422, "request.invalid");
    }
    let github = with(json!({ "kind": "github", "issuer": null }));
    assert_eq!(owner.post("identity-providers", &github).await.ok()["issuer"], Value::Null);
    let apple = json!({ "kind": "apple", "issuer": null, "team_id": "T", "key_id": "K", "client_secret": tests::idp::APPLE_KEY });
    let made = owner.post("identity-providers", &with(apple)).await.ok();
    assert_eq!((&made["team_id"], &made["scopes"]), (&json!("T"), &json!(["openid", "email", "name"])));
    for _ in 2..20 {
        owner.post("identity-providers", &with(json!({}))).await.ok();
    }
    owner.post("identity-providers", &with(json!({}))).await.refused(409, "identity.too_many_providers");
    world.run_jobs().await;
}

/// Who is on the way to an address that is taken away does not arrive there, nor does what they would bring.
#[tokio::test]
async fn t046_an_address_that_is_taken_away_gets_nobody_more() {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[idp.described("own", &["customers"])])).await;
    let ada = world.tenant("ada").await;
    let (owner, shopper, grace) = (world.vendor(&ada), world.shopper(&ada), Person::proved("grace", "grace@shopper.example"));
    register_return_url(&world, &ada).await;
    let (under_way, proved) = (begin_as_customer(&shopper, "own").await, begin_as_customer(&shopper, "own").await);
    let proved = grant(&world, &idp, &proved, &grace).await;
    let id = owner.get("return-urls").await.ok()["data"][0]["id"].as_str().expect("an id").to_owned();
    owner.delete(format!("return-urls/{id}")).await.ok();
    let back = tests::oauth::come_back(&world, &idp.agree(&tests::oauth::page(&under_way), &grace)).await;
    assert_eq!(back.status(), 400, "{}", back.text());
    shopper.post("customer/oauth/finish", &brought(&proved)).await.refused(422, "identity.grant_invalid");
    world.run_jobs().await;
}

/// What is not a plain https address is not registered.
#[tokio::test]
async fn t046_return_addresses_are_registered_and_removed() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let owner = world.vendor(&ada);
    for wrong in
        ["http://mugs.example/in", "//mugs.example", "javascript:alert(1)", "https://a@mugs.example/", "https://mugs.example/in#x", ""]
    {
        let problem = owner.post("return-urls", &json!({ "url": wrong })).await.refused(422, "identity.invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{wrong}");
    }
    let made = owner.post("return-urls", &json!({ "url": STOREFRONT })).await.ok();
    owner.post("return-urls", &json!({ "url": STOREFRONT })).await.refused(409, "identity.return_url_taken");
    register_return_url(&world, &bob).await;
    let path = format!("return-urls/{}", made["id"].as_str().unwrap());
    world.vendor(&bob).delete(&path).await.refused(404, "identity.return_url_not_found");
    assert_eq!(owner.delete(&path).await.status(), 204);
    assert_eq!(owner.get("return-urls").await.ok()["data"], json!([]));
    assert_eq!(world.vendor(&bob).get("return-urls").await.ok()["data"].as_array().unwrap().len(), 1);
    for number in 0..20 {
        owner.post("return-urls", &json!({ "url": format!("https://mugs.example/{number}") })).await.ok();
    }
    owner.post("return-urls", &json!({ "url": "https://mugs.example/21" })).await.refused(409, "identity.too_many_return_urls");
    world.run_jobs().await;
}
