//! The doors: whether the time of an answer tells who has an account, and what a storm of sign-ins leaves to everybody else.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};

use super::load::join;
use super::report::Report;
use super::shop::Shop;
use crate::http::{self, Connection};
use crate::services::Services;

/// Addresses with an account, and as many without.
const EACH: usize = 200;
/// Connections that sign in at once, and how many look at products beside them.
const STORMING: usize = 64;
const BROWSING: usize = 4;
const STORM: Duration = Duration::from_secs(6);

/// What is asked at a door, of an address.
type Question = fn(String) -> Value;

/// Somebody at a door; each comes from an address of their own, so that no limit is what is measured.
struct Visitor<'a> {
    connection: Connection,
    host: &'a str,
}

impl Visitor<'_> {
    async fn open<'a>(services: &Services, host: &'a str) -> anyhow::Result<Visitor<'a>> {
        Ok(Visitor { connection: Connection::open(services.ports.of("api")).await?, host })
    }

    async fn knock(&mut self, path: &str, number: usize, body: &Value) -> anyhow::Result<(u16, Duration)> {
        let from = format!("X-Forwarded-For: 10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
        let begun = Instant::now();
        let answer = self.connection.send(&http::request("POST", self.host, path, &[from], Some(body.to_string().as_bytes()))).await?;
        Ok((answer.status, begun.elapsed()))
    }
}

/// Each door with 200 addresses that are known and 200 that are not, by turns.
pub(super) async fn answer_times(services: &Services, shop: &Shop, report: &mut Report) -> anyhow::Result<()> {
    residents(services, shop)?;
    let wrong = |email: String| json!({ "email": email, "password": "not the password" });
    let reset = |email: String| json!({ "email": email });
    let register = |email: String| json!({ "email": email, "password": "a password to register with", "name": "Robin" });
    let doors: [(&str, &str, Question); 5] = [
        ("sign-in of an account", "/vendor/v1/auth/sign-in", wrong),
        ("reset of an account", "/vendor/v1/auth/reset-password", reset),
        ("sign-in of a customer", "/storefront/v1/customer/sign-in", wrong),
        ("reset of a customer", "/storefront/v1/customer/reset-password", reset),
        ("registration of a customer", "/storefront/v1/customer/register", register),
    ];
    for (door, (name, path, body)) in doors.into_iter().enumerate() {
        let host = if path.starts_with("/vendor") { "localhost" } else { shop.host.as_str() };
        let mut visitor = Visitor::open(services, host).await?;
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        let mut statuses = Vec::new();
        for number in 0..EACH {
            for (kind, times) in [("known", &mut known), ("unknown", &mut unknown)] {
                let from = (door * EACH + number) * 2 + usize::from(kind == "known");
                let (status, time) = visitor.knock(path, from, &body(format!("{kind}-{number}@residents.example"))).await?;
                times.push(time.as_secs_f64() * 1000.0);
                statuses.push(status);
            }
        }
        statuses.dedup();
        ensure!(statuses.len() == 1, "{name}: known and unknown addresses are told apart by their status: {statuses:?}");
        for (kind, times) in [("known", &mut known), ("unknown", &mut unknown)] {
            times.sort_by(f64::total_cmp);
            for (quantile, place) in [("median", EACH / 2), ("p95", EACH * 95 / 100)] {
                report.figure(&format!("{name}, {kind}, {quantile}"), times[place], "ms");
            }
        }
        report.figure(&format!("{name}, medians apart"), (known[EACH / 2] - unknown[EACH / 2]).abs(), "ms");
    }
    Ok(())
}

/// Accounts and customers with the password of the shop's owner, whatever it is: nobody here signs in with it.
fn residents(services: &Services, shop: &Shop) -> anyhow::Result<()> {
    let last = EACH - 1;
    services.sql(
        "stoa",
        &format!(
            "INSERT INTO accounts (id, email, name, password_hash, created_at, updated_at)
             SELECT gen_random_uuid(), 'known-' || n || '@residents.example', 'Robin', a.password_hash, now(), now()
             FROM accounts a CROSS JOIN generate_series(0, {last}) n WHERE a.email = 'owner@bench.example';
             INSERT INTO memberships (tenant_id, account_id, role, created_at)
             SELECT '{store}', a.id, 'read_only', now() FROM accounts a WHERE a.email LIKE 'known-%@residents.example';
             INSERT INTO customers (tenant_id, id, email, name, password_hash, created_at, updated_at)
             SELECT '{store}', a.id, a.email, a.name, a.password_hash, now(), now() FROM accounts a WHERE a.email LIKE 'known-%@residents.example'",
            store = shop.id
        ),
    )?;
    Ok(())
}

/// Product lists, answered anew, alone and beside more sign-ins than the machine can check.
pub(super) async fn storm(services: &Services, shop: &Shop, report: &mut Report) -> anyhow::Result<()> {
    let (quiet, _) = beside(services, shop, 0).await?;
    let (stormy, knocks) = beside(services, shop, STORMING).await?;
    for (when, times) in [("without a storm", quiet), ("in a storm", stormy)] {
        let mut times = times;
        times.sort_by(f64::total_cmp);
        for (quantile, permille) in [("median", 500), ("p99", 990)] {
            report.figure(&format!("list {when}, {quantile}"), times[(times.len() - 1) * permille / 1000], "ms");
        }
    }
    for (status, what) in [(401, "checked"), (503, "sent away")] {
        let count = knocks.iter().filter(|knocked| **knocked == status).count();
        report.figure(&format!("sign-ins {what} in a storm"), f64::from(u32::try_from(count)?) / STORM.as_secs_f64(), "a second");
    }
    Ok(())
}

async fn beside(services: &Services, shop: &Shop, storming: usize) -> anyhow::Result<(Vec<f64>, Vec<u16>)> {
    let (times, knocks) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let end = Instant::now() + STORM;
    let list = http::request("GET", &shop.host, "/storefront/v1/products?limit=24", &["Cache-Control: no-cache".to_owned()], None);
    let browse = async |connection: anyhow::Result<Connection>| {
        let mut connection = connection?;
        while Instant::now() < end {
            let begun = Instant::now();
            let answer = connection.send(&list).await?;
            ensure!(answer.status == 200, "a list was answered with {}", answer.status);
            times.borrow_mut().push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        anyhow::Ok(())
    };
    let knock = async |connection: anyhow::Result<Connection>, who: usize| {
        let mut visitor = Visitor { connection: connection?, host: "localhost" };
        let mut turn = 0;
        while Instant::now() < end {
            // Nobody twice: the limits of one address and of one e-mail are not what is measured.
            let number = 1_000_000 + who * 10_000 + turn;
            let guess = json!({ "email": format!("stranger-{number}@storm.example"), "password": "a guess of a stranger" });
            let (status, _) = visitor.knock("/vendor/v1/auth/sign-in", number, &guess).await?;
            knocks.borrow_mut().push(status);
            turn += 1;
        }
        anyhow::Ok(())
    };
    let port = services.ports.of("api");
    let (browsers, knockers) =
        tokio::join!(async { join((0..BROWSING).map(async |_| browse(Connection::open(port).await).await).collect()).await }, async {
            join((0..storming).map(async |who| knock(Connection::open(port).await, who).await).collect()).await
        },);
    for outcome in browsers.into_iter().chain(knockers) {
        outcome?;
    }
    Ok((times.into_inner(), knocks.into_inner()))
}
