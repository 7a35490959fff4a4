use std::time::{Duration, Instant};

use commerce::cart::copy::copy_dirty;
use commerce::cart::{CartStore, NewLine};

use super::shop::{Shop, clock, one};

#[tokio::test]
async fn carts_outlive_a_killed_redis_and_are_edited_while_it_is_away() {
    let mut shop = Shop::open().await;
    let mug = shop.variant(&shop.ada, 1990, 50).await;
    let carts = CartStore::with_timeout(Some(shop.redis.connect()), clock(), Duration::from_millis(250));
    let id = carts.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    copy_dirty(&shop.redis.connect(), &shop.database, 10).await.unwrap();

    shop.redis.kill();
    let add = || carts.add_line(&shop.ada, id, NewLine { variant_id: mug, quantity: 1 });
    for quantity in 2..=4 {
        assert_eq!(add().await.unwrap().lines[0].quantity, quantity, "from the copy, into the copy");
    }
    let made_meanwhile = carts.create(&shop.ada, one(mug, 7)).await.unwrap().cart.id;
    assert_eq!(carts.get(&shop.ada, id).await.unwrap().lines[0].quantity, 4);
    let started = Instant::now();
    for _ in 0..10 {
        carts.get(&shop.ada, id).await.unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(1), "once Redis is known to be away, nobody waits for it");

    shop.redis.restart();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(add().await.unwrap().lines[0].quantity, 5);
    assert_eq!(carts.get(&shop.ada, made_meanwhile).await.unwrap().lines[0].quantity, 7);
    shop.close().await;
}

/// Redis comes back with what it had, older than what was done in the copy meanwhile.
#[tokio::test]
async fn a_stale_redis_loses_against_the_copy() {
    let shop = Shop::open().await;
    let mug = shop.variant(&shop.ada, 1990, 50).await;
    let id = shop.carts.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    copy_dirty(&shop.redis.connect(), &shop.database, 10).await.unwrap();
    // Two edits in Redis that are not copied, then one by a process that cannot reach it.
    for _ in 0..2 {
        shop.carts.add_line(&shop.ada, id, NewLine { variant_id: mug, quantity: 10 }).await.unwrap();
    }
    let cut_off = CartStore::new(None, clock());
    let there = cut_off.add_line(&shop.ada, id, NewLine { variant_id: mug, quantity: 1 }).await.unwrap();
    assert_eq!(there.lines[0].quantity, 2);

    let tx = shop.ada.begin().await.unwrap();
    let priced = shop.carts.priced(&tx, &shop.carts.find(&shop.ada, id).await.unwrap(), None).await.unwrap();
    drop(tx);
    assert_eq!(priced.lines[0].quantity, 2, "a checkout sees the newer of the two");
    assert_eq!(shop.carts.get(&shop.ada, id).await.unwrap().lines[0].quantity, 2, "and so does everybody");
    copy_dirty(&shop.redis.connect(), &shop.database, 10).await.unwrap();
    let cart = shop.carts.add_line(&shop.ada, id, NewLine { variant_id: mug, quantity: 1 }).await.unwrap();
    assert_eq!(cart.lines[0].quantity, 3, "edits go on from there");
    shop.close().await;
}
