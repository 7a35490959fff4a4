use tests::World;
use worker::mail::MailError;

use super::order::{cancel, place, quiet_store};

#[tokio::test]
async fn the_confirmation_tells_what_was_bought_and_how_to_follow_it() {
    let world = World::new().await;
    let store = quiet_store(&world, "ada").await;
    let placed = place(&world, &store, 1001, 250_000).await;
    let drained = world.try_jobs().await;
    assert!(drained.failed.is_empty(), "{:?}", drained.failed);
    let mails = world.mailbox.to("bob@example.net");
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!((mail.from_name.as_str(), mail.reply_to.as_deref()), ("ada", Some(store.email.as_str())));
    assert_eq!(mail.subject, "Your order 1001 at ada");
    for text in ["1001", "2,504.90\u{a0}EUR", "1,250.00\u{a0}EUR", "VAT 19%", "1.00\u{a0}EUR", "10115 Berlin", "Germany", "Ocean Blue"] {
        assert!(mail.html.contains(text), "no {text:?} in the HTML");
    }
    assert!(mail.text.contains("2 x Mug <script>alert(1)</script> (Ocean Blue): 2,500.00\u{a0}EUR"), "{}", mail.text);
    assert!(!mail.html.contains("<script>") && !mail.html.contains("<b>Builder"), "what people typed is text");
    let link = format!("http://ada.stoa.test/storefront/v1/orders/{}?token=", placed.order);
    assert!(mail.text.contains(&link), "{}", mail.text);
}

#[tokio::test]
async fn a_mail_that_was_refused_is_sent_later_and_only_once() {
    let world = World::new().await;
    let store = quiet_store(&world, "ada").await;
    world.mailbox.refuse(Some(MailError::Later("reply 421".into())));
    let placed = place(&world, &store, 1001, 2_000).await;
    let drained = world.try_jobs().await;
    assert_eq!(drained.failed.len(), 1, "{:?}", drained.failed);
    assert!(drained.done.contains(&"RecordSale"), "the rest goes on");
    world.mailbox.refuse(None);
    cancel(&world, &store, &placed).await;
    world.try_jobs().await;
    world.try_jobs().await;
    assert_eq!(world.mailbox.to("bob@example.net").len(), 1);
}

#[tokio::test]
async fn a_new_store_is_welcomed() {
    let world = World::new().await;
    let store = world.tenant("ada").await;
    world.run_jobs().await;
    let mails = world.mailbox.to(&store.email);
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains("http://ada.stoa.test"), "{}", mails[0].text);
}
