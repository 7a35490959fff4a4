//! Providers that lie, stall, or are not who they say: T045, T047. Whatever they do, nobody is signed in, nothing is made, and the rest
//! of the platform goes on.

use std::time::{Duration, Instant};

use futures::future::{join, join_all};
use tests::{
    World,
    database::texts,
    idp::{Idp, Lie, Person},
    oauth::{DASHBOARD, begin_as_account, brought, come_back, error, grant, link, offered, page, sent_to},
};

async fn world() -> (World, Idp) {
    let idp = Idp::start().await;
    let world = World::offering(&offered(&[idp.described("own", &["accounts"])])).await;
    (world, idp)
}

fn grace() -> Person {
    Person::proved("grace", "grace@loom.example")
}

/// Nobody was proved by any flow, and nobody made.
async fn nothing_was_made(world: &World) {
    let made = "SELECT 'flow' FROM account_oauth_flows WHERE issuer IS NOT NULL UNION ALL SELECT 'identity' FROM account_identities
                UNION ALL SELECT 'account' FROM accounts UNION ALL SELECT 'session' FROM refresh_tokens";
    assert!(texts(&mut world.superuser().await, made).await.is_empty());
}

/// A token that is not signed by the provider, for us, now, and for this very flow proves nobody.
#[tokio::test]
async fn t045_a_token_that_lies_proves_nobody() {
    let (world, idp) = world().await;
    for lie in [
        Lie::WrongIssuer,
        Lie::WrongAudience,
        Lie::ForAnotherParty,
        Lie::WrongNonce,
        Lie::NoNonce,
        Lie::NoSubject,
        Lie::Expired,
        Lie::FromTheFuture,
        Lie::Unsigned,
        Lie::SignedWithPublicKey,
        Lie::SignedWithUnknownKey,
        Lie::SignedWithOtherKey,
        Lie::NamesCriticalExtension,
        Lie::NoIdToken,
    ] {
        idp.lie(lie);
        let told = error(&world, &idp, &begin_as_account(&world, "own").await, &grace()).await;
        assert_eq!(told, "identity_unproved", "{lie:?}");
    }
    nothing_was_made(&world).await;
    idp.lie(None);
    grant(&world, &idp, &begin_as_account(&world, "own").await, &grace()).await;
}

/// RFC 9207: an answer that is another provider's, or nobody's where this one always says its name, is not taken to any.
#[tokio::test]
async fn t045_an_answer_of_another_provider_is_not_taken() {
    let (world, idp) = world().await;
    for lie in [Lie::NamesAnother, Lie::NamesNobody] {
        idp.lie(lie);
        assert_eq!(error(&world, &idp, &begin_as_account(&world, "own").await, &grace()).await, "identity_unproved", "{lie:?}");
    }
    assert_eq!(idp.asked("/token"), 0, "no code is shown to who did not give it");
    nothing_was_made(&world).await;
}

/// A code of another flow, or one that was used, is refused by the provider, and nobody is proved.
#[tokio::test]
async fn t045_a_code_of_another_flow_is_worth_nothing() {
    let (world, idp) = world().await;
    let theirs = idp.agree(&page(&begin_as_account(&world, "own").await), &grace());
    let mine = idp.agree(&page(&begin_as_account(&world, "own").await), &grace());
    let injected = mine.replace("code-2", "code-1");
    assert_eq!(sent_to(&come_back(&world, &injected).await), format!("{DASHBOARD}&error=provider_unavailable"));
    assert_eq!(sent_to(&come_back(&world, &theirs).await), format!("{DASHBOARD}&error=provider_unavailable"), "it was shown before");
    nothing_was_made(&world).await;
}

/// A provider that changes its keys is believed with the new ones at once; one that names unknown keys is not asked for them each time.
#[tokio::test]
async fn keys_rotate() {
    let (world, idp) = world().await;
    grant(&world, &idp, &begin_as_account(&world, "own").await, &grace()).await;
    assert_eq!((idp.asked("/keys"), idp.asked("/.well-known/openid-configuration")), (1, 1));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    idp.rotate();
    grant(&world, &idp, &begin_as_account(&world, "own").await, &grace()).await;
    assert_eq!(idp.asked("/keys"), 2);
    idp.lie(Lie::SignedWithUnknownKey);
    let mut begun = Vec::new();
    for _ in 0..6 {
        begun.push(begin_as_account(&world, "own").await);
    }
    let person = grace();
    let words = join_all(begun.iter().map(|begun| error(&world, &idp, begun, &person))).await;
    assert!(words.iter().all(|word| word == "identity_unproved"));
    assert!(idp.asked("/keys") <= 3, "asked {} times for keys that are not there", idp.asked("/keys"));
    assert_eq!(idp.asked("/.well-known/openid-configuration"), 1);
    assert_eq!(api::config::Tuning::default().provider_documents.refetched_after, Duration::from_mins(1));
    world.run_jobs().await;
}

/// Keys that are huge, too many, slow, or elsewhere are not read; the failure is remembered for a while, and no longer.
#[tokio::test]
async fn t047_what_a_provider_publishes_is_bounded() {
    for lie in [Lie::HugeKeys, Lie::ManyKeys, Lie::RedirectsKeys] {
        let (world, idp) = world().await;
        idp.lie(lie);
        for _ in 0..3 {
            let told = error(&world, &idp, &begin_as_account(&world, "own").await, &grace()).await;
            assert_eq!(told, "provider_unavailable", "{lie:?}");
        }
        assert_eq!((idp.asked("/keys"), idp.asked("/elsewhere")), (1, 0), "{lie:?}: asked once, and redirected nowhere");
        nothing_was_made(&world).await;
    }
}

/// A provider that stalls is away alone. Everybody who waits for it waits for one answer, none holds a connection of the
/// database meanwhile, and they hear within its bound.
#[tokio::test]
async fn t047_a_slow_provider_is_away_alone() {
    let (world, idp) = world().await;
    let mut begun = Vec::new();
    for _ in 0..12 {
        begun.push(begin_as_account(&world, "own").await);
    }
    idp.lie(Lie::SlowKeys);
    let (started, person) = (Instant::now(), grace());
    let waiting = join_all(begun.iter().map(|begun| error(&world, &idp, begun, &person)));
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let asked = Instant::now();
        let ada = world.tenant("ada").await;
        world.vendor(&ada).get("account").await.ok();
        (asked.elapsed(), idp.asked("/keys"))
    };
    let (words, (took, asked)) = join(waiting, others).await;
    assert!(words.iter().all(|word| word == "provider_unavailable"), "{words:?}");
    assert!((4..12).contains(&started.elapsed().as_secs()), "bounded: {:?}", started.elapsed());
    assert!(took < Duration::from_secs(3), "who signs in with a password waited {took:?}");
    assert_eq!(asked, 1, "one asks for all");
    world.run_jobs().await;
}

/// However many wait for a provider that stalls with its tokens, who signs in by another does not wait with them.
#[tokio::test]
async fn t047_who_waits_for_one_provider_is_in_nobody_elses_way() {
    let (slow, good) = (Idp::start().await, Idp::start().await);
    let world = World::offering(&offered(&[slow.described("slow", &["accounts"]), good.described("good", &["accounts"])])).await;
    let mut begun = Vec::new();
    for _ in 0..18 {
        begun.push(begin_as_account(&world, "slow").await);
    }
    let other = begin_as_account(&world, "good").await;
    slow.lie(Lie::SlowTokens);
    let person = grace();
    let waiting = join_all(begun.iter().map(|begun| error(&world, &slow, begun, &person)));
    let passing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let asked = Instant::now();
        grant(&world, &good, &other, &person).await;
        (asked.elapsed(), slow.asked("/token"))
    };
    let (words, (took, asked)) = join(waiting, passing).await;
    assert!(words.iter().all(|word| word == "provider_unavailable"), "{words:?}");
    assert!(took < Duration::from_secs(3), "who signs in elsewhere waited {took:?}");
    assert!(asked <= 8, "{asked} at once at one place");
}

/// A provider that cannot be discovered refuses to begin with 503, and says when to come again.
#[tokio::test]
async fn t047_a_provider_that_is_not_there_is_said_to_be_away() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut described = Idp::start().await.described("own", &["accounts"]);
    described["issuer"] = format!("http://127.0.0.1:{port}").into();
    let world = World::offering(&offered(&[described])).await;
    let refused = begin_as_account(&world, "own").await;
    refused.refused(503, "identity.provider_unavailable");
    assert_eq!(refused.header("retry-after"), Some("10"));
    let (liar, other) = (Idp::start().await, Idp::start().await);
    let mut described = liar.described("own", &["accounts"]);
    described["issuer"] = format!("{}/", other.issuer).into();
    let world = World::offering(&offered(&[described])).await;
    begin_as_account(&world, "own").await.refused(503, "identity.provider_unavailable");
    nothing_was_made(&world).await;
}

/// A provider that refuses the code, or answers no tokens, proves nobody; who has signed in by it before does so again afterwards.
#[tokio::test]
async fn a_provider_that_fails_once_is_good_again() {
    let (world, idp) = world().await;
    let ada = world.tenant("ada").await;
    link(&world, &world.vendor(&ada), ("account", Some(&ada.password)), (&idp, "own"), &grace()).await.ok();
    idp.lie(Lie::NoTokens);
    assert_eq!(error(&world, &idp, &begin_as_account(&world, "own").await, &grace()).await, "provider_unavailable");
    idp.lie(None);
    let grant = grant(&world, &idp, &begin_as_account(&world, "own").await, &grace()).await;
    world.anybody("/vendor/v1").post("auth/oauth/finish", &brought(&grant)).await.ok();
    world.run_jobs().await;
}
