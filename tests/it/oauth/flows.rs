//! What a flow holds against: T045 (states and grants come once, to whom they belong), T046 (where browsers are sent).

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;
use tests::{
    World,
    database::{execute, texts},
    idp::{Idp, Person, form},
    oauth::{
        CHALLENGE, DASHBOARD, STOREFRONT, VERIFIER, begin, begin_as_account, begin_as_customer, brought, come_back, grant, link, offered,
        page, register_return_url, sent_to,
    },
};

async fn world() -> (World, Idp, tests::Store) {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[idp.described("own", &["accounts", "customers"])])).await;
    let ada = world.tenant("ada").await;
    (world, idp, ada)
}

fn ada() -> Person {
    Person::proved("ada", "ada@elsewhere.example")
}

/// A state that is missing, made up, another's, used or late is refused before anything is done.
#[tokio::test]
async fn t045_a_state_comes_back_once_and_in_time() {
    let (mut world, idp, _) = world().await;
    world.leave_facts();
    let begun = begin_as_account(&world, "own").await;
    let back = idp.agree(&page(&begun), &ada());
    let changed = back.replace("state=oa_", "state=oc_");
    for wrong in ["", "code=code-1", "state=oa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=code-1", changed.as_str()] {
        come_back(&world, wrong).await.refused(400, "identity.state_invalid");
    }
    come_back(&world, &format!("{back}&{back}")).await.refused(400, "request.repeated_parameter");
    let tokens = idp.asked("/token");
    // What only looks whether the address is there uses nothing up.
    assert_eq!(world.anybody("/").head(format!("/oauth/callback?{back}")).await.status(), 204);
    assert!(sent_to(&come_back(&world, &back).await).contains("grant="));
    come_back(&world, &back).await.refused(400, "identity.state_invalid");
    assert_eq!(idp.asked("/token"), tokens + 1, "a code is exchanged once");

    let back = idp.agree(&page(&begin_as_account(&world, "own").await), &ada());
    execute(&mut world.superuser().await, "UPDATE account_oauth_flows SET expires_at = now()").await;
    come_back(&world, &back).await.refused(400, "identity.state_invalid");
}

/// Ten callbacks of one state at the same moment: one of them exchanges the code.
#[tokio::test]
async fn a_state_comes_back_once_however_many_bring_it() {
    let (mut world, idp, _) = world().await;
    world.leave_facts();
    let back = idp.agree(&page(&begin_as_account(&world, "own").await), &ada());
    let answers = join_all((0..10).map(|_| come_back(&world, &back))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status() == 303).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status() == 400).count(), 9);
    assert_eq!(idp.asked("/token"), 1);
}

/// A flow begins with S256 or not at all, and a grant is worth nothing without the secret behind it.
#[tokio::test]
async fn t045_a_stolen_grant_opens_nothing() {
    let (mut world, idp, store) = world().await;
    world.leave_facts();
    let open = world.anybody("/vendor/v1");
    let mut request = begin("own", DASHBOARD);
    request["code_challenge_method"] = "plain".into();
    let problem = open.post("auth/oauth/begin", &request).await.refused(422, "request.invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/code_challenge_method");
    request = begin("own", DASHBOARD);
    request.as_object_mut().unwrap().remove("code_challenge_method");
    open.post("auth/oauth/begin", &request).await.refused(422, "request.invalid");
    for wrong in ["", VERIFIER[..42].to_owned().as_str(), &CHALLENGE.replace('-', "+")] {
        request = begin("own", DASHBOARD);
        request["code_challenge"] = wrong.into();
        let problem = open.post("auth/oauth/begin", &request).await.refused(422, "identity.invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/code_challenge");
    }
    link(&world, &world.vendor(&store), ("account", Some(&store.password)), (&idp, "own"), &ada()).await.ok();
    let grant = grant(&world, &idp, &begin_as_account(&world, "own").await, &ada()).await;
    for verifier in ["", CHALLENGE, "another-verifier-of-the-right-length-000000000"] {
        let stolen = json!({ "grant": grant, "code_verifier": verifier });
        let problem = open.post("auth/oauth/finish", &stolen).await.refused(422, "identity.grant_invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/grant");
    }
    open.post("auth/oauth/finish", &brought(&grant)).await.ok();
    open.post("auth/oauth/finish", &brought(&grant)).await.refused(422, "identity.grant_invalid");
    for wrong in ["", "ga_", "ga_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        open.post("auth/oauth/finish", &brought(wrong)).await.refused(422, "identity.grant_invalid");
    }
}

#[tokio::test]
async fn a_grant_works_once_however_many_bring_it_and_for_two_minutes() {
    let (mut world, idp, store) = world().await;
    world.leave_facts();
    link(&world, &world.vendor(&store), ("account", Some(&store.password)), (&idp, "own"), &ada()).await.ok();
    let first = grant(&world, &idp, &begin_as_account(&world, "own").await, &ada()).await;
    let mut superuser = world.superuser().await;
    let sessions = "SELECT count(*)::text FROM refresh_tokens";
    let before: u32 = texts(&mut superuser, sessions).await[0].parse().unwrap();
    let open = world.anybody("/vendor/v1");
    let body = brought(&first);
    let answers = join_all((0..10).map(|_| open.post("auth/oauth/finish", &body))).await;
    let statuses: Vec<u16> = answers.iter().map(tests::Reply::status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 9, "{statuses:?}");
    assert_eq!(texts(&mut superuser, sessions).await, [(before + 1).to_string()], "one session");
    assert!(texts(&mut superuser, "SELECT id::text FROM account_oauth_flows").await.is_empty(), "nothing is kept of a flow that ended");

    let late = grant(&world, &idp, &begin_as_account(&world, "own").await, &ada()).await;
    let lasts = "SELECT (grant_expires_at - now() BETWEEN interval '115 seconds' AND interval '2 minutes')::text FROM account_oauth_flows";
    assert_eq!(texts(&mut superuser, lasts).await, ["true"]);
    execute(&mut superuser, "UPDATE account_oauth_flows SET grant_expires_at = now()").await;
    open.post("auth/oauth/finish", &brought(&late)).await.refused(422, "identity.grant_invalid");
}

/// A flow ends where it began: not in another store, not as an account, not for another purpose.
#[tokio::test]
async fn a_grant_is_good_where_its_flow_began() {
    let (mut world, idp, store) = world().await;
    world.leave_facts();
    let bob = world.tenant("bob").await;
    for store in [&store, &bob] {
        register_return_url(&world, store).await;
    }
    let (here, there) = (world.shopper(&store), world.shopper(&bob));
    let customers = grant(&world, &idp, &begin_as_customer(&here, "own").await, &ada()).await;
    there.post("customer/oauth/finish", &brought(&customers)).await.refused(422, "identity.grant_invalid");
    let open = world.anybody("/vendor/v1");
    let as_account = customers.replacen("gc_", "ga_", 1);
    open.post("auth/oauth/finish", &brought(&customers)).await.refused(422, "identity.grant_invalid");
    open.post("auth/oauth/finish", &brought(&as_account)).await.refused(422, "identity.grant_invalid");
    here.post("customer/oauth/finish", &brought(&customers)).await.ok();

    let accounts = grant(&world, &idp, &begin_as_account(&world, "own").await, &ada()).await;
    here.post("customer/oauth/finish", &brought(&accounts)).await.refused(422, "identity.grant_invalid");
    world.vendor(&store).post("account/identities/finish", &brought(&accounts)).await.refused(422, "identity.grant_invalid");
}

/// A browser is sent to registered addresses alone, letter by letter, and back to the same one whatever happens.
#[tokio::test]
async fn t046_a_browser_is_sent_to_registered_addresses_alone() {
    let (mut world, idp, store) = world().await;
    world.leave_facts();
    let open = world.anybody("/vendor/v1");
    for wrong in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "https://dashboard.example@evil.example/in?from=provider",
        "https://dashboard.example.evil.example/in?from=provider",
        "https://dashboard.example/in",
        "https://dashboard.example/in?from=provider&next=//evil.example",
        "https://dashboard.example/in?from=provider\r\nX: y",
        "HTTPS://dashboard.example/in?from=provider",
        "",
    ] {
        // A process of its own counts what it asks.
        let problem =
            open.at(&world.sibling().await).with("referer", "https://evil.example").post("auth/oauth/begin", &begin("own", wrong)).await;
        assert_eq!(problem.refused(422, "identity.unknown_return_url")["errors"][0]["pointer"], "/return_to", "{wrong}");
    }
    // Another audience's addresses are not one's own.
    register_return_url(&world, &store).await;
    open.post("auth/oauth/begin", &begin("own", STOREFRONT)).await.refused(422, "identity.unknown_return_url");
    let shopper = world.shopper(&store);
    shopper.post("customer/oauth/begin", &begin("own", DASHBOARD)).await.refused(422, "identity.unknown_return_url");
    shopper.post("customer/oauth/begin", &begin("other", STOREFRONT)).await.refused(422, "identity.unknown_provider");

    let state = |begun: &tests::Reply| tests::idp::query(&page(begun))["state"].clone();
    let begun = begin_as_account(&world, "own").await;
    let denied = form(&[("state", state(&begun)), ("error", "access_denied".to_owned()), ("iss", idp.issuer.clone())]);
    assert_eq!(sent_to(&come_back(&world, &denied).await), format!("{DASHBOARD}&error=access_denied"));
    let begun = begin_as_account(&world, "own").await;
    let evil = "server_error&return_to=//evil.example\r\nX: y".to_owned();
    let failed = form(&[("state", state(&begun)), ("error", evil), ("iss", idp.issuer.clone())]);
    assert_eq!(sent_to(&come_back(&world, &failed).await), format!("{DASHBOARD}&error=provider_unavailable"));
    let begun = begin_as_customer(&shopper, "own").await;
    let empty = form(&[("state", state(&begun)), ("iss", idp.issuer.clone())]);
    assert_eq!(sent_to(&come_back(&world, &empty).await), format!("{STOREFRONT}?error=identity_unproved"));
}

/// Every flow has secrets of its own, and none of them is kept.
#[tokio::test]
async fn nothing_secret_is_kept() {
    let (mut world, idp, _) = world().await;
    world.leave_facts();
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let begun = begin_as_account(&world, "own").await;
        let asked = tests::idp::query(&page(&begun));
        seen.extend([asked["state"].clone(), asked["nonce"].clone(), asked["code_challenge"].clone()]);
        seen.insert(grant(&world, &idp, &begun, &ada()).await);
    }
    assert_eq!(seen.len(), 12, "each is another");
    let kept = texts(&mut world.superuser().await, "SELECT row_to_json(f)::text FROM account_oauth_flows f").await.join("\n");
    assert!(seen.iter().all(|secret| !kept.contains(secret.as_str()) && !kept.contains(&secret[3..])), "{kept}");
}

#[tokio::test]
async fn flows_that_nobody_finished_are_forgotten() {
    let (world, idp, store) = world().await;
    register_return_url(&world, &store).await;
    grant(&world, &idp, &begin_as_account(&world, "own").await, &ada()).await;
    grant(&world, &idp, &begin_as_customer(&world.shopper(&store), "own").await, &ada()).await;
    world.run_jobs().await;
    let mut superuser = world.superuser().await;
    execute(&mut superuser, "UPDATE customer_oauth_flows SET expires_at = now() - interval '2 hours'").await;
    let platform = world.state.database.platform().begin().await.unwrap();
    assert_eq!(commerce::customers::tenants_to_prune(&platform).await.unwrap(), [store.id]);
    drop(platform);
    let tx = world.begin(&store).await;
    assert!(!commerce::customers::prune(&tx).await.unwrap());
    tx.commit().await.unwrap();
    assert!(texts(&mut superuser, "SELECT email FROM customer_oauth_flows").await.is_empty());
}
