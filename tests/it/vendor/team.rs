//! Invitations: who may accept one, how often, and what ends it.

use commerce::identity::team::invitations;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Reply, Store, World, database::texts};

/// The code of the latest invitation that was mailed to an address.
fn code(world: &World, address: &str) -> String {
    let mails = world.mailbox.to(address);
    let code = |text: &str| text.lines().find(|line| line.starts_with("invite_")).map(str::to_owned);
    mails.iter().rev().find_map(|mail| code(&mail.text)).unwrap_or_else(|| panic!("no code was mailed to {address}"))
}

async fn opened(slug: &str) -> (World, Store) {
    let world = World::new().await;
    let store = world.tenant(slug).await;
    world.run_jobs().await;
    (world, store)
}

/// Invites an address and answers the code that it was mailed, and the invitation's path.
async fn invite(world: &World, by: &Caller, email: &str, role: &str) -> (String, String) {
    let invitation = by.post("invitations", &json!({ "email": email, "role": role })).await;
    assert_eq!(invitation.status(), 201, "{}", invitation.text());
    world.run_jobs().await;
    (code(world, &email.to_lowercase()), format!("invitations/{}", invitation.json()["id"].as_str().expect("an id")))
}

async fn accept(world: &World, code: &str, name: Option<&str>, password: &str) -> Reply {
    let mut request = json!({ "code": code, "password": password });
    if let Some(name) = name {
        request["name"] = json!(name);
    }
    world.anybody("/vendor/v1").post("auth/accept-invitation", &request).await
}

fn with_session(world: &World, reply: &Value) -> Caller {
    world.anybody("/vendor/v1").with_token(reply["access_token"].as_str().expect("an access token"))
}

async fn count(world: &World, sql: &str) -> String {
    texts(&mut world.superuser().await, sql).await.concat()
}

#[tokio::test]
async fn who_has_no_account_gets_one_by_accepting() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let (code, _) = invite(&world, &owner, "New@Example.com", "catalogue").await;
    let mail = world.mailbox.to("new@example.com").pop().unwrap();
    assert_eq!((mail.from_name.as_str(), mail.subject.as_str()), ("ada", "Work with us at ada"));
    for told in ["Owner of ada invites you", "the role Catalogue", "within 7 days"] {
        assert!(mail.text.contains(told), "no {told:?} in {}", mail.text);
    }
    let open = owner.get("invitations").await.ok();
    assert_eq!((&open["data"][0]["email"], &open["data"][0]["role"]), (&json!("new@example.com"), &json!("catalogue")));

    let nameless = accept(&world, &code, None, "a long password").await.refused(422, "identity.invalid");
    assert_eq!(nameless["errors"][0]["pointer"], "/name");
    accept(&world, &code, Some("Bea"), "short").await.refused(422, "identity.unfit_password");
    let joined = accept(&world, &format!(" {code}\n"), Some("Bea"), "a long password").await.ok();
    assert_eq!((&joined["store"], &joined["role"], &joined["role_name"]), (&json!("ada"), &json!("catalogue"), &json!("Catalogue")));
    assert_eq!(joined["permissions"], json!(["read_products", "write_products", "read_stock", "write_stock", "read_settings"]));
    let bea = with_session(&world, &joined);
    bea.get("products").await.ok();
    bea.get("orders").await.refused(403, "identity.permission_missing");
    let account = bea.get("account").await.ok();
    assert_eq!((&account["email"], &account["name"]), (&json!("new@example.com"), &json!("Bea")));
    assert!(account["email_verified_at"].is_string(), "the code came by its mail");

    accept(&world, &code, Some("Eve"), "another password").await.refused(422, "identity.code_invalid");
    assert_eq!(owner.get("invitations").await.ok()["data"], json!([]));
    assert_eq!(owner.get("members").await.ok()["data"].as_array().map(Vec::len), Some(2));
    owner.post("invitations", &json!({ "email": "new@example.com", "role": "orders" })).await.refused(409, "identity.already_member");
    let sign_in = json!({ "email": "new@example.com", "password": "a long password" });
    world.anybody("/vendor/v1").post("auth/sign-in", &sign_in).await.ok();
    world.run_jobs().await;
}

#[tokio::test]
async fn who_has_an_account_proves_it() {
    let (world, ada) = opened("ada").await;
    let bob = world.tenant("bob").await;
    let owner = world.vendor(&ada);
    let (code, _) = invite(&world, &owner, &bob.email, "support").await;
    accept(&world, &code, Some("Bob"), "not his password").await.refused(401, "identity.wrong_credentials");
    let joined = accept(&world, &code, Some("Robert"), &bob.password).await.ok();
    let here = with_session(&world, &joined);
    assert_eq!(here.get("store").await.ok()["slug"], "ada");
    assert_eq!(here.get("account").await.ok()["name"], "Owner of bob", "the account stays as it is");
    assert_eq!(world.vendor(&bob).get("store").await.ok()["slug"], "bob");

    // The other way: signed in already, by who it was sent to and nobody else.
    let theirs = world.vendor(&bob);
    let (code, _) = invite(&world, &theirs, &ada.email, "analyst").await;
    here.post("account/accept-invitation", &json!({ "code": code })).await.refused(403, "identity.invitation_for_another");
    let joined = owner.post("account/accept-invitation", &json!({ "code": code })).await.ok();
    assert_eq!((&joined["store"], &joined["role"]), (&json!("bob"), &json!("analyst")));
    with_session(&world, &joined).get("analytics/sales?period=day&from=2026-01-01&to=2026-01-02").await.ok();
    owner.get("account").await.ok();
    let again = owner.post("account/accept-invitation", &json!({ "code": code })).await.refused(422, "identity.code_invalid");
    assert_eq!(again["errors"][0]["pointer"], "/code");
    world.run_jobs().await;
}

#[tokio::test]
async fn t048_guessing_the_password_of_who_is_invited_is_slowed_down_like_a_sign_in() {
    let (world, ada) = opened("ada").await;
    let bob = world.tenant("bob").await;
    let (code, _) = invite(&world, &world.vendor(&ada), &bob.email, "support").await;
    let guess = json!({ "email": bob.email, "password": "a guess" });
    let mut last = 0;
    for turn in 0..14 {
        let reply = match turn % 2 {
            0 => accept(&world, &code, None, "a guess").await,
            _ => world.anybody("/vendor/v1").post("auth/sign-in", &guess).await,
        };
        last = reply.status();
    }
    assert_eq!(last, 429, "both count for the same address");
    world.run_jobs().await;
}

#[tokio::test]
async fn t054_a_code_that_does_not_work_does_not_say_why() {
    let (mut world, ada) = opened("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    let (replaced, _) = invite(&world, &owner, "one@example.com", "orders").await;
    let (open, _) = invite(&world, &owner, "ONE@example.com", "support").await;
    assert_eq!(owner.get("invitations").await.ok()["data"].as_array().map(Vec::len), Some(1));
    let (revoked, path) = invite(&world, &owner, "two@example.com", "orders").await;
    assert_eq!(owner.delete(&path).await.status(), 204);
    owner.delete(&path).await.refused(404, "identity.invitation_not_found");
    let (expired, path) = invite(&world, &owner, "three@example.com", "orders").await;
    texts(&mut world.superuser().await, "UPDATE invitations SET expires_at = now() WHERE email LIKE 'three%' RETURNING 'late'").await;
    owner.act(format!("{path}/send-again")).await.refused(404, "identity.invitation_not_found");
    let (used, _) = invite(&world, &owner, "four@example.com", "orders").await;
    accept(&world, &used, Some("Four"), "a long password").await.ok();
    let last = if open.ends_with('A') { "B" } else { "A" };
    let forged = format!("{}{last}", &open[..open.len() - 1]);
    let account_code = "code_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let mut problems = Vec::new();
    for code in ["", "invite_", account_code, &forged, &replaced, &revoked, &expired, &used] {
        let mut problem = accept(&world, code, Some("Eve"), "a long password").await.refused(422, "identity.code_invalid");
        problem["request_id"] = Value::Null;
        problems.push(problem);
        owner.post("account/accept-invitation", &json!({ "code": code })).await.refused(422, "identity.code_invalid");
    }
    problems.dedup();
    assert_eq!(problems.len(), 1, "{problems:?}");

    let operator = world.operator().await;
    operator.post(format!("tenants/{}/suspend", ada.id), &json!({ "reason": "Sells what is not theirs" })).await.ok();
    accept(&world, &open, Some("One"), "a long password").await.refused(422, "identity.code_invalid");
    operator.post(format!("tenants/{}/reactivate", ada.id), &json!({ "reason": "It was theirs" })).await.ok();
    assert_eq!(accept(&world, &open, Some("One"), "a long password").await.ok()["role"], "support");
}

/// Twelve accept one invitation at the same moment: one of them joins, whether the account was there or not.
#[tokio::test]
async fn t054_an_invitation_is_accepted_once_however_many_bring_its_code() {
    let (world, ada) = opened("ada").await;
    let bob = world.tenant("bob").await;
    let owner = world.vendor(&ada);
    let (code, _) = invite(&world, &owner, "new@example.com", "orders").await;
    let replies = join_all((0..8).map(|_| accept(&world, &code, Some("New"), "a long password"))).await;
    let joined = |replies: &[Reply]| replies.iter().filter(|reply| reply.status() == 200).count();
    assert_eq!(joined(&replies), 1, "{:?}", replies.iter().map(Reply::text).collect::<Vec<_>>());
    for reply in replies.iter().filter(|reply| reply.status() != 200) {
        reply.refused(422, "identity.code_invalid");
    }
    let (code, _) = invite(&world, &owner, &bob.email, "orders").await;
    let body = json!({ "code": code });
    let theirs = world.vendor(&bob);
    let replies = join_all((0..12).map(|_| theirs.post("account/accept-invitation", &body))).await;
    assert_eq!(joined(&replies), 1, "{:?}", replies.iter().map(Reply::text).collect::<Vec<_>>());
    for reply in replies.iter().filter(|reply| reply.status() != 200) {
        reply.refused(422, "identity.code_invalid");
    }
    let joined = "SELECT count(*)::text FROM facts WHERE code = 'identity.member_joined'";
    assert_eq!(count(&world, joined).await, "2");
    let live = "SELECT count(*)::text FROM refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL";
    assert_eq!(count(&world, live).await, "4", "two stores were opened, two invitations accepted");
    world.run_jobs().await;
}

#[tokio::test]
async fn an_invitation_is_sent_again_five_times_at_most() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let once = owner.with_key("the same intent");
    let request = json!({ "email": "new@example.com", "role": "orders" });
    let first = once.post("invitations", &request).await.ok();
    assert_eq!(once.post("invitations", &request).await.ok(), first, "sent twice, meant once");
    world.run_jobs().await;
    assert_eq!(world.mailbox.to("new@example.com").len(), 1);
    let code = code(&world, "new@example.com");
    texts(&mut world.superuser().await, "UPDATE invitations SET expires_at = now() + interval '1 hour' RETURNING 'aged'").await;
    let path = format!("invitations/{}/send-again", first["id"].as_str().unwrap());
    world.vendor(&world.tenant("bob").await).act(&path).await.refused(404, "identity.invitation_not_found");
    let replies = join_all((0..12).map(|_| owner.act(&path))).await;
    let sent: Vec<&Reply> = replies.iter().filter(|reply| reply.status() == 200).collect();
    assert_eq!(sent.len(), 5, "{:?}", replies.iter().map(Reply::status).collect::<Vec<_>>());
    for reply in replies.iter().filter(|reply| reply.status() != 200) {
        reply.refused(409, "identity.invitation_sent_often");
    }
    assert_eq!(sent[0].ok()["expires_at"].as_str().unwrap()[..10], first["expires_at"].as_str().unwrap()[..10], "it lives anew");
    world.run_jobs().await;
    let mails = world.mailbox.to("new@example.com");
    assert_eq!(mails.len(), 6);
    assert!(mails.iter().all(|mail| mail.text.contains(&code)), "each with the same code");
}

#[tokio::test]
async fn t122_a_store_cannot_mail_whom_it_likes_as_often_as_it_likes() {
    let (mut world, ada) = opened("ada").await;
    world.leave_facts();
    let owner = world.vendor(&ada);
    let fill = format!(
        "INSERT INTO invitations (tenant_id, id, email, role, sent, created_at, expires_at)
         SELECT '{}', gen_random_uuid(), 'number' || number || '@example.com', 'orders', 1, now(), now() + interval '1 day'
         FROM generate_series(1, 49) AS number RETURNING 'made'",
        ada.id.uuid()
    );
    texts(&mut world.superuser().await, &fill).await;
    let ask = |email: &str| json!({ "email": email, "role": "orders" });
    let requests = ["a@example.com", "b@example.com", "c@example.com", "d@example.com"].map(ask);
    let replies = join_all(requests.iter().map(|request| owner.post("invitations", request))).await;
    let made = replies.iter().filter(|reply| reply.status() == 201).count();
    assert_eq!(made, 1, "fifty are open: {:?}", replies.iter().map(Reply::text).collect::<Vec<_>>());
    for reply in replies.iter().filter(|reply| reply.status() != 201) {
        reply.refused(409, "identity.too_many_invitations");
    }
    assert_eq!(owner.post("invitations", &ask("number7@example.com")).await.status(), 201, "one that is replaced takes no more room");
    texts(&mut world.superuser().await, "UPDATE invitations SET expires_at = now() WHERE email LIKE 'number%' RETURNING 'late'").await;
    let mut last = 0;
    for _ in 0..10 {
        last = owner.post("invitations", &ask("bombed@example.com")).await.status();
    }
    assert_eq!(last, 429, "nor one address again and again");
    let open = owner.get("invitations").await.ok();
    let bombed = open["data"].as_array().unwrap().iter().find(|open| open["email"] == "bombed@example.com").expect("an invitation").clone();
    let again = owner.act(format!("invitations/{}/send-again", bombed["id"].as_str().unwrap())).await;
    assert_eq!(again.status(), 429, "nor by sending the same again");
}

#[tokio::test]
async fn t054_an_invitation_ends_with_its_senders_right_to_it() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let [cal, dot, eve] = [
        world.employ(&ada, "cal", "administrator").await,
        world.employ(&ada, "dot", "administrator").await,
        world.employ(&ada, "eve", "administrator").await,
    ];
    let mut codes = Vec::new();
    for (by, email) in [(&cal, "one@example.com"), (&dot, "two@example.com"), (&eve, "three@example.com")] {
        codes.push(invite(&world, &world.colleague(by), email, "orders").await.0);
    }
    let (stays, _) = invite(&world, &owner, "four@example.com", "orders").await;
    let role = owner.post("roles", &json!({ "name": "People", "permissions": ["read_team", "write_team", "read_orders"] })).await.ok();
    let fay = world.employ(&ada, "fay", role["id"].as_str().expect("an id")).await;
    let lesser = owner.post("roles", &json!({ "name": "Lookers", "permissions": ["read_orders"] })).await.ok();
    codes.push(invite(&world, &world.colleague(&fay), "five@example.com", lesser["id"].as_str().expect("an id")).await.0);
    owner
        .patch(format!("roles/{}", role["id"].as_str().expect("an id")), &json!({ "permissions": ["read_team", "read_orders"] }))
        .await
        .ok();
    let scopes = ["read_team", "write_team", "read_orders", "write_orders"];
    let key = owner.post("keys", &json!({ "name": "People", "kind": "secret", "scopes": scopes })).await.ok();
    let program = world.anybody("/vendor/v1").with_token(key["secret"].as_str().expect("a secret"));
    codes.push(invite(&world, &program, "six@example.com", lesser["id"].as_str().expect("an id")).await.0);
    owner.delete(format!("keys/{}", key["id"].as_str().expect("an id"))).await.ok();
    for end in ["expires", "rotated"] {
        let key = owner.post("keys", &json!({ "name": end, "kind": "secret", "scopes": scopes })).await.ok();
        let program = world.anybody("/vendor/v1").with_token(key["secret"].as_str().expect("a secret"));
        codes.push(invite(&world, &program, &format!("{end}@example.com"), lesser["id"].as_str().expect("an id")).await.0);
        let id = key["id"].as_str().expect("an id");
        if end == "rotated" {
            owner.post(format!("keys/{id}/rotate"), &json!({ "overlap_hours": 0 })).await.ok();
        } else {
            texts(&mut world.superuser().await, "UPDATE api_keys SET expires_at = now() WHERE name = 'expires' RETURNING 'ended'").await;
        }
    }
    owner.delete(format!("members/{}", cal.id)).await.ok();
    owner.patch(format!("members/{}", dot.id), &json!({ "role": "support" })).await.ok();
    world.colleague(&eve).act("members/leave").await.ok();
    for code in &codes {
        accept(&world, code, Some("Ghost"), "a long password").await.refused(422, "identity.code_invalid");
    }
    accept(&world, &stays, Some("Four"), "a long password").await.ok();
    // Nor are they in anybody's way: nobody sees them any more.
    assert_eq!(owner.delete(format!("roles/{}", lesser["id"].as_str().expect("an id"))).await.status(), 204);
    world.run_jobs().await;
}

/// Sessions of a membership that ended do not come back with the next one.
#[tokio::test]
async fn who_comes_back_signs_in_anew() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let eve = world.employ(&ada, "eve", "orders").await;
    // As if a refresh had run beside the removal: the session outlives the membership.
    let sql = format!("DELETE FROM memberships WHERE account_id = '{}' RETURNING 'gone'", eve.id.uuid());
    texts(&mut world.superuser().await, &sql).await;
    let (code, _) = invite(&world, &owner, &eve.email, "support").await;
    let joined = accept(&world, &code, None, &eve.password).await.ok();
    with_session(&world, &joined).get("orders").await.ok();
    let before = json!({ "refresh_token": eve.refresh_token });
    world.anybody("/vendor/v1").post("auth/refresh", &before).await.refused(401, "identity.session_ended");
    world.colleague(&eve).get("orders").await.refused(401, "identity.unauthorized");
    world.run_jobs().await;
}

#[tokio::test]
async fn addresses_that_did_not_answer_are_forgotten() {
    let (world, ada) = opened("ada").await;
    let bob = world.tenant("bob").await;
    for (store, email) in [(&ada, "late@example.com"), (&ada, "open@example.com"), (&bob, "theirs@example.com")] {
        invite(&world, &world.vendor(store), email, "orders").await;
    }
    texts(&mut world.superuser().await, "UPDATE invitations SET expires_at = now() WHERE email LIKE 'late%' RETURNING 'late'").await;
    let platform = world.state.database.platform().begin().await.expect("a transaction");
    assert_eq!(invitations::tenants_to_prune(&platform).await.expect("an answer"), [ada.id]);
    let tx = world.begin(&ada).await;
    assert_eq!(invitations::prune(&tx).await.expect("an answer"), 1);
    tx.commit().await.expect("a commit");
    assert_eq!(count(&world, "SELECT string_agg(email, ' ' ORDER BY email) FROM invitations").await, "open@example.com theirs@example.com");
}
