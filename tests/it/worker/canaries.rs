//! What passes through machines names nobody.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::json;
use tests::{
    Customer, Guest, World, a_product,
    canary::tables_with,
    database::{execute, texts},
};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A registration, a purchase, a mail that fails and an erasure, by somebody with words of their own.
#[tokio::test]
async fn t129_jobs_facts_searches_and_logs_know_nobody() {
    let log = Captured::default();
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new("debug")).with_writer(log.clone()).finish();
    // This test runs on one thread, and with it all that it starts.
    let _capturing = tracing::subscriber::set_default(subscriber);
    tracing::info!("capturing");
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mut superuser = world.superuser().await;
    // Jobs that wait are taken away when they run: a copy of each is kept.
    let keep = "CREATE TABLE seen_jobs (job text);
                CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
                  BEGIN INSERT INTO seen_jobs VALUES (NEW.job::text); RETURN NEW; END $$;
                CREATE TRIGGER see BEFORE INSERT ON waiting_jobs FOR EACH ROW EXECUTE FUNCTION see()";
    execute(&mut superuser, keep).await;
    let (email, name, street, password) = ("canary@zwitscher.example", "Canary Zwitscher", "Kanarienweg 7", "piep piep piep piep");
    let mug = a_product().stocked(9).create(&world, &ada).await;
    let register = json!({ "email": email, "password": password, "name": name });
    world.shopper(&ada).post("customer/register", &register).await.ok();
    world.mailbox.refuse(Some(worker::mail::MailError::Later("busy".into())));
    world.try_jobs().await;
    world.mailbox.refuse(None);
    let signed_in = world.shopper(&ada).post("customer/sign-in", &json!({ "email": email, "password": password })).await.ok();
    let customer = Customer::of(&world, &ada, email, &signed_in);
    customer.caller.act("customer/verification").await.ok();
    world.run_jobs().await;
    let code = world.mailbox.code_to(email);
    customer.prove(&world).await.ok();
    let address = json!({ "name": name, "line1": street, "postcode": "10119", "city": "Berlin", "country": "DE" });
    customer.caller.post("customer/addresses", &json!({ "address": address })).await.ok();
    let buyer = Guest::signed_in(&customer);
    let checkout = buyer.checkout(&mug, 1).await;
    let path = format!("checkouts/{}", checkout["id"].as_str().unwrap());
    let checkout = customer.caller.patch(&path, &json!({ "shipping_address": address })).await.ok();
    buyer.pay(&checkout, "test_declined", "declined").await;
    buyer.pay(&checkout, "test_success", "once").await.ok();
    let by_key = world.anybody("/storefront/v1").with("stoa-publishable-key", &ada.publishable_key);
    by_key.get("search?q=mug").await.ok();
    world.anybody("/vendor/v1").with_token(&ada.secret_key).get("orders").await.ok();
    world.run_jobs().await;
    customer.caller.post("customer/exports", &json!({ "current_password": password })).await.ok();
    world.run_jobs().await;
    customer.caller.post("customer/erasure", &json!({ "current_password": password })).await.ok();
    world.run_jobs().await;

    let token = signed_in["access_token"].as_str().unwrap();
    let words =
        [email, name, street, password, &code, token, &customer.refresh_token, &ada.secret_key, &ada.publishable_key, &ada.password];
    let jobs = texts(&mut superuser, "SELECT job FROM seen_jobs").await;
    assert!(jobs.len() >= 8, "jobs were seen: {}", jobs.len());
    let written = log.text();
    assert!(written.contains("capturing") && written.contains("Erased a customer"), "logs were seen");
    for word in words {
        assert!(!jobs.iter().any(|job| job.contains(word)), "a job holds {word}");
        for line in written.lines() {
            assert!(!line.contains(word), "a log line holds {word}: {line}");
        }
    }
    let everywhere = tables_with(&mut superuser, &words).await;
    assert_eq!(everywhere, ["public.orders"], "of all that, the address on the order is kept, for as long as the law wants it");
    let secrets = [password, &code, token, &customer.refresh_token, &ada.secret_key, &ada.publishable_key];
    assert_eq!(tables_with(&mut superuser, &secrets).await, Vec::<String>::new(), "secrets are hashed, or not kept at all");
}
