//! What must be true of stored data whatever happened: queries that return no rows. `World` asks all of them after every
//! drain of the jobs; a fault test asks them after every round. They read as a superuser, so that nothing hides.

use sqlx::PgConnection;

use crate::database::texts;

pub struct Invariant {
    pub says: &'static str,
    /// Ids of what breaks it, one text column.
    pub sql: &'static str,
    /// Holds only once every fact is relayed and every job has ended.
    pub when_quiet: bool,
}

/// What is broken, as sentences. `quiet`: nothing is on its way any more.
pub async fn broken(superuser: &mut PgConnection, quiet: bool) -> Vec<String> {
    let mut found = Vec::new();
    for invariant in INVARIANTS.iter().filter(|invariant| quiet || !invariant.when_quiet) {
        let offenders = texts(superuser, invariant.sql).await;
        if !offenders.is_empty() {
            found.push(format!("{}: {}", invariant.says, offenders.join(", ")));
        }
    }
    found
}

const fn always(says: &'static str, sql: &'static str) -> Invariant {
    Invariant { says, sql, when_quiet: false }
}

const fn when_quiet(says: &'static str, sql: &'static str) -> Invariant {
    Invariant { says, sql, when_quiet: true }
}

pub const INVARIANTS: &[Invariant] = &[
    // Stock.
    always(
        "nothing is sold that is not there",
        "SELECT id::text FROM stock_levels WHERE backorder = 'deny' AND (on_hand < 0 OR reserved > on_hand) OR reserved < 0",
    ),
    always(
        "what is reserved is the sum of what is held",
        "SELECT s.id || ': ' || s.reserved || ' reserved, ' || coalesce(sum(r.quantity), 0) || ' held' FROM stock_levels s
         LEFT JOIN reservations r ON r.tenant_id = s.tenant_id AND r.stock_level_id = s.id AND r.status = 'held'
         GROUP BY s.tenant_id, s.id, s.reserved HAVING s.reserved <> coalesce(sum(r.quantity), 0)",
    ),
    always(
        "what is on hand is the sum of its movements",
        "SELECT s.id || ': ' || s.on_hand || ' on hand, ' || coalesce(sum(m.quantity), 0) || ' moved' FROM stock_levels s
         LEFT JOIN stock_movements m ON m.tenant_id = s.tenant_id AND m.stock_level_id = s.id
         GROUP BY s.tenant_id, s.id, s.on_hand HAVING s.on_hand <> coalesce(sum(m.quantity), 0)",
    ),
    always(
        "an order consumed exactly the reservations of its lines",
        "WITH bought AS (
           SELECT o.tenant_id, o.id, l.variant_id, sum(l.quantity) AS quantity FROM orders o
           JOIN checkout_lines l ON l.tenant_id = o.tenant_id AND l.checkout_id = o.checkout_id AND l.is_stock_tracked GROUP BY 1, 2, 3),
         consumed AS (
           SELECT o.tenant_id, o.id, s.variant_id, sum(r.quantity) AS quantity FROM orders o
           JOIN reservations r ON r.tenant_id = o.tenant_id AND r.checkout_id = o.checkout_id AND r.status = 'consumed'
           JOIN stock_levels s ON s.tenant_id = r.tenant_id AND s.id = r.stock_level_id GROUP BY 1, 2, 3)
         SELECT coalesce(b.id, c.id)::text FROM bought b FULL JOIN consumed c USING (tenant_id, id, variant_id) WHERE b.quantity IS DISTINCT FROM c.quantity",
    ),
    always(
        "only a completed checkout consumes, and none holds after its end",
        "SELECT r.id::text FROM reservations r JOIN checkouts c ON c.tenant_id = r.tenant_id AND c.id = r.checkout_id
         WHERE r.status = 'consumed' AND c.status <> 'completed' OR r.status = 'held' AND c.status IN ('completed', 'cancelled', 'expired')",
    ),
    // Pictures.
    when_quiet(
        "what is ready is shown, and what failed is told, by every product that has it",
        "SELECT i.id::text FROM product_images i JOIN media m ON m.tenant_id = i.tenant_id AND m.id = i.media_id
         WHERE (m.status = 'ready') <> (i.picture IS NOT NULL) OR m.failure IS DISTINCT FROM i.failure",
    ),
    when_quiet("every picture was made or has failed", "SELECT id::text FROM media WHERE status = 'uploaded'"),
    // Totals.
    always(
        "an order's subtotal is the sum of its lines, and its tax the sum of its tax lines",
        "SELECT o.id::text FROM orders o WHERE
           o.subtotal <> (SELECT coalesce(sum(l.subtotal), 0) FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id)
           OR o.tax_total <> (SELECT coalesce(sum(t.amount), 0) FROM order_tax_lines t WHERE t.tenant_id = o.tenant_id AND t.order_id = o.id)",
    ),
    always(
        "a line's tax is the sum of its tax lines",
        "SELECT l.id::text FROM order_lines l WHERE l.tax_total <>
           (SELECT coalesce(sum(t.amount), 0) FROM order_tax_lines t WHERE t.tenant_id = l.tenant_id AND t.line_id = l.id)",
    ),
    always(
        "a checkout's figures are the sums of its lines",
        "SELECT c.id::text FROM checkouts c WHERE
           c.subtotal <> (SELECT coalesce(sum(l.subtotal), 0) FROM checkout_lines l WHERE l.tenant_id = c.tenant_id AND l.checkout_id = c.id)
           OR c.tax_total <> (SELECT coalesce(sum(t.amount), 0) FROM checkout_tax_lines t WHERE t.tenant_id = c.tenant_id AND t.checkout_id = c.id)",
    ),
    always(
        "an order is what its checkout promised",
        "SELECT o.id::text FROM orders o JOIN checkouts c ON c.tenant_id = o.tenant_id AND c.id = o.checkout_id
         WHERE (o.currency, o.subtotal, o.shipping_total, o.tax_total, o.total) <> (c.currency, c.subtotal, c.shipping_total, c.tax_total, c.total)
         OR c.status <> 'completed'",
    ),
    always("one order per cart", "SELECT min(id::text) FROM orders GROUP BY tenant_id, cart_id HAVING count(*) > 1"),
    always(
        "a completed checkout has its order",
        "SELECT c.id::text FROM checkouts c WHERE c.status = 'completed' AND NOT EXISTS
           (SELECT FROM orders o WHERE o.tenant_id = c.tenant_id AND o.checkout_id = c.id)",
    ),
    always(
        "order numbers are counted without gaps",
        "SELECT k.tenant_id::text FROM order_counters k LEFT JOIN orders o ON o.tenant_id = k.tenant_id
         GROUP BY k.tenant_id, k.last_number HAVING count(o.id) > 0 AND (max(o.number) > k.last_number OR max(o.number) - min(o.number) + 1 <> count(o.id))",
    ),
    // Money.
    always(
        "a payment's figures are the fold of its events",
        "SELECT p.id::text FROM payments p LEFT JOIN payment_events e ON e.tenant_id = p.tenant_id AND e.payment_id = p.id AND e.outcome = 'succeeded'
         GROUP BY p.tenant_id, p.id, p.captured, p.refunded
         HAVING p.captured <> coalesce(sum(e.amount) FILTER (WHERE e.kind = 'capture'), 0)
             OR p.refunded <> coalesce(sum(e.amount) FILTER (WHERE e.kind = 'refund'), 0)",
    ),
    always(
        "a payment's events are in its currency",
        "SELECT e.id::text FROM payment_events e JOIN payments p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id WHERE e.currency <> p.currency",
    ),
    always(
        "no order is paid more than its total, in its currency, or refunded more than was captured",
        "SELECT o.id::text FROM orders o JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
         GROUP BY o.tenant_id, o.id, o.total, o.currency
         HAVING sum(p.captured) > o.total OR sum(p.refunded) > sum(p.captured) OR bool_or(p.currency <> o.currency)",
    ),
    always(
        "refunds under way fit into what was captured",
        "SELECT p.id::text FROM payments p JOIN payment_events e ON e.tenant_id = p.tenant_id AND e.payment_id = p.id AND e.kind = 'refund' AND e.outcome = 'requested'
         AND NOT EXISTS (SELECT FROM payment_events f WHERE f.tenant_id = e.tenant_id AND f.payment_id = e.payment_id
                         AND f.operation_key = e.operation_key AND f.kind = 'refund' AND f.outcome = 'failed')
         GROUP BY p.tenant_id, p.id, p.captured HAVING sum(e.amount) > p.captured",
    ),
    always(
        "one successful capture a payment",
        "SELECT payment_id::text FROM payment_events WHERE kind = 'capture' AND outcome = 'succeeded' GROUP BY tenant_id, payment_id HAVING count(*) > 1",
    ),
    always(
        "the history says paid exactly when the money came",
        "SELECT o.id::text FROM orders o
         LEFT JOIN (SELECT tenant_id, order_id, sum(captured) AS captured FROM payments GROUP BY 1, 2) p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
         WHERE o.total > 0 AND (coalesce(p.captured, 0) >= o.total)
           <> EXISTS (SELECT FROM order_history h WHERE h.tenant_id = o.tenant_id AND h.order_id = o.id AND h.event = 'paid')",
    ),
    when_quiet(
        "the test gateway's books and ours name the same money",
        "SELECT coalesce(c.operation_key, e.operation_key) FROM
           (SELECT * FROM test_gateway_charges WHERE status = 'succeeded') c
           FULL JOIN (SELECT e.* FROM payment_events e JOIN payments p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id AND p.gateway = 'test'
                      WHERE e.outcome = 'succeeded' AND e.kind IN ('capture', 'refund')) e
             ON e.tenant_id = c.tenant_id AND e.operation_key = c.operation_key
         WHERE c.id IS NULL OR e.id IS NULL OR c.amount <> e.amount OR c.currency <> e.currency",
    ),
    // Orders.
    always(
        "an order's status is its last transition",
        "SELECT id::text FROM orders WHERE (status = 'cancelled') <> (cancelled_at IS NOT NULL) OR (status = 'completed') <> (completed_at IS NOT NULL)
         UNION ALL SELECT o.id::text FROM orders o LEFT JOIN order_history h ON h.tenant_id = o.tenant_id AND h.order_id = o.id GROUP BY o.tenant_id, o.id, o.status
         HAVING count(*) FILTER (WHERE h.event = 'placed') <> 1
             OR count(*) FILTER (WHERE h.event = 'cancelled') <> (o.status = 'cancelled')::int
             OR count(*) FILTER (WHERE h.event = 'completed') <> (o.status = 'completed')::int",
    ),
    always(
        "what was fulfilled is the sum of the fulfilments",
        "SELECT l.id::text FROM order_lines l LEFT JOIN fulfillment_lines f ON f.tenant_id = l.tenant_id AND f.order_line_id = l.id
         GROUP BY l.tenant_id, l.id, l.fulfilled_quantity HAVING l.fulfilled_quantity <> coalesce(sum(f.quantity), 0)",
    ),
    // Facts and jobs.
    always(
        "every order told of itself exactly once",
        "SELECT o.id::text FROM orders o LEFT JOIN facts f ON f.tenant_id = o.tenant_id AND f.aggregate_id = o.id
         GROUP BY o.tenant_id, o.id, o.status
         HAVING count(*) FILTER (WHERE f.code = 'orders.placed') <> 1
             OR count(*) FILTER (WHERE f.code = 'orders.cancelled') <> (o.status = 'cancelled')::int
             OR count(*) FILTER (WHERE f.code = 'orders.completed') <> (o.status = 'completed')::int",
    ),
    always(
        "facts of one thing are numbered without gaps",
        "SELECT aggregate_id::text FROM facts GROUP BY tenant_id, aggregate_id HAVING max(sequence) - min(sequence) + 1 <> count(*)",
    ),
    always(
        "facts hold no e-mail address",
        "SELECT id::text FROM facts WHERE body::text ~ '[A-Za-z0-9._-]+@[A-Za-z0-9-]+\\.[a-z]'",
    ),
    when_quiet("every fact is relayed", "SELECT code || ' ' || id FROM facts WHERE relayed_at IS NULL"),
    when_quiet("no job waits for ever", "SELECT kind || ' ' || key FROM waiting_jobs"),
    when_quiet(
        "the daily rollup equals a recount of the orders",
        "WITH recount AS (
           SELECT o.tenant_id, date_trunc('day', o.placed_at AT TIME ZONE s.time_zone) AT TIME ZONE s.time_zone AS starts_at, o.currency,
                  count(*) AS orders, sum(o.total) AS total, sum(o.tax_total) AS tax_total, sum(o.shipping_total) AS shipping_total
           FROM orders o JOIN store_settings s ON s.tenant_id = o.tenant_id GROUP BY 1, 2, 3)
         SELECT coalesce(r.tenant_id, k.tenant_id) || ' ' || coalesce(r.starts_at, k.starts_at) FROM
           (SELECT * FROM sales_rollups WHERE period = 'day' AND orders <> 0) r FULL JOIN recount k USING (tenant_id, starts_at, currency)
         WHERE (r.orders, r.total, r.tax_total, r.shipping_total) IS DISTINCT FROM (k.orders, k.total, k.tax_total, k.shipping_total)",
    ),
    when_quiet(
        "the hours of the rollup add up to its days",
        "SELECT tenant_id::text FROM sales_rollups GROUP BY tenant_id, currency
         HAVING sum(orders) FILTER (WHERE period = 'hour') IS DISTINCT FROM sum(orders) FILTER (WHERE period = 'day')
             OR sum(total) FILTER (WHERE period = 'hour') IS DISTINCT FROM sum(total) FILTER (WHERE period = 'day')",
    ),
    // Catalogue and access.
    always(
        "shoppers' lists hold exactly the published products, in each currency they are priced in",
        "SELECT coalesce(l.product_id, p.id)::text || ' ' || coalesce(l.currency, p.currency) FROM product_listings l
         FULL JOIN (SELECT DISTINCT p.tenant_id, p.id, r.currency FROM products p
                    JOIN variants v ON v.tenant_id = p.tenant_id AND v.product_id = p.id
                    JOIN prices r ON r.tenant_id = v.tenant_id AND r.variant_id = v.id WHERE p.status = 'published') p
           ON p.tenant_id = l.tenant_id AND p.id = l.product_id AND p.currency = l.currency
         WHERE l.product_id IS NULL OR p.id IS NULL",
    ),
    always(
        "each shelf holds exactly the listed products that stand in its category or below it, bear its tag, or were chosen for its collection",
        "WITH RECURSIVE above AS (
           SELECT pc.tenant_id, pc.product_id, c.id, c.parent_id FROM product_categories pc
             JOIN categories c ON c.tenant_id = pc.tenant_id AND c.id = pc.category_id
           UNION SELECT a.tenant_id, a.product_id, c.id, c.parent_id FROM above a
             JOIN categories c ON c.tenant_id = a.tenant_id AND c.id = a.parent_id),
         groups AS (SELECT tenant_id, product_id, id AS shelf_id, NULL::integer AS place FROM above
           UNION SELECT tenant_id, product_id, tag_id, NULL FROM product_tags
           UNION SELECT tenant_id, product_id, collection_id, position FROM collection_products),
         due AS (SELECT g.shelf_id, g.place, l.* FROM groups g JOIN product_listings l USING (tenant_id, product_id)),
         held AS (SELECT h.* FROM product_shelves h WHERE EXISTS (SELECT FROM categories c WHERE c.id = h.shelf_id)
           OR EXISTS (SELECT FROM tags t WHERE t.id = h.shelf_id)
           OR EXISTS (SELECT FROM collections c WHERE c.id = h.shelf_id AND c.kind = 'curated'))
         SELECT coalesce(h.product_id, d.product_id)::text || ' on ' || coalesce(h.shelf_id, d.shelf_id) FROM held h
         FULL JOIN due d ON d.tenant_id = h.tenant_id AND d.shelf_id = h.shelf_id AND d.product_id = h.product_id AND d.currency = h.currency
         WHERE (h.published_at, h.title_key, h.price_from, h.place) IS DISTINCT FROM (d.published_at, d.title_key, d.price_from, d.place)",
    ),
    when_quiet(
        "every shelf is somebody's, and every collection holds what its rule says",
        "SELECT h.shelf_id::text FROM product_shelves h WHERE NOT EXISTS (SELECT FROM categories c WHERE c.id = h.shelf_id)
           AND NOT EXISTS (SELECT FROM tags t WHERE t.id = h.shelf_id) AND NOT EXISTS (SELECT FROM collections c WHERE c.id = h.shelf_id)
         UNION SELECT id::text FROM collections WHERE NOT is_settled",
    ),
    always(
        "a shelf's keys are those of its products' rows",
        "SELECT h.product_id || ' on ' || h.shelf_id FROM product_shelves h
         LEFT JOIN product_listings l ON l.tenant_id = h.tenant_id AND l.product_id = h.product_id AND l.currency = h.currency
         WHERE (h.published_at, h.title_key, h.price_from) IS DISTINCT FROM (l.published_at, l.title_key, l.price_from)",
    ),
    always(
        "a family of refresh tokens has at most one live tip",
        "SELECT family_id::text FROM refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL GROUP BY family_id HAVING count(*) > 1
         UNION ALL SELECT family_id::text FROM customer_refresh_tokens WHERE used_at IS NULL AND revoked_at IS NULL GROUP BY family_id HAVING count(*) > 1",
    ),
    always(
        "an order is its checkout's customer's; a guest's joins only who has proved an address",
        "SELECT o.id::text FROM orders o JOIN checkouts c ON c.tenant_id = o.tenant_id AND c.id = o.checkout_id
         LEFT JOIN customers p ON p.tenant_id = o.tenant_id AND p.id = o.customer_id
           AND (p.email_verified_at IS NOT NULL OR p.erased_at IS NOT NULL)
         WHERE o.customer_id IS DISTINCT FROM c.customer_id AND (c.customer_id IS NOT NULL OR p.id IS NULL)",
    ),
    when_quiet(
        "who was forgotten is nobody",
        "SELECT c.id::text FROM customers c WHERE c.erased_at IS NOT NULL AND (c.email NOT LIKE '%@erased.invalid' OR c.name <> 'Erased'
           OR c.note IS NOT NULL OR c.password_hash <> ''
           OR EXISTS (SELECT FROM customer_addresses a WHERE a.tenant_id = c.tenant_id AND a.customer_id = c.id)
           OR EXISTS (SELECT FROM customer_refresh_tokens r WHERE r.tenant_id = c.tenant_id AND r.customer_id = c.id)
           OR EXISTS (SELECT FROM orders o WHERE o.tenant_id = c.tenant_id AND o.customer_id = c.id AND o.email NOT LIKE '%@erased.invalid'))",
    ),
    always(
        "every store has an owner",
        "SELECT t.slug FROM tenants t WHERE NOT EXISTS (SELECT FROM memberships m WHERE m.tenant_id = t.id AND m.role = 'owner')",
    ),
    always("a mail of one kind about one thing left once", "SELECT min(id::text) FROM sent_mails GROUP BY tenant_id, kind, key HAVING count(*) > 1"),
];
