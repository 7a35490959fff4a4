//! Roles and members: what each may, who may give it, and that a store keeps its owner.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Caller, Reply, Store, World, database::texts};

fn statuses(replies: &[Reply]) -> Vec<u16> {
    let mut statuses: Vec<u16> = replies.iter().map(Reply::status).collect();
    statuses.sort_unstable();
    statuses
}

/// Makes a role as the owner and answers its id.
async fn role(owner: &Caller, name: &str, permissions: &[&str]) -> String {
    let made = owner.post("roles", &json!({ "name": name, "permissions": permissions })).await;
    assert_eq!(made.status(), 201, "{}", made.text());
    made.json()["id"].as_str().expect("an id").to_owned()
}

fn member<'a>(list: &'a Value, email: &str) -> &'a Value {
    let members = list["data"].as_array().expect("members");
    members.iter().find(|member| member["email"] == email).unwrap_or_else(|| panic!("no {email} in {list}"))
}

async fn opened(slug: &str) -> (World, Store) {
    let mut world = World::new().await;
    world.leave_facts();
    let store = world.tenant(slug).await;
    (world, store)
}

#[tokio::test]
async fn a_store_has_roles_of_its_own_beside_the_built_in_ones() {
    let (world, ada) = opened("ada").await;
    let (owner, bob) = (world.vendor(&ada), world.tenant("bob").await);
    let packer = role(&owner, "  Packer ", &["write_orders", "read_orders", "read_orders"]).await;
    let list = owner.get("roles").await.ok();
    let roles = list["data"].as_array().unwrap();
    let built_in: Vec<_> = roles.iter().filter(|role| role["is_built_in"] == true).map(|role| role["id"].as_str().unwrap()).collect();
    assert_eq!(built_in, ["owner", "administrator", "catalogue", "orders", "support", "analyst", "read_only"]);
    let own = roles.last().unwrap();
    assert_eq!(*own, json!({ "id": packer, "name": "Packer", "is_built_in": false, "permissions": ["read_orders", "write_orders"] }));

    for name in ["packer", "PÄCKER", "Read Only", "read_only", "Öwner"] {
        let taken = owner.post("roles", &json!({ "name": name, "permissions": ["read_orders"] })).await;
        taken.refused(409, "identity.role_name_taken");
    }
    let unknown = json!({ "name": "Pilot", "permissions": ["read_orders", "fly"] });
    assert_eq!(owner.post("roles", &unknown).await.refused(422, "request.invalid")["errors"][0]["pointer"], "/permissions/1");
    let none = owner.post("roles", &json!({ "name": "Nothing", "permissions": [] })).await;
    assert_eq!(none.refused(422, "request.invalid")["errors"][0]["pointer"], "/permissions");

    let (theirs, path) = (world.vendor(&bob), format!("roles/{packer}"));
    role(&theirs, "Packer", &["read_orders"]).await;
    theirs.patch(&path, &json!({ "name": "Mine" })).await.refused(404, "identity.role_not_found");
    theirs.delete(&path).await.refused(404, "identity.role_not_found");
    let unknown = theirs.post("invitations", &json!({ "email": "x@example.com", "role": packer })).await;
    assert_eq!(unknown.refused(422, "identity.unknown_role")["errors"][0]["pointer"], "/role");
    owner.patch("roles/owner", &json!({ "name": "Mine" })).await.refused(404, "request.not_found");

    let renamed = owner.patch(&path, &json!({ "name": "Shipper" })).await.ok();
    assert_eq!((renamed["name"].as_str(), renamed["permissions"].as_array().map(Vec::len)), (Some("Shipper"), Some(2)));
    assert_eq!(owner.delete(&path).await.status(), 204);
    owner.delete(&path).await.refused(404, "identity.role_not_found");
}

#[tokio::test]
async fn a_role_that_somebody_has_or_is_invited_with_stays() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let packer = role(&owner, "Packer", &["read_orders"]).await;
    let path = format!("roles/{packer}");
    let invited = owner.post("invitations", &json!({ "email": "new@example.com", "role": packer })).await.ok();
    owner.delete(&path).await.refused(409, "identity.role_in_use");
    owner.delete(format!("invitations/{}", invited["id"].as_str().unwrap())).await.ok();
    let bea = world.employ(&ada, "bea", &packer).await;
    owner.delete(&path).await.refused(409, "identity.role_in_use");
    owner.patch(format!("members/{}", bea.id), &json!({ "role": "read_only" })).await.ok();
    owner.post("invitations", &json!({ "email": "late@example.com", "role": packer })).await.ok();
    texts(&mut world.superuser().await, "UPDATE invitations SET expires_at = now() RETURNING 'late'").await;
    assert_eq!(owner.delete(&path).await.status(), 204, "what has expired keeps nothing");
}

#[tokio::test]
async fn the_team_is_listed_in_the_order_in_which_it_came() {
    let (world, ada) = opened("ada").await;
    let bob = world.tenant("bob").await;
    world.employ(&ada, "zoe", "catalogue").await;
    let cal = world.employ(&ada, "cal", "administrator").await;
    let list = world.colleague(&cal).get("members").await.ok();
    let emails: Vec<_> = list["data"].as_array().unwrap().iter().map(|member| member["email"].as_str().unwrap()).collect();
    assert_eq!(emails, [ada.email.as_str(), "zoe@ada.example", "cal@ada.example"]);
    let zoe = member(&list, "zoe@ada.example");
    assert_eq!(
        (zoe["role"].as_str(), zoe["role_name"].as_str(), zoe["is_you"].as_bool()),
        (Some("catalogue"), Some("Catalogue"), Some(false))
    );
    assert_eq!(member(&list, &cal.email)["is_you"], true);

    let first = world.vendor(&ada).get("members?limit=2").await.ok();
    let next = first["page"]["next"].as_str().expect("there is a third");
    let second = world.vendor(&ada).get(format!("members?limit=2&after={next}")).await.ok();
    assert_eq!((second["data"][0]["email"].as_str(), &second["page"]["next"]), (Some("cal@ada.example"), &Value::Null));
    assert_eq!(world.vendor(&bob).get(format!("members?after={next}")).await.status(), 422);
    let elsewhere = format!("members/{}", cal.id);
    world.vendor(&bob).patch(&elsewhere, &json!({ "role": "read_only" })).await.refused(404, "identity.member_not_found");
    world.vendor(&bob).delete(&elsewhere).await.refused(404, "identity.member_not_found");
}

#[tokio::test]
async fn t054_nobody_gives_or_takes_what_they_lack() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let lead = role(&owner, "Lead", &["read_team", "write_team", "read_orders", "write_keys"]).await;
    let wide = role(&owner, "Wide", &["read_orders", "write_orders"]).await;
    let [bea, cal] = [world.employ(&ada, "bea", &lead).await, world.employ(&ada, "cal", "catalogue").await];
    let (bea, cal) = (world.colleague(&bea), format!("members/{}", cal.id));
    let lacks = |reply: Reply, word: &str| {
        let problem = reply.refused(403, "identity.permission_not_yours");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    };
    lacks(bea.post("roles", &json!({ "name": "More", "permissions": ["read_orders", "write_orders"] })).await, "write_orders");
    let narrow = role(&bea, "Narrow", &["read_orders"]).await;
    lacks(bea.patch(format!("roles/{narrow}"), &json!({ "permissions": ["read_stock"] })).await, "read_stock");
    lacks(bea.patch(format!("roles/{lead}"), &json!({ "permissions": ["write_settings"] })).await, "write_settings");
    lacks(bea.patch(format!("roles/{wide}"), &json!({ "permissions": ["read_orders"] })).await, "write_orders");
    lacks(bea.delete(format!("roles/{wide}")).await, "write_orders");
    lacks(bea.patch(&cal, &json!({ "role": narrow })).await, "read_products");
    lacks(bea.delete(&cal).await, "read_products");
    lacks(bea.post("invitations", &json!({ "email": "x@example.com", "role": "support" })).await, "read_products");
    lacks(bea.post("keys", &json!({ "name": "K", "kind": "secret", "scopes": ["read_orders", "write_orders"] })).await, "write_orders");
    bea.post("keys", &json!({ "name": "K", "kind": "secret", "scopes": ["read_orders"] })).await.ok();
    let invited = owner.post("invitations", &json!({ "email": "x@example.com", "role": "support" })).await.ok();
    let invited = format!("invitations/{}", invited["id"].as_str().unwrap());
    lacks(bea.delete(&invited).await, "read_products");
    lacks(bea.act(format!("{invited}/send-again")).await, "read_products");
    lacks(bea.post("invitations", &json!({ "email": "x@example.com", "role": narrow })).await, "read_products");

    let key = json!({ "name": "Everything", "kind": "secret", "scopes": ["read_team", "write_team", "read_orders"] });
    let key = owner.post("keys", &key).await.ok();
    let key = world.anybody("/vendor/v1").with_token(key["secret"].as_str().unwrap());
    lacks(key.post("roles", &json!({ "name": "More", "permissions": ["write_orders"] })).await, "write_orders");
    assert_eq!(key.get("members").await.ok()["data"][0]["is_you"], false);
    key.act("members/leave").await.refused(403, "identity.accounts_only");
}

#[tokio::test]
async fn owners_and_administrators_are_made_and_unmade_by_owners_alone() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let [cal, dot, eve] = [
        world.employ(&ada, "cal", "administrator").await,
        world.employ(&ada, "dot", "administrator").await,
        world.employ(&ada, "eve", "orders").await,
    ];
    let (admin, all) = (world.colleague(&cal), world.anybody("/vendor/v1").with_token(&ada.secret_key));
    let list = owner.get("members").await.ok();
    let [boss, dot, eve] = [member(&list, &ada.email)["account_id"].as_str().unwrap().to_owned(), dot.id.to_string(), eve.id.to_string()]
        .map(|id| format!("members/{id}"));
    for caller in [&admin, &all] {
        for role in ["owner", "administrator"] {
            caller.patch(&eve, &json!({ "role": role })).await.refused(403, "identity.owners_only");
            caller.post("invitations", &json!({ "email": "x@example.com", "role": role })).await.refused(403, "identity.owners_only");
        }
        for path in [&boss, &dot] {
            caller.patch(path, &json!({ "role": "read_only" })).await.refused(403, "identity.owners_only");
            caller.delete(path).await.refused(403, "identity.owners_only");
        }
        caller.patch(&eve, &json!({ "role": "catalogue" })).await.ok();
        caller.patch(&eve, &json!({ "role": "orders" })).await.ok();
    }
    owner.patch(&eve, &json!({ "role": "owner" })).await.ok();
    owner.patch(&dot, &json!({ "role": "catalogue" })).await.ok();
    owner.patch(&eve, &json!({ "role": "pilot" })).await.refused(422, "request.invalid");
    world.check().await;
}

#[tokio::test]
async fn the_last_owner_stays() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    world.employ(&ada, "cal", "administrator").await;
    let me = member(&owner.get("members").await.ok(), &ada.email)["account_id"].as_str().unwrap().to_owned();
    owner.act("members/leave").await.refused(409, "identity.last_owner");
    owner.delete(format!("members/{me}")).await.refused(409, "identity.last_owner");
    owner.patch(format!("members/{me}"), &json!({ "role": "administrator" })).await.refused(409, "identity.last_owner");
    owner.patch(format!("members/{me}"), &json!({ "role": "owner" })).await.ok();
    owner.get("account").await.ok();
    let zoe = world.employ(&ada, "zoe", "owner").await;
    owner.act("members/leave").await.ok();
    owner.get("store").await.refused(401, "identity.unauthorized");
    world.colleague(&zoe).act("members/leave").await.refused(409, "identity.last_owner");
    world.check().await;
}

/// Two owners demote, remove or leave each other at the same moment, again and again: one of them is always left.
#[tokio::test]
async fn two_owners_cannot_both_be_the_other() {
    let (world, ada) = opened("ada").await;
    let first = world.vendor(&ada);
    let zoe = world.employ(&ada, "zoe", "owner").await;
    let second = world.colleague(&zoe);
    let list = first.get("members").await.ok();
    let [ada_id, zoe_id] =
        [&ada.email, &zoe.email].map(|email| format!("members/{}", member(&list, email)["account_id"].as_str().unwrap()));
    let demoted = json!({ "role": "administrator" });
    let restore = "UPDATE memberships SET role = 'owner' RETURNING 'restored'";
    for _ in 0..5 {
        let (one, two) = tokio::join!(first.patch(&zoe_id, &demoted), second.patch(&ada_id, &demoted));
        assert_eq!(statuses(&[one, two]), [200, 403], "who is no owner any more unmakes none");
        let (one, two) = tokio::join!(first.patch(&ada_id, &demoted), second.patch(&zoe_id, &demoted));
        assert_eq!(statuses(&[one, two]), [403, 409], "there is one owner, who stays");
        texts(&mut world.superuser().await, restore).await;
        let (one, two) = tokio::join!(first.patch(&ada_id, &demoted), second.patch(&zoe_id, &demoted));
        assert_eq!(statuses(&[one, two]), [200, 409], "each steps down, and one stays");
        texts(&mut world.superuser().await, restore).await;
    }
    let (one, two) = tokio::join!(first.act("members/leave"), second.act("members/leave"));
    assert_eq!(statuses(&[one, two]), [204, 409]);
    world.check().await;
}

#[tokio::test]
async fn t037_who_is_removed_is_signed_out_of_this_store_and_of_no_other() {
    let mut world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let owner = world.vendor(&ada);
    let (eve, path) = (world.employ(&ada, "eve", "orders").await, "members");
    let here = world.colleague(&eve);
    let sql = format!(
        "INSERT INTO memberships (tenant_id, account_id, role, created_at) VALUES ('{}', '{}', 'support', now()) RETURNING 'made'",
        bob.id.uuid(),
        eve.id.uuid()
    );
    texts(&mut world.superuser().await, &sql).await;
    let there = here.post("account/switch-store", &json!({ "store": "bob" })).await.ok();
    let there = world.anybody("/vendor/v1").with_token(there["access_token"].as_str().unwrap());
    for caller in [&here, &there] {
        caller.get("orders").await.ok();
    }
    assert_eq!(owner.delete(format!("{path}/{}", eve.id)).await.status(), 204);
    here.get("orders").await.refused(401, "identity.unauthorized");
    let refresh = json!({ "refresh_token": eve.refresh_token });
    world.anybody("/vendor/v1").post("auth/refresh", &refresh).await.refused(401, "identity.session_ended");
    there.get("orders").await.ok();
    owner.delete(format!("{path}/{}", eve.id)).await.refused(404, "identity.member_not_found");
    world.run_jobs().await;
    let mails = world.mailbox.to(&eve.email);
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "You no longer work at ada"));
    world.leave_facts();
}

#[tokio::test]
async fn t037_a_changed_role_counts_at_once_and_soon_elsewhere() {
    let (world, ada) = opened("ada").await;
    let sibling = world.sibling_with(|tuning| tuning.session_cached_for = Duration::from_millis(400)).await;
    let owner = world.vendor(&ada);
    let packer = role(&owner, "Packer", &["read_orders", "read_settings"]).await;
    let bea = world.employ(&ada, "bea", &packer).await;
    let (here, there) = (world.colleague(&bea), world.colleague(&bea).at(&sibling));
    for caller in [&here, &there] {
        caller.get("orders").await.ok();
        caller.get("products").await.refused(403, "identity.permission_missing");
    }
    owner.patch(format!("roles/{packer}"), &json!({ "permissions": ["read_products"] })).await.ok();
    here.get("orders").await.refused(403, "identity.permission_missing");
    here.get("products").await.ok();
    tokio::time::sleep(Duration::from_millis(450)).await;
    there.get("orders").await.refused(403, "identity.permission_missing");
    owner.patch(format!("members/{}", bea.id), &json!({ "role": "orders" })).await.ok();
    here.get("orders").await.ok();
    owner.delete(format!("members/{}", bea.id)).await.ok();
    here.get("orders").await.refused(401, "identity.unauthorized");
    tokio::time::sleep(Duration::from_millis(450)).await;
    there.get("orders").await.refused(401, "identity.unauthorized");
}

/// What a role may is kept with the session: it costs a request nothing, whichever role it is.
#[tokio::test]
async fn a_role_of_the_stores_own_costs_no_more_statements() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let packer = role(&owner, "Packer", &["read_settings"]).await;
    let bea = world.employ(&ada, "bea", &packer).await;
    let bea = world.colleague(&bea);
    for caller in [&owner, &bea] {
        caller.get("store").await.ok();
    }
    let (of_owner, _) = world.count_statements(owner.get("store")).await;
    let (of_bea, _) = world.count_statements(bea.get("store")).await;
    assert_eq!(of_bea, of_owner);
}

#[tokio::test]
async fn a_store_changes_hands_with_the_password_and_both_are_told() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let owner = world.vendor(&ada);
    let [cal, eve] = [world.employ(&ada, "cal", "administrator").await, world.employ(&ada, "eve", "orders").await];
    owner.post("invitations", &json!({ "email": "x@example.com", "role": "owner" })).await.ok();
    let to = |id: &str, password: &str| json!({ "account_id": id, "current_password": password });
    let eve_id = eve.id.to_string();
    world.colleague(&cal).post("ownership/transfer", &to(&eve_id, &cal.password)).await.refused(403, "identity.owners_only");
    let wrong = owner.post("ownership/transfer", &to(&eve_id, "not this one")).await.refused(422, "identity.wrong_password");
    assert_eq!(wrong["errors"][0]["pointer"], "/current_password");
    let nobody = "acct_01h2xcejqtf2nbrexx3vqjhp41";
    let me = member(&owner.get("members").await.ok(), &ada.email)["account_id"].as_str().unwrap().to_owned();
    for refused in [nobody, &me] {
        let problem = owner.post("ownership/transfer", &to(refused, &ada.password)).await.refused(422, "identity.invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/account_id");
    }
    assert_eq!(owner.post("ownership/transfer", &to(&eve_id, &ada.password)).await.status(), 204);
    let list = world.colleague(&eve).get("members").await.ok();
    assert_eq!((&member(&list, &eve.email)["role"], &member(&list, &ada.email)["role"]), (&json!("owner"), &json!("administrator")));
    owner.patch(format!("members/{eve_id}"), &json!({ "role": "orders" })).await.refused(403, "identity.owners_only");
    assert_eq!(owner.get("invitations").await.ok()["data"], json!([]), "a former owner's invitations end");
    world.run_jobs().await;
    assert_eq!(world.mailbox.to(&eve.email).last().unwrap().subject, "You own ada now");
    let told = world.mailbox.to(&ada.email);
    assert_eq!(told.last().unwrap().subject, "ada has another owner");
    assert!(told.last().unwrap().text.contains("If it was not you"), "{}", told.last().unwrap().text);
    assert!(world.mailbox.to("x@example.com").is_empty(), "an invitation that ended is not mailed");
}

#[tokio::test]
async fn a_store_is_handed_over_once() {
    let (world, ada) = opened("ada").await;
    let owner = world.vendor(&ada);
    let others = [world.employ(&ada, "cal", "administrator").await, world.employ(&ada, "eve", "orders").await];
    let bodies: Vec<Value> =
        (0..4).map(|turn| json!({ "account_id": others[turn % 2].id.to_string(), "current_password": ada.password })).collect();
    let replies = join_all(bodies.iter().map(|body| owner.post("ownership/transfer", body))).await;
    assert_eq!(statuses(&replies), [204, 403, 403, 403]);
    let owners = "SELECT count(*)::text FROM memberships WHERE role = 'owner'";
    assert_eq!(texts(&mut world.superuser().await, owners).await, ["1"]);
    world.check().await;
}
