//! Guessing: as somebody else, from somewhere else, by another way to the same door.

use serde_json::json;
use tests::World;

/// Passwords that anybody may try for one address before they are told to wait.
const TRIES: usize = 10;
/// What one client may ask of the doors before it is told to wait, whomever it names.
const KNOCKS: usize = 20;

/// The address that a client claims, and the spelling of an e-mail, are the client's to choose: neither buys another try.
#[tokio::test]
async fn t048_limits_hold_however_a_guess_is_dressed() {
    let mut world = World::at("2026-03-01T12:00:00Z").await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let open = world.anybody("/vendor/v1");
    let spellings = [ada.email.clone(), ada.email.to_uppercase(), format!(" {}", ada.email), format!("{}\t", ada.email)];
    let paths = [
        "auth/sign-in",
        "auth/sign-in/",
        "/vendor/v1//auth/sign-in",
        "//vendor/v1/auth/sign-in",
        "/vendor/v1/./auth/sign-in",
        "/vendor/v1/auth/sign%2Din",
    ];
    let mut tried = 0;
    for turn in 0..200 {
        let claims = format!("198.51.{}.{}", turn / 250, turn % 250);
        let guess = json!({ "email": spellings[turn % spellings.len()], "password": format!("guess number {turn}") });
        let caller = open.with("x-forwarded-for", &claims).with("forwarded", &format!("for={claims}")).with("x-real-ip", &claims);
        match caller.post(paths[turn % paths.len()], &guess).await.status() {
            401 => tried += 1,
            404 | 429 => {}
            other => panic!("{other}"),
        }
    }
    assert!((1..=TRIES).contains(&tried), "{tried} passwords were tried for one account");
}

/// One peer that names another account each time.
#[tokio::test]
async fn t048_one_client_has_one_limit_whomever_it_names() {
    let mut world = World::at("2026-03-01T12:00:00Z").await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let mut answered = 0;
    for turn in 0..100 {
        let open = world.anybody("/vendor/v1").with("x-forwarded-for", &format!("203.0.113.{turn}"));
        let reply = match turn % 3 {
            0 => open.post("auth/sign-in", &json!({ "email": format!("nobody{turn}@example.com"), "password": "a guess" })).await,
            1 => open.post("auth/refresh", &json!({ "refresh_token": format!("rt_guess{turn}") })).await,
            _ => {
                open.post("auth/reset-password/confirm", &json!({ "code": format!("code_{turn}"), "password": "a guess at a code" })).await
            }
        };
        answered += usize::from(reply.status() != 429);
    }
    assert!((1..=KNOCKS).contains(&answered), "{answered} guesses were answered");
    world.vendor(&ada).get("store").await.ok();
}

/// Somebody who guesses shuts that door to the one they guess for, and not the way to a new password.
#[tokio::test]
async fn t048_guessing_does_not_shut_the_way_to_a_new_password() {
    let mut world = World::new().await;
    let ada = world.tenant("ada").await;
    world.leave_facts();
    let open = world.anybody("/vendor/v1");
    let mut answers = Vec::new();
    for turn in 0..=TRIES {
        let guess = json!({ "email": ada.email, "password": format!("guess number {turn}") });
        answers.push(open.post("auth/sign-in", &guess).await.status());
    }
    assert_eq!(answers.pop(), Some(429), "{answers:?}");
    assert_eq!(open.post("auth/reset-password", &json!({ "email": ada.email })).await.status(), 204);
}
