//! The whole way with a provider that somebody else wrote and that is certified (npm's `oidc-provider`): pages, cookies, consent, codes,
//! tokens, and what it tells beside them. Runs where `STOA_TEST_OIDC_PROVIDER` names the package's folder; `cargo verify` sees to it
//! where npm is.

use std::process::Stdio;

use reqwest::{Client, Url, redirect::Policy};
use serde_json::{Value, json};
use tests::{
    HOST, World,
    idp::query,
    oauth::{VERIFIER, begin_as_account, brought, come_back, offered, page, sent_to},
    settings,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

const CLIENT: &str = "shop";
/// It is percent-encoded on its way.
const SECRET: &str = "a secret: with 100% odd + characters / in it";

struct Certified {
    issuer: String,
    _process: Child,
    /// It goes on telling: a pipe that nobody holds would end it.
    _told: Lines<BufReader<ChildStdout>>,
}

async fn certified() -> Option<Certified> {
    let Some(folder) = settings::oidc_provider() else {
        eprintln!(
            "SKIPPED: STOA_TEST_OIDC_PROVIDER does not name the folder of npm's oidc-provider; a provider that is certified was not tried"
        );
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/certified_idp.mjs");
    let module = format!("{folder}/lib/index.js");
    let mut process = Command::new("node")
        .args([script, &module, &format!("http://{HOST}/oauth/callback"), CLIENT, SECRET])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.starts_with("http://127.0.0.1:") {
            return Some(Certified { issuer: line, _process: process, _told: lines });
        }
    }
    panic!("the provider did not start");
}

/// Somebody with a browser: signs in on the provider's pages, agrees, and is sent back with a query.
async fn walk(authorization_url: &str, login: &str) -> String {
    let browser = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap();
    let mut cookies: Vec<(String, String)> = Vec::new();
    let (mut at, mut form) = (Url::parse(authorization_url).unwrap(), None);
    for _ in 0..12 {
        let cookie = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = match form.take() {
            Some(form) => browser.post(at.clone()).header("content-type", "application/x-www-form-urlencoded").body::<String>(form),
            None => browser.get(at.clone()),
        };
        let answer = request.header("cookie", cookie).send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            cookies.retain(|(known, _)| known != name);
            cookies.push((name.to_owned(), value.to_owned()));
        }
        if let Some(to) = answer.headers().get("location") {
            at = at.join(to.to_str().unwrap()).unwrap();
            if at.host_str() == Some(HOST) {
                return at.query().unwrap().to_owned();
            }
            continue;
        }
        let status = answer.status();
        let shown = answer.text().await.unwrap();
        assert!(status.is_success() && at.path().starts_with("/interaction/"), "{at} answered {status}: {shown}");
        let asks_who = shown.contains("name=\"login\"");
        form = Some(if asks_who { format!("prompt=login&login={login}&password=x") } else { "prompt=consent".to_owned() });
    }
    panic!("the browser went in circles, last at {at}");
}

fn described(certified: &Certified) -> Value {
    json!({ "id": "certified", "name": "Certified", "kind": "oidc", "issuer": certified.issuer, "client_id": CLIENT, "client_secret": SECRET,
            "for": ["accounts"] })
}

#[tokio::test]
async fn a_certified_provider_signs_people_in() {
    let Some(provider) = certified().await else { return };
    let world = World::offering(&offered(&[described(&provider)])).await;
    let open = world.anybody("/vendor/v1");
    let back = walk(&page(&begin_as_account(&world, "certified").await), "alice").await;
    assert_eq!(query(&format!("form:?{back}"))["iss"], provider.issuer, "it names itself");
    let to = sent_to(&come_back(&world, &back).await);
    let grant = query(&to).remove("grant").unwrap_or_else(|| panic!("{to}"));
    let store = json!({ "grant": grant, "code_verifier": VERIFIER, "owner_name": "Alice", "slug": "loom", "name": "Loom", "currency": "EUR",
                        "country": "DE", "time_zone": "Europe/Berlin", "prices_include_tax": true });
    let opened = open.post("stores/by-provider", &store).await.ok();
    let account = open.with_token(opened["access_token"].as_str().unwrap()).get("account").await.ok();
    assert_eq!(account["email"], "alice@loom.example", "what it tells beside the token");

    let back = walk(&page(&begin_as_account(&world, "certified").await), "alice").await;
    let grant = query(&sent_to(&come_back(&world, &back).await)).remove("grant").unwrap();
    assert_eq!(open.post("auth/oauth/finish", &brought(&grant)).await.ok()["store"], "loom");
    let back = walk(&page(&begin_as_account(&world, "certified").await), "bob").await;
    let grant = query(&sent_to(&come_back(&world, &back).await)).remove("grant").unwrap();
    open.post("auth/oauth/finish", &brought(&grant)).await.refused(409, "identity.identity_unknown");
    world.run_jobs().await;
}
