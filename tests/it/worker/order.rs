//! Orders as the worker meets them: rows and the facts that were saved with them.

use chrono::{DateTime, Utc};
use commerce::{
    ids::{CheckoutId, OrderId, OrderLineId},
    money::Money,
    orders::{OrderCancelled, OrderPlaced},
    outbox,
};
use tests::{Store, World, database::execute};
use uuid::Uuid;

/// Saves an order of two mugs at half of `cents` each, with 4.90 shipping, and the fact that it was placed.
pub(super) async fn place(world: &World, store: &Store, number: i64, cents: i64) -> OrderPlaced {
    place_at(world, store, number, cents, world.clock.now()).await
}

pub(super) async fn place_at(world: &World, store: &Store, number: i64, cents: i64, placed_at: DateTime<Utc>) -> OrderPlaced {
    let (tenant, order, checkout, line) = (store.id.uuid(), OrderId::new(), CheckoutId::new().uuid(), OrderLineId::new().uuid());
    let (currency, total, half) = (&store.currency, cents + 490, cents / 2);
    let address = r#"{"name": "Bob <b>Builder</b>", "line1": "Long Street 1", "postcode": "10115", "city": "Berlin", "country": "DE"}"#;
    let at = placed_at.to_rfc3339();
    let sql = format!(
        "BEGIN;
         INSERT INTO checkouts (tenant_id, id, cart_id, status, email, currency, prices_include_tax, subtotal, shipping_total, tax_total, total, expires_at, created_at, updated_at)
         VALUES ('{tenant}', '{checkout}', '{}', 'completed', 'bob@example.net', '{currency}', true, {cents}, 490, 100, {total}, '{at}', '{at}', '{at}');
         INSERT INTO orders (tenant_id, id, number, checkout_id, cart_id, status, email, shipping_address, billing_address, shipping_method_name, currency,
                             prices_include_tax, subtotal, shipping_total, tax_total, total, placed_at, updated_at)
         VALUES ('{tenant}', '{order}', {number}, '{checkout}', '{}', 'placed', 'bob@example.net', '{address}', '{address}', 'Parcel', '{currency}',
                 true, {cents}, 490, 100, {total}, '{at}', '{at}');
         INSERT INTO order_lines (tenant_id, id, order_id, variant_id, product_id, position, product_title, variant_title, sku, quantity, unit_price, subtotal, tax_total, requires_shipping)
         VALUES ('{tenant}', '{line}', '{order}', '{}', '{}', 0, 'Mug <script>alert(1)</script>', 'Ocean Blue', 'MUG-1', 2, {half}, {cents}, 80, true);
         INSERT INTO order_tax_lines (tenant_id, id, order_id, line_id, name, country, tax_class, percent, taxable, amount, reason)
         VALUES ('{tenant}', '{}', '{order}', '{line}', 'VAT', 'DE', 'standard', 19, {cents}, 100, 'rate');
         COMMIT",
        Uuid::now_v7(),
        Uuid::now_v7(),
        Uuid::now_v7(),
        Uuid::now_v7(),
        Uuid::now_v7(),
        order = order.uuid(),
    );
    execute(&mut world.superuser().await, &sql).await;
    let money = |minor| Money::new(minor, currency.parse().unwrap());
    let fact = OrderPlaced {
        order,
        placed_at,
        units: 2,
        subtotal: money(cents),
        shipping_total: money(490),
        tax_total: money(100),
        total: money(total),
    };
    let tx = world.begin(store).await;
    outbox::record(&tx, &world.clock, &fact).await.unwrap();
    tx.commit().await.unwrap();
    fact
}

pub(super) async fn cancel(world: &World, store: &Store, placed: &OrderPlaced) {
    let sql = format!("UPDATE orders SET status = 'cancelled', cancelled_at = now() WHERE id = '{}'", placed.order.uuid());
    execute(&mut world.superuser().await, &sql).await;
    let tx = world.begin(store).await;
    let fact = OrderCancelled { order: placed.order, placed_at: placed.placed_at, total: placed.total };
    outbox::record(&tx, &world.clock, &fact).await.unwrap();
    tx.commit().await.unwrap();
}

/// A store that nothing waits for any more.
pub(super) async fn quiet_store(world: &World, slug: &str) -> Store {
    let store = world.tenant(slug).await;
    world.try_jobs().await;
    store
}
