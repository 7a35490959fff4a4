use commerce::cart::{Details, Error, NewLine, Requirement, Warning};
use commerce::fault::Fault;
use commerce::ids::VariantId;
use tests::database::execute;

use super::shop::{Shop, address, one, ships};

fn german() -> Details {
    Details { shipping_address: Some(Some(address("DE"))), ..Details::default() }
}

#[tokio::test]
async fn every_answer_is_priced_by_one_statement() {
    let shop = Shop::open().await;
    ships(&shop.ada).await;
    let mug = shop.variant(&shop.ada, 1990, 50).await;
    let before = shop.database.statements();
    let new = shop.carts.create(&shop.ada, one(mug, 2)).await.unwrap();
    assert_eq!(shop.database.statements() - before, 2, "BEGIN and one more");
    let full = shop.carts.set_details(&shop.ada, new.cart.id, german()).await.unwrap();
    let line = full.cart.lines[0].id;
    shop.carts.change_line(&shop.ada, full.cart.id, line, 3).await.unwrap();
    shop.carts.get(&shop.ada, full.cart.id).await.unwrap();
    assert_eq!(shop.database.statements() - before, 8, "the same for an edit and a look, with tax and shipping estimated");
    shop.close().await;
}

#[tokio::test]
async fn a_cart_adds_up_with_tax_and_shipping_once_the_country_is_known() {
    let shop = Shop::open().await;
    ships(&shop.ada).await;
    let mug = shop.variant(&shop.ada, 1990, 50).await;
    let cart = shop.carts.create(&shop.ada, one(mug, 2)).await.unwrap();
    assert_eq!(cart.totals.subtotal.amount(), "39.80");
    assert_eq!((cart.totals.shipping_estimate, cart.totals.tax_estimate), (None, None));
    assert_eq!(cart.requirements, [Requirement::Email, Requirement::ShippingAddress, Requirement::ShippingMethod]);
    let line = &cart.lines[0];
    assert_eq!((line.product_title.as_str(), line.variant_title.as_str(), line.weight_grams), ("Mug", "Blue", 300));
    assert_eq!(line.image_url.as_deref(), Some("https://img.example/mug.jpg"));

    let cart = shop.carts.set_details(&shop.ada, cart.cart.id, german()).await.unwrap();
    assert_eq!(cart.totals.shipping_estimate.unwrap().amount(), "4.90");
    // Prices include tax: 39.80 holds 6.35 and 4.90 holds 0.78.
    assert_eq!(cart.totals.tax_estimate.unwrap().amount(), "7.13");
    assert_eq!(cart.totals.total.amount(), "44.70");
    assert_eq!(cart.shipping_options[0].name, "Standard");

    let elsewhere = Details { shipping_address: Some(Some(address("JP"))), ..Details::default() };
    let cart = shop.carts.set_details(&shop.ada, cart.cart.id, elsewhere).await.unwrap();
    assert_eq!(cart.warnings, [Warning::NotShipped]);
    assert_eq!((cart.totals.shipping_estimate, cart.totals.tax_estimate.unwrap().minor), (None, 0));
    shop.close().await;
}

#[tokio::test]
async fn a_cart_warns_of_what_has_changed_since_it_was_filled() {
    let shop = Shop::open().await;
    let (mug, cup, plate) =
        (shop.variant(&shop.ada, 1990, 50).await, shop.variant(&shop.ada, 500, 4).await, shop.variant(&shop.ada, 900, 60).await);
    let mut new = one(mug, 1);
    new.lines.extend([NewLine { variant_id: cup, quantity: 5 }, NewLine { variant_id: plate, quantity: 100 }]);
    let cart = shop.carts.create(&shop.ada, new).await.unwrap();
    let [first, second, third] = [0, 1, 2].map(|place: usize| cart.cart.lines[place].id);
    let short = [Warning::StockShort { line: second, available: Some(4) }, Warning::StockShort { line: third, available: None }];
    assert_eq!(cart.warnings, short, "few are counted out, many are not told");

    let mut superuser = shop.superuser().await;
    execute(&mut superuser, &format!("UPDATE prices SET amount = 2490 WHERE variant_id = '{}'", mug.uuid())).await;
    let withdraw = "UPDATE products SET status = 'draft' WHERE id = (SELECT product_id FROM variants WHERE id =";
    execute(&mut superuser, &format!("{withdraw} '{}')", cup.uuid())).await;
    let cart = shop.carts.get(&shop.ada, cart.cart.id).await.unwrap();
    let eur = |minor| commerce::money::Money::new(minor, "EUR".parse().unwrap());
    let changed = Warning::PriceChanged { line: first, from: eur(1990), to: eur(2490) };
    assert_eq!(cart.warnings, [changed, Warning::Unavailable { line: second }, short[1].clone()]);
    assert_eq!(cart.totals.subtotal, eur(2490 + 90_000), "what is not for sale costs nothing");
    assert_eq!(cart.unavailable.len(), 1);
    shop.close().await;
}

#[tokio::test]
async fn what_is_not_for_sale_cannot_be_added() {
    let shop = Shop::open().await;
    let (mug, draft, foreign) =
        (shop.variant(&shop.ada, 1990, 5).await, shop.variant(&shop.ada, 500, 5).await, shop.variant(&shop.bob, 500, 5).await);
    let withdraw =
        format!("UPDATE products SET status = 'draft' WHERE id = (SELECT product_id FROM variants WHERE id = '{}')", draft.uuid());
    execute(&mut shop.superuser().await, &withdraw).await;
    let cart = shop.carts.create(&shop.ada, one(mug, 1)).await.unwrap();
    for variant_id in [draft, foreign, VariantId::new()] {
        let refused = shop.carts.add_line(&shop.ada, cart.cart.id, NewLine { variant_id, quantity: 1 }).await.unwrap_err();
        assert_eq!((refused.code(), refused.fields()[0].pointer.as_str()), ("cart.not_for_sale", "/variant_id"));
    }
    let mut dollars = one(mug, 1);
    dollars.currency = "USD".parse().unwrap();
    assert!(matches!(shop.carts.create(&shop.ada, dollars.clone()).await, Err(Error::NotForSale { .. })), "no price in USD");
    dollars.currency = "JPY".parse().unwrap();
    assert!(matches!(shop.carts.create(&shop.ada, dollars).await, Err(Error::CurrencyNotAccepted(_))));
    shop.close().await;
}
