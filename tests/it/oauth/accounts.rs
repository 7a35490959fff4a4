//! Accounts that sign in by other providers: who is known, who is new, and who must say more.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    World,
    database::{execute, texts},
    idp::{APPLE_KEY, CLIENT, Idp, Person, SECRET, query},
    oauth::{DASHBOARD, VERIFIER, begin_as_account, brought, come_back, grant, link, offered, page, post_back, sent_to},
};

fn a_store(grant: &str, slug: &str) -> Value {
    json!({ "grant": grant, "code_verifier": VERIFIER, "owner_name": "Grace Hopper", "slug": slug, "name": slug, "currency": "EUR",
            "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true })
}

async fn world() -> (World, Idp) {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[idp.described("own", &["accounts"])])).await;
    (world, idp)
}

#[tokio::test]
async fn who_is_new_opens_a_store_and_signs_in_from_then_on() {
    let (world, idp) = world().await;
    let open = world.anybody("/vendor/v1");
    let listed = open.get("auth/providers").await.ok();
    assert_eq!(listed["data"], json!([{ "id": "own", "name": "The test's own", "kind": "oidc" }]));
    let grace = Person::proved("grace", "Grace@Loom.example");
    let first = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    open.post("auth/oauth/finish", &brought(&first)).await.refused(409, "identity.identity_unknown");
    let problem = open.post("stores/by-provider", &a_store(&first, "UPPER")).await.refused(422, "stores.invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/slug", "the grant goes on working");
    let opened = open.post("stores/by-provider", &a_store(&first, "loom")).await.ok();
    let owner = open.with_token(opened["access_token"].as_str().unwrap());
    let account = owner.get("account").await.ok();
    assert_eq!(account["email"], "grace@loom.example");
    assert!(account["email_verified_at"].is_string(), "the provider has proved it");
    open.post("stores/by-provider", &a_store(&first, "loom-2")).await.refused(422, "identity.grant_invalid");

    let again = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    let signed_in = open.post("auth/oauth/finish", &brought(&again)).await.ok();
    assert_eq!((signed_in["store"].as_str(), signed_in["role"].as_str()), (Some("loom"), Some("owner")));
    assert_eq!(open.with_token(signed_in["access_token"].as_str().unwrap()).get("account").await.ok()["id"], account["id"]);

    let third = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    let second = open.post("stores/by-provider", &a_store(&third, "second")).await.ok();
    let again = open.with_token(second["access_token"].as_str().unwrap());
    assert_eq!(again.get("account").await.ok()["id"], account["id"], "their own account, in one store more");
    world.run_jobs().await;
}

/// Who has left every store still has an account, and a way to go on with it: through its second factor, where it has one.
#[tokio::test]
async fn who_has_no_store_left_opens_one() {
    let (mut world, idp) = world().await;
    world.leave_facts();
    let open = world.anybody("/vendor/v1");
    let grace = Person::proved("grace", "grace@loom.example");
    let first = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    let opened = open.post("stores/by-provider", &a_store(&first, "loom")).await.ok();
    let owner = open.with_token(opened["access_token"].as_str().unwrap());
    let begun = owner.post("account/second-factors/totp", &json!({})).await.ok();
    let authenticator = world.authenticator(begun["secret"].as_str().unwrap());
    let path = format!("account/second-factors/{}/confirm", begun["id"].as_str().unwrap());
    let confirmed = owner.post(path, &json!({ "code": authenticator.code() })).await.ok();
    execute(&mut world.superuser().await, "DELETE FROM memberships").await;
    let again = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    open.post("auth/oauth/finish", &brought(&again)).await.refused(403, "identity.no_such_store");
    let mut store = a_store(&again, "second");
    open.post("stores/by-provider", &store).await.refused(401, "identity.second_factor_required");
    store["second_factor_code"] = json!("not-one-of-them-at");
    open.post("stores/by-provider", &store).await.refused(422, "identity.wrong_code");
    store["second_factor_code"] = confirmed["recovery_codes"][0].clone();
    open.post("stores/by-provider", &store).await.ok();
}

/// An account without a password: none fits, and the first comes by mail. What proved the address keeps signing in.
#[tokio::test]
async fn a_password_can_be_added_by_mail() {
    let (world, idp) = world().await;
    let open = world.anybody("/vendor/v1");
    let grace = Person::proved("grace", "grace@loom.example");
    let first = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    open.post("stores/by-provider", &a_store(&first, "loom")).await.ok();
    world.run_jobs().await;
    let sign_in = |password: &str| json!({ "email": "grace@loom.example", "password": password });
    for password in ["a password", "x", "nobody has this password"] {
        open.post("auth/sign-in", &sign_in(password)).await.refused(401, "identity.wrong_credentials");
    }
    assert_eq!(open.post("auth/reset-password", &json!({ "email": "grace@loom.example" })).await.status(), 204);
    world.run_jobs().await;
    let code = world.mailbox.code_to("grace@loom.example");
    open.post("auth/reset-password/confirm", &json!({ "code": code, "password": "the first password" })).await.ok();
    open.post("auth/sign-in", &sign_in("the first password")).await.ok();
    let again = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    open.post("auth/oauth/finish", &brought(&again)).await.ok();
    world.run_jobs().await;
}

/// Who has just signed in without a password needs none: for a first one, for an authenticator, for another address, for the end.
#[tokio::test]
async fn who_has_no_password_is_asked_for_a_fresh_sign_in() {
    let (world, idp) = world().await;
    let open = world.anybody("/vendor/v1");
    let grace = Person::proved("grace", "grace@loom.example");
    let first = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    let opened = open.post("stores/by-provider", &a_store(&first, "loom")).await.ok();
    let owner = open.with_token(opened["access_token"].as_str().unwrap());
    assert_eq!(owner.get("account").await.ok()["has_password"], false);
    let asked = [
        ("account/password", json!({ "password": "the first password" })),
        ("account/email", json!({ "email": "grace@elsewhere.example" })),
        ("account/second-factors/totp", json!({})),
        ("account/close", json!({})),
    ];
    let mut superuser = world.superuser().await;
    execute(&mut superuser, "UPDATE refresh_tokens SET proved_at = now() - interval '11 minutes'").await;
    for (path, body) in &asked {
        owner.post(*path, body).await.refused(403, "identity.sign_in_again");
    }
    owner.post("account/step-up", &json!({})).await.refused(403, "identity.sign_in_again");
    execute(&mut superuser, "UPDATE refresh_tokens SET proved_at = now()").await;
    owner.post("account/close", &json!({})).await.refused(409, "identity.last_owner");
    assert_eq!(owner.post("account/email", &asked[1].1).await.status(), 204);
    owner.post("account/second-factors/totp", &json!({})).await.ok();
    assert_eq!(owner.post("account/password", &asked[0].1).await.status(), 204);
    assert_eq!(owner.get("account").await.ok()["has_password"], true);
    owner.post("account/close", &json!({})).await.refused(422, "identity.wrong_password");
    open.post("auth/sign-in", &json!({ "email": "grace@loom.example", "password": "the first password" })).await.ok();
    world.run_jobs().await;
}

/// A provider proves who somebody is; where they have a second factor, that is not enough.
#[tokio::test]
async fn t051_another_provider_leads_round_no_second_factor() {
    let (world, idp) = world().await;
    let ada = world.tenant("ada").await;
    world.prove_address(&ada).await;
    let (owner, open) = (world.vendor(&ada), world.anybody("/vendor/v1"));
    let grace = Person::proved("grace", "grace@loom.example");
    link(&world, &owner, ("account", Some(&ada.password)), (&idp, "own"), &grace).await.ok();
    let begun = owner.post("account/second-factors/totp", &json!({ "current_password": ada.password })).await.ok();
    let authenticator = world.authenticator(begun["secret"].as_str().unwrap());
    let path = format!("account/second-factors/{}/confirm", begun["id"].as_str().unwrap());
    let confirmed = owner.post(path, &json!({ "code": authenticator.code() })).await.ok();
    let recovery_code = confirmed["recovery_codes"][0].as_str().expect("a code");
    let back = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    let asked = open.post("auth/oauth/finish", &brought(&back)).await.refused(401, "identity.second_factor_required");
    let challenge = asked["challenge"].as_str().expect("a challenge");
    open.post("auth/second-factor", &json!({ "challenge": challenge, "code": authenticator.wrong_code() }))
        .await
        .refused(422, "identity.wrong_code");
    let signed_in = open.post("auth/second-factor", &json!({ "challenge": challenge, "code": recovery_code })).await.ok();
    open.with_token(signed_in["access_token"].as_str().unwrap()).get("store").await.ok();
    world.run_jobs().await;

    // Nor does it take a seat in a team before the second factor was seen.
    let bob = world.vendor(&world.tenant("bob").await);
    bob.with_key("invite").post("invitations", &json!({ "email": ada.email, "role": "orders" })).await.ok();
    world.run_jobs().await;
    let mail = world.mailbox.to(&ada.email).pop().unwrap().text;
    let code = mail.lines().find(|line| line.starts_with("invite_")).unwrap();
    let back = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace).await;
    let accept = json!({ "grant": back, "code_verifier": VERIFIER, "invitation_code": code });
    let asked = open.post("auth/oauth/accept-invitation", &accept).await.refused(401, "identity.second_factor_required");
    let seats = async || bob.get("members").await.ok()["data"].as_array().map(Vec::len);
    assert_eq!(seats().await, Some(1));
    let answer = json!({ "challenge": asked["challenge"], "code": confirmed["recovery_codes"][1] });
    assert_eq!(open.post("auth/second-factor", &answer).await.ok()["store"], "bob");
    assert_eq!(seats().await, Some(2));
    world.run_jobs().await;
}

/// Signing in beside unlinking, or beside the end of the account: whoever comes second is refused, and no session is left of an
/// account that is closed.
#[tokio::test]
async fn t045_no_sign_in_slips_past_the_end_of_what_it_stands_on() {
    let (world, idp) = world().await;
    let bob = world.tenant("bob").await;
    for round in 0..6 {
        let kim = world.employ(&bob, &format!("kim{round}"), "orders").await;
        let member = world.colleague(&kim);
        let person = Person::proved(["k0", "k1", "k2", "k3", "k4", "k5"][round], "kim@elsewhere.example");
        let linked = link(&world, &member, ("account", Some(&kim.password)), (&idp, "own"), &person).await.ok();
        let grant = grant(&world, &idp, &begin_as_account(&world, "own").await, &person).await;
        let (body, open) = (brought(&grant), world.anybody("/vendor/v1"));
        let id = linked["id"].as_str().unwrap();
        if round % 2 == 0 {
            let (unlinked, signed_in) =
                tokio::join!(member.delete(format!("account/identities/{id}")), open.post("auth/oauth/finish", &body));
            assert_eq!(unlinked.status(), 204, "{}", unlinked.text());
            assert!([200, 409].contains(&signed_in.status()), "{}", signed_in.text());
        } else {
            let close = json!({ "current_password": kim.password });
            let (closed, signed_in) = tokio::join!(member.post("account/close", &close), open.post("auth/oauth/finish", &body));
            assert_eq!(closed.status(), 204, "{}", closed.text());
            assert!([200, 403, 409].contains(&signed_in.status()), "{}", signed_in.text());
            let of = format!(
                "SELECT family_id::text FROM refresh_tokens WHERE revoked_at IS NULL AND principal_id = '{}'
                 UNION ALL SELECT id::text FROM account_identities WHERE account_id = '{0}'",
                kim.id.uuid()
            );
            assert!(texts(&mut world.superuser().await, &of).await.is_empty());
        }
    }
    world.run_jobs().await;
}

/// An address is no identity: neither a proved one nor any other opens an account that was there before.
#[tokio::test]
async fn an_address_links_nothing() {
    let (world, idp) = world().await;
    let ada = world.tenant("ada").await;
    let open = world.anybody("/vendor/v1");
    let proved = Person::proved("stranger", &ada.email);
    let first = grant(&world, &idp, &begin_as_account(&world, "own").await, &proved).await;
    open.post("auth/oauth/finish", &brought(&first)).await.refused(409, "identity.link_first");
    open.post("stores/by-provider", &a_store(&first, "theirs")).await.refused(409, "identity.link_first");
    let claimed = Person { is_verified: false, ..proved };
    let second = grant(&world, &idp, &begin_as_account(&world, "own").await, &claimed).await;
    open.post("auth/oauth/finish", &brought(&second)).await.refused(409, "identity.identity_unknown");
    open.post("stores/by-provider", &a_store(&second, "theirs")).await.refused(409, "identity.email_unproved");
    let unnamed = Person { email: None, ..claimed };
    let third = grant(&world, &idp, &begin_as_account(&world, "own").await, &unnamed).await;
    open.post("stores/by-provider", &a_store(&third, "theirs")).await.refused(409, "identity.email_unproved");
    let made = texts(&mut world.superuser().await, "SELECT email FROM accounts UNION ALL SELECT subject FROM account_identities").await;
    assert_eq!(made, [ada.email]);
    world.run_jobs().await;
}

#[tokio::test]
async fn who_works_in_several_stores_says_which_with_the_same_grant() {
    let (world, idp) = world().await;
    let ada = world.tenant("ada").await;
    let open = world.anybody("/vendor/v1");
    let more = json!({ "email": ada.email, "password": ada.password, "owner_name": "Ada", "name": "b", "slug": "bea", "currency": "EUR",
                       "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true });
    open.post("stores", &more).await.ok();
    let person = Person::proved("ada", "ada@elsewhere.example");
    link(&world, &world.vendor(&ada), ("account", Some(&ada.password)), (&idp, "own"), &person).await.ok();
    let grant = grant(&world, &idp, &begin_as_account(&world, "own").await, &person).await;
    let finish = |store: &str| json!({ "grant": grant, "code_verifier": VERIFIER, "store": store });
    open.post("auth/oauth/finish", &brought(&grant)).await.refused(422, "identity.several_stores");
    open.post("auth/oauth/finish", &finish("cleo")).await.refused(403, "identity.no_such_store");
    assert_eq!(open.post("auth/oauth/finish", &finish("bea")).await.ok()["store"], "bea");
    world.run_jobs().await;
}

/// By a provider: an invitation is for one address.
#[tokio::test]
async fn t054_an_invitation_is_accepted_by_who_has_its_address() {
    let (world, idp) = world().await;
    let ada = world.tenant("ada").await;
    let owner = world.vendor(&ada);
    let invite = json!({ "email": "kim@loom.example", "role": "catalogue" });
    owner.with_key("invite-kim").post("invitations", &invite).await.ok();
    world.run_jobs().await;
    let mail = world.mailbox.to("kim@loom.example").pop().unwrap().text;
    let code = mail.lines().find(|line| line.starts_with("invite_")).unwrap().to_owned();
    let open = world.anybody("/vendor/v1");
    let accept = |grant: &str| json!({ "grant": grant, "code_verifier": VERIFIER, "invitation_code": code });
    let other = grant(&world, &idp, &begin_as_account(&world, "own").await, &Person::proved("bob", "bob@loom.example")).await;
    open.post("auth/oauth/accept-invitation", &accept(&other)).await.refused(403, "identity.invitation_for_another");
    let claimed = Person { is_verified: false, ..Person::proved("kim", "kim@loom.example") };
    let unproved = grant(&world, &idp, &begin_as_account(&world, "own").await, &claimed).await;
    open.post("auth/oauth/accept-invitation", &accept(&unproved)).await.refused(409, "identity.email_unproved");
    let kim = Person::proved("kim", "kim@loom.example");
    let grants = grant(&world, &idp, &begin_as_account(&world, "own").await, &kim).await;
    let body = accept(&grants);
    let answers = join_all((0..4).map(|_| open.post("auth/oauth/accept-invitation", &body))).await;
    let joined: Vec<_> = answers.iter().filter(|answer| answer.status() == 200).collect();
    assert_eq!(joined.len(), 1, "{:?}", answers.iter().map(tests::Reply::text).collect::<Vec<_>>());
    assert_eq!((&joined[0].ok()["store"], &joined[0].ok()["role"]), (&json!("ada"), &json!("catalogue")));
    let again = grant(&world, &idp, &begin_as_account(&world, "own").await, &kim).await;
    open.post("auth/oauth/finish", &brought(&again)).await.ok();
    world.run_jobs().await;
}

/// GitHub speaks no OpenID Connect: who somebody is there is the number of their account, and their primary address, if it is proved.
#[tokio::test]
async fn github_is_asked_for_a_person() {
    let idp = Idp::start().await;
    let github = json!({ "id": "github", "name": "GitHub", "kind": "github", "issuer": idp.issuer, "api_url": idp.issuer, "client_id": CLIENT,
                         "client_secret": SECRET, "for": ["accounts"] });
    let world = World::offering(&offered(&[github])).await;
    let open = world.anybody("/vendor/v1");
    let begun = begin_as_account(&world, "github").await;
    let asked = query(&page(&begun));
    assert_eq!(asked["scope"], "read:user user:email");
    assert!(page(&begun).starts_with(&format!("{}/login/oauth/authorize?", idp.issuer)) && !asked.contains_key("nonce"));
    let first = grant(&world, &idp, &begun, &Person { is_verified: false, ..Person::proved("4711", "grace@loom.example") }).await;
    open.post("stores/by-provider", &a_store(&first, "loom")).await.refused(409, "identity.email_unproved");
    let grace = Person::proved("4711", "grace@loom.example");
    let second = grant(&world, &idp, &begin_as_account(&world, "github").await, &grace).await;
    let opened = open.post("stores/by-provider", &a_store(&second, "loom")).await.ok();
    let owner = open.with_token(opened["access_token"].as_str().unwrap());
    assert_eq!(owner.get("account").await.ok()["email"], "grace@loom.example");
    let identities = owner.get("account/identities").await.ok();
    assert_eq!((&identities["data"][0]["issuer"], &identities["data"][0]["provider_name"]), (&json!(idp.issuer), &json!("GitHub")));
    let subjects = texts(&mut world.superuser().await, "SELECT subject FROM account_identities").await;
    assert_eq!(subjects, ["4711"]);
    let third = grant(&world, &idp, &begin_as_account(&world, "github").await, &grace).await;
    open.post("auth/oauth/finish", &brought(&third)).await.ok();
    world.run_jobs().await;
}

/// Apple has the browser post its answer, and takes a secret that is signed for each use.
#[tokio::test]
async fn apple_posts_its_answer() {
    let idp = Idp::start().await;
    let apple = json!({ "id": "apple", "name": "Apple", "kind": "apple", "issuer": idp.issuer, "client_id": CLIENT, "client_secret": APPLE_KEY,
                        "team_id": "TEAM", "key_id": "KEY", "for": ["accounts"] });
    let world = World::offering(&offered(&[apple])).await;
    let begun = begin_as_account(&world, "apple").await;
    let asked = query(&page(&begun));
    assert_eq!((asked["response_mode"].as_str(), asked["scope"].as_str()), ("form_post", "openid email name"));
    let back = query(&format!("form:?{}", idp.agree(&page(&begun), &Person::proved("grace", "grace@loom.example"))));
    let user = json!({ "name": { "firstName": "Grace", "lastName": "Hopper" }, "email": "evil@shop.example" }).to_string();
    let form: Vec<(&str, String)> = back.iter().map(|(name, value)| (name.as_str(), value.clone())).chain([("user", user)]).collect();
    let too_much: Vec<_> = form.iter().cloned().chain([("more", "x".repeat(65 * 1024))]).collect();
    assert_eq!(post_back(&world, &too_much).await.status(), 413);
    let to = sent_to(&post_back(&world, &form).await);
    assert!(to.starts_with(&format!("{DASHBOARD}&grant=")), "{to}");
    let names = texts(&mut world.superuser().await, "SELECT name || ' ' || email FROM account_oauth_flows").await;
    assert_eq!(names, ["Grace Hopper grace@loom.example"], "the name is the person's to say, the address is not");
    let open = world.anybody("/vendor/v1");
    open.post("stores/by-provider", &a_store(&query(&to)["grant"], "loom")).await.ok();
    let json = world.anybody("/").post("/oauth/callback", &json!({ "state": "x" })).await;
    json.refused(415, "request.unsupported_media_type");
    come_back(&world, "").await.refused(400, "identity.state_invalid");
    world.run_jobs().await;
}
