//! What runs beside the moment in which somebody takes their account back.

use futures::future::{join, join_all};
use serde_json::{Value, json};
use tests::{Customer, World, database::texts};

fn refresh_token(of: &Value) -> Value {
    json!({ "refresh_token": of["refresh_token"] })
}

/// A refresh that is on its way when sessions end leaves nothing alive.
#[tokio::test]
async fn t037_a_session_that_ends_during_a_refresh_has_ended() {
    let mut world = World::with_high_limits().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let open = world.anybody("/vendor/v1");
    let eve = world.employ(&ada, "eve", "orders").await;
    let credentials = json!({ "email": eve.email, "password": eve.password });
    let keeps = world.colleague(&eve);
    for round in 0..9 {
        // A process of its own counts what it asks: limits by address are not what this is about.
        let open = open.at(&world.sibling().await);
        let token = refresh_token(&open.post("auth/sign-in", &credentials).await.ok());
        let (renewed, ended) = match round % 3 {
            0 => join(open.post("auth/refresh", &token), open.post("auth/sign-out", &token)).await,
            1 => join(open.post("auth/refresh", &token), keeps.delete("account/sessions")).await,
            _ => {
                let listed = keeps.get("account/sessions").await.ok();
                let other =
                    listed["data"].as_array().unwrap().iter().find(|session| session["is_current"] != true).expect("another").clone();
                let path = format!("account/sessions/{}", other["id"].as_str().unwrap());
                join(open.post("auth/refresh", &token), keeps.delete(path)).await
            }
        };
        assert_eq!(ended.status(), 204, "round {round}");
        if renewed.status() == 200 {
            open.post("auth/refresh", &refresh_token(&renewed.json())).await.refused(401, "identity.session_ended");
        }
    }
    assert_eq!(keeps.get("account/sessions").await.ok()["data"].as_array().unwrap().len(), 1);
}

/// Somebody who knows the old password loses to a reset, whatever they do while it runs.
#[tokio::test]
async fn t037_the_old_password_loses_to_a_reset_beside_it() {
    let world = World::with_high_limits().await;
    let ada = world.tenant("ada").await;
    world.run_jobs().await;
    let mut current = ada.password.clone();
    for round in 0..4 {
        let here = world.sibling().await;
        let open = world.anybody("/vendor/v1").at(&here);
        open.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
        world.run_jobs().await;
        let credentials = json!({ "email": ada.email, "password": current });
        let thief = open.post("auth/sign-in", &credentials).await.ok();
        let thief = open.with_token(thief["access_token"].as_str().unwrap());
        let own = format!("the owner's password {round}");
        let confirm = json!({ "code": world.mailbox.code_to(&ada.email), "password": own });
        let change = json!({ "current_password": current, "password": "the password of a thief" });
        let reset = open.post("auth/reset-password/confirm", &confirm);
        let steal = thief.post("account/password", &change);
        let enter = join_all((0..3).map(|_| open.post("auth/sign-in", &credentials)));
        let (reset, (_, entered)) = join(reset, join(steal, enter)).await;
        let again = |password: &str| json!({ "email": ada.email, "password": password });
        if reset.status() == 204 {
            open.post("auth/sign-in", &again("the password of a thief")).await.refused(401, "identity.wrong_credentials");
            for session in entered.iter().filter(|entered| entered.status() == 200) {
                open.post("auth/refresh", &refresh_token(&session.json())).await.refused(401, "identity.session_ended");
            }
            open.post("auth/sign-in", &again(&own)).await.ok();
            current = own;
        } else {
            // The thief was first, and a changed password ends the code: the owner asks for another one.
            reset.refused(422, "identity.code_invalid");
            current = "the password of a thief".to_owned();
        }
        world.run_jobs().await;
    }
}

/// A process that still lets an ended session in begins nothing by it that would last.
#[tokio::test]
async fn t037_an_ended_session_begins_no_other() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let sibling = world.sibling().await;
    let open = world.anybody("/vendor/v1");
    let stolen = open.post("auth/sign-in", &json!({ "email": ada.email, "password": ada.password })).await.ok();
    let there = open.with_token(stolen["access_token"].as_str().unwrap()).at(&sibling);
    there.get("account").await.ok();
    world.vendor(&ada).delete("account/sessions").await.ok();
    there.get("account").await.ok();
    there.post("account/switch-store", &json!({ "store": "ada" })).await.refused(401, "identity.unauthorized");
    assert_eq!(world.vendor(&ada).get("account/sessions").await.ok()["data"].as_array().unwrap().len(), 1);
}

/// However fast whoever has a stolen session begins others by it: the end of all of them is the end.
#[tokio::test]
async fn t037_the_end_of_the_other_sessions_leaves_none_that_they_begin() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let (owner, open, sibling) = (world.vendor(&ada), world.anybody("/vendor/v1"), world.sibling().await);
    for round in 0..6 {
        let stolen = open.post("auth/sign-in", &json!({ "email": ada.email, "password": ada.password })).await.ok();
        let thief = open.with_token(stolen["access_token"].as_str().unwrap());
        let (here, there) = (&thief, &thief.at(&sibling));
        let begin = async |caller: &tests::Caller| {
            for _ in 0..6 {
                caller.post("account/switch-store", &json!({ "store": "ada" })).await;
            }
        };
        let ended = async {
            tokio::time::sleep(std::time::Duration::from_millis(5 + round * 7)).await;
            owner.delete("account/sessions").await
        };
        let ((), (), ended) = tokio::join!(begin(here), begin(there), ended);
        assert_eq!(ended.status(), 204, "{}", ended.text());
        let left = owner.get("account/sessions").await.ok();
        assert_eq!(left["data"].as_array().map(Vec::len), Some(1), "round {round}: {left}");
    }
}

/// Who registered somebody else's address puts no authenticator in the way of its owner; and an owner who has one keeps it when their mail
/// is read by somebody else.
#[tokio::test]
async fn t051_a_second_factor_is_for_who_has_proved_the_address() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let (owner, open) = (world.vendor(&ada), world.anybody("/vendor/v1"));
    let password = json!({ "current_password": ada.password });
    owner.post("account/second-factors/totp", &password).await.refused(409, "identity.email_not_proved");
    world.prove_address(&ada).await;
    let begun = owner.post("account/second-factors/totp", &password).await.ok();
    let authenticator = world.authenticator(begun["secret"].as_str().unwrap());
    let path = format!("account/second-factors/{}/confirm", begun["id"].as_str().unwrap());
    owner.post(path, &json!({ "code": authenticator.code() })).await.ok();
    open.post("auth/reset-password", &json!({ "email": ada.email })).await.ok();
    world.run_jobs().await;
    let confirm = json!({ "code": world.mailbox.code_to(&ada.email), "password": "whoever reads the mail" });
    open.post("auth/reset-password/confirm", &confirm).await.ok();
    let sign_in = json!({ "email": ada.email, "password": "whoever reads the mail" });
    open.post("auth/sign-in", &sign_in).await.refused(401, "identity.second_factor_required");
    world.run_jobs().await;
}

/// A session that somebody left open long ago lets nobody into the team, and gives nobody more than they have.
#[tokio::test]
async fn t037_a_stale_session_changes_nobodys_rights() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let owner = world.vendor(&ada);
    let kim = world.employ(&ada, "kim", "orders").await;
    let role = owner.post("roles", &json!({ "name": "Packer", "permissions": ["read_orders"] })).await.ok();
    let url = owner.post("return-urls", &json!({ "url": "https://shop.example/in" })).await.ok();
    let invited = owner.post("invitations", &json!({ "email": "dot@example.com", "role": "orders" })).await.ok();
    let key = owner.get("keys").await.ok()["data"][0]["id"].clone();
    let path = |resource: &str, made: &Value| format!("{resource}/{}", made.as_str().unwrap());
    texts(&mut world.superuser().await, "UPDATE refresh_tokens SET proved_at = now() - interval '11 minutes' RETURNING 'old'").await;
    let role = format!("roles/{}", role["id"].as_str().unwrap());
    for refused in [
        owner.post("invitations", &json!({ "email": "eve@example.com", "role": "owner" })).await,
        owner.patch(format!("members/{}", kim.id), &json!({ "role": "owner" })).await,
        owner.post("roles", &json!({ "name": "More", "permissions": ["write_orders"] })).await,
        owner.patch(&role, &json!({ "permissions": ["write_orders"] })).await,
        owner.post("return-urls", &json!({ "url": "https://evil.example/in" })).await,
        owner.delete(path("return-urls", &url["id"])).await,
        owner.delete(&role).await,
        owner.act(format!("{}/send-again", path("invitations", &invited["id"]))).await,
        owner.patch(path("keys", &key), &json!({ "origins": ["https://evil.example"] })).await,
        world.colleague(&kim).act("members/leave").await,
    ] {
        refused.refused(403, "identity.step_up_required");
    }
    owner.post("account/step-up", &json!({ "current_password": ada.password })).await.ok();
    owner.patch(&role, &json!({ "permissions": ["read_products"] })).await.ok();
    world.run_jobs().await;
}

/// A process that still remembers a role gives nobody a key for it: the key would outlive the role for good.
#[tokio::test]
async fn t037_a_role_that_was_lost_makes_no_key() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let sibling = world.sibling().await;
    let (owner, eve, kim) =
        (world.vendor(&ada), world.employ(&ada, "eve", "administrator").await, world.employ(&ada, "kim", "administrator").await);
    let (eves, kims) = (world.colleague(&eve).at(&sibling), world.colleague(&kim).at(&sibling));
    for there in [&eves, &kims] {
        there.get("keys").await.ok();
    }
    owner.patch(format!("members/{}", eve.id), &json!({ "role": "analyst" })).await.ok();
    owner.delete(format!("members/{}", kim.id)).await.ok();
    let keys = owner.get("keys").await.ok()["data"].as_array().unwrap().clone();
    let wanted = json!({ "name": "Back door", "kind": "secret", "scopes": ["write_products"] });
    eves.post("keys", &wanted).await.refused(403, "identity.permission_missing");
    kims.post("keys", &wanted).await.refused(401, "identity.unauthorized");
    let secret = keys.iter().find(|key| key["kind"] == "secret").expect("a key")["id"].as_str().unwrap();
    for (there, status) in [(&eves, 403), (&kims, 401)] {
        assert_eq!(there.post(format!("keys/{secret}/rotate"), &json!({ "overlap_hours": 1 })).await.status(), status);
    }
    assert_eq!(owner.get("keys").await.ok()["data"].as_array().unwrap().len(), keys.len());
}

/// Who takes an address back that a stranger has registered takes nothing over of what the stranger has left.
#[tokio::test]
async fn t043_what_a_stranger_left_is_gone_when_the_owner_comes() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mug = tests::a_product().stocked(10).create(&world, &ada).await;
    let stranger = Customer::register(&world, &ada, "grace@example.com").await;
    let address = json!({ "address": tests::an_address("DE"), "is_default_shipping": true, "is_default_billing": true });
    assert_eq!(stranger.caller.post("customer/addresses", &address).await.status(), 201);
    let cart = json!({ "lines": [{ "variant_id": mug.variants[0].id, "quantity": 3 }] });
    let path = format!("carts/{}/lines", stranger.caller.get("customer/cart").await.ok()["id"].as_str().unwrap());
    stranger.caller.post(path, &cart["lines"][0]).await.ok();
    stranger.caller.patch("customer", &json!({ "accepts_marketing": true })).await.ok();
    world.run_jobs().await;
    let shopper = world.shopper(&ada);
    shopper.post("customer/reset-password", &json!({ "email": stranger.email })).await.ok();
    world.run_jobs().await;
    let confirm = json!({ "code": world.mailbox.code_to(&stranger.email), "password": "the owner's own password" });
    shopper.post("customer/reset-password/confirm", &confirm).await.ok();
    stranger.caller.get("customer").await.refused(401, "identity.unauthorized");
    let signed_in =
        shopper.post("customer/sign-in", &json!({ "email": stranger.email, "password": "the owner's own password" })).await.ok();
    let owner = Customer::of(&world, &ada, &stranger.email, &signed_in);
    assert_eq!(owner.caller.get("customer/addresses").await.ok()["data"], json!([]));
    let profile = owner.caller.get("customer").await.ok();
    assert_eq!((&profile["accepts_marketing"], &profile["name"]), (&json!(false), &json!("grace")));
    assert_eq!(owner.caller.get("customer/cart").await.ok()["lines"], json!([]));
    world.run_jobs().await;
}
