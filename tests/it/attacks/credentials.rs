//! Tokens and keys that are forged, of another kind, too old, or in the wrong place.

use api::Audience;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};
use tests::{Customer, World};
use uuid::Uuid;

/// A key of somebody who attacks, made for this test and used nowhere else.
const FOREIGN_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIEFub3RoZXIga2V5LCBvZiBzb21lYm9keSBlbHNlLiAg
-----END PRIVATE KEY-----
";

fn in_base64(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Neither the algorithm, nor the key, nor where to find one is the token's to say.
#[tokio::test]
async fn t030_a_forged_token_opens_nothing() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let anybody = world.anybody("/vendor/v1");
    let parts: Vec<&str> = ada.access_token.split('.').collect();
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let genuine: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let published = serde_json::to_value(world.state.signer.published()).unwrap();
    let public = BASE64_URL_SAFE_NO_PAD.decode(published["keys"][0]["x"].as_str().expect("an Ed25519 key")).unwrap();

    let mut forged = vec![String::new(), "Bearer".to_owned(), ada.access_token[..ada.access_token.len() - 2].to_owned()];
    for algorithm in ["none", "None", "NONE", ""] {
        forged.push(format!("{}.{}.", in_base64(&json!({ "alg": algorithm, "typ": "JWT", "kid": genuine["kid"] })), parts[1]));
    }
    for kid in ["../../../../etc/passwd", "' UNION SELECT 'x' --", "", "http://127.0.0.1:1/key"] {
        forged.push(format!("{}.{}.{}", in_base64(&json!({ "alg": "EdDSA", "kid": kid })), parts[1], parts[2]));
    }
    let mut header = Header::new(Algorithm::HS256);
    header.kid = genuine["kid"].as_str().map(str::to_owned);
    for secret in [&b""[..], b"secret", &public, published["keys"][0].to_string().as_bytes()] {
        forged.push(encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap());
    }
    let foreign = EncodingKey::from_ed_pem(FOREIGN_KEY.as_bytes()).unwrap();
    let jwk = Jwk::from_encoding_key(&foreign, Algorithm::EdDSA).unwrap();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = genuine["kid"].as_str().map(str::to_owned);
    forged.push(encode(&header, &claims, &foreign).unwrap());
    header.jwk = Some(jwk);
    forged.push(encode(&header, &claims, &foreign).unwrap());
    header.jwk = None;
    (header.jku, header.x5u) = (Some("http://127.0.0.1:1/jwks".to_owned()), Some("http://127.0.0.1:1/x5u".to_owned()));
    forged.push(encode(&header, &claims, &foreign).unwrap());
    // The signature of one token under the claims of another, after the first was read and is remembered.
    let mut raised = claims.clone();
    raised["sub"] = json!("acct_01h2xcejqtf2nbrexx3vqjhp41");
    anybody.with_token(&ada.access_token).get("store").await.ok();
    forged.push(format!("{}.{}.{}", parts[0], in_base64(&raised), parts[2]));

    for token in &forged {
        let reply = anybody.with("authorization", &format!("Bearer {token}")).get("store").await;
        assert_eq!(reply.status(), 401, "{token}: {}", reply.text());
    }
    anybody.with("authorization", &format!("Basic {}", ada.access_token)).get("store").await.refused(401, "identity.unauthorized");
    anybody.with_token(&ada.access_token).get("store").await.ok();
}

/// Ours by signature, and still not for this door: another audience, issuer or time.
#[tokio::test]
async fn t033_what_opens_one_door_opens_no_other() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let grace = Customer::register(&world, &ada, "grace@example.com").await;
    let anybody = world.anybody("/vendor/v1");
    anybody.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
    world.vendor(&ada).post("invitations", &json!({ "email": "lin@example.com", "role": "administrator" })).await.ok();
    world.run_jobs().await;
    let reset = world.mailbox.code_to(&ada.email);
    let confirm = world.mailbox.code_to(&grace.email);
    let invitation = world.mailbox.to("lin@example.com").last().unwrap().text.clone();
    let invitation = invitation.lines().find(|line| line.starts_with("invite_")).expect("an invitation's code").to_owned();
    let signed_in = anybody.post("auth/sign-in", &json!({ "email": ada.email, "password": ada.password })).await.ok();
    let refresh = signed_in["refresh_token"].as_str().unwrap();
    let now = world.clock.now();
    let of = |audience, session: Uuid| {
        let valid_for = std::time::Duration::from_mins(5);
        world.state.signer.sign(audience, "acct_01h2xcejqtf2nbrexx3vqjhp41".to_owned(), (session, Some(ada.id)), (now, valid_for)).unwrap()
    };
    let (for_customers, of_no_session) = (of(Audience::Customer, Uuid::now_v7()), of(Audience::Vendor, Uuid::now_v7()));
    let others = [refresh, &reset, &confirm, &invitation, &grace.refresh_token, &ada.publishable_key, &for_customers, &of_no_session];
    for other in others {
        anybody.with_token(other).get("store").await.refused(401, "identity.unauthorized");
    }
    let (vendor, customer) = (world.vendor(&ada), grace.caller.clone());
    customer.get("/vendor/v1/store").await.refused(401, "identity.unauthorized");
    vendor.get("/platform/v1/tenants").await.refused(401, "identity.unauthorized");
    world.operator().await.get("/vendor/v1/store").await.refused(401, "identity.unauthorized");
    world.shopper(&ada).with_token(&ada.access_token).get("customer").await.refused(401, "identity.unauthorized");
    vendor.on_host(&bob.host()).get("store").await.refused(403, "tenancy.tenant_mismatch");
    customer.on_host(&bob.host()).get("/storefront/v1/customer").await.refused(403, "tenancy.tenant_mismatch");
    // What is not an access token is no other code either.
    for code in [refresh, &confirm, &invitation] {
        let body = json!({ "code": code, "password": "a password of a thief" });
        anybody.post("auth/reset-password/confirm", &body).await.refused(422, "identity.code_invalid");
    }
    vendor.get("store").await.ok();
    world.run_jobs().await;
}

/// Keys in a query end in logs; a key of one kind is none of the other; and no scopes are no permission.
#[tokio::test]
async fn t052_a_key_counts_in_its_own_place_and_for_its_own_scopes() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let anybody = world.anybody("/vendor/v1");
    for name in ["api_key", "key", "access_token", "token", "authorization"] {
        anybody.get(format!("store?{name}={}", ada.secret_key)).await.refused(401, "identity.unauthorized");
    }
    for header in ["x-api-key", "stoa-publishable-key", "stoa-secret-key"] {
        anybody.with(header, &ada.secret_key).get("store").await.refused(401, "identity.unauthorized");
    }
    anybody.with_token(&ada.publishable_key).get("store").await.refused(401, "identity.unauthorized");
    let storefront = world.anybody("/storefront/v1");
    storefront.with("stoa-publishable-key", &ada.secret_key).get("products").await.refused(401, "identity.key_unknown");
    for scopes in [json!([]), json!(["all"]), json!(["*"]), json!(["READ_ORDERS"]), json!([""])] {
        let asked = json!({ "name": "x", "kind": "secret", "scopes": scopes });
        assert_eq!(world.vendor(&ada).post("keys", &asked).await.status(), 422, "{asked}");
    }
}
