use commerce::cart::copy::copy_dirty;
use commerce::cart::{CartStore, Error, NewLine};
use commerce::ids::{self, CustomerId};
use commerce::stores::settings::CartMerge;

use super::shop::{Shop, clock, one};

#[tokio::test]
async fn a_claimed_cart_is_its_customers_until_it_is_given_back() {
    let shop = Shop::open().await;
    let mug = shop.variant(&shop.ada, 1990, 5).await;
    let (grace, mary) = (shop.carts.seen_by(Some(CustomerId::new())), shop.carts.seen_by(Some(CustomerId::new())));
    let made = shop.carts.create(&shop.ada, one(mug, 1)).await.unwrap().cart;
    let claimed = grace.claim(&shop.ada, made.id).await.unwrap().unwrap();
    assert_eq!(grace.claim(&shop.ada, made.id).await.unwrap().unwrap(), claimed, "claiming again changes nothing");
    assert!(mary.claim(&shop.ada, made.id).await.unwrap().is_none());
    for others in [&shop.carts, &mary] {
        assert!(matches!(others.get(&shop.ada, made.id).await, Err(Error::NotFound)));
        assert!(matches!(others.add_line(&shop.ada, made.id, NewLine { variant_id: mug, quantity: 1 }).await, Err(Error::NotFound)));
        assert!(matches!(others.delete(&shop.ada, made.id).await, Err(Error::NotFound)));
    }
    grace.get(&shop.ada, made.id).await.unwrap();
    grace.give_back(&shop.ada, made.id).await.unwrap();
    let back = shop.carts.get(&shop.ada, made.id).await.unwrap();
    assert_eq!((back.lines[0].quantity, back.cart.expires_at), (1, made.expires_at), "as it was");
    shop.close().await;
}

#[tokio::test]
async fn a_merge_is_not_lost_with_redis_and_not_repeated_after_it() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.variant(&shop.ada, 1990, 50).await, shop.variant(&shop.ada, 500, 50).await);
    let grace = shop.carts.seen_by(Some(CustomerId::new()));
    let own = grace.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    let guests = shop.carts.create(&shop.ada, one(cup, 2)).await.unwrap().cart.id;
    let claimed = grace.claim(&shop.ada, guests).await.unwrap().unwrap();
    grace.take_in(&shop.ada, own, claimed, CartMerge::Sum).await.unwrap();
    // Lost before the guest's cart was put away, and before the next round of copying.
    shop.redis.command(&["FLUSHALL"]).await;
    let merged = grace.get(&shop.ada, own).await.unwrap();
    assert_eq!((merged.lines.len(), merged.cart.has_taken_in(guests)), (2, true));
    let claimed = grace.claim(&shop.ada, guests).await.unwrap().unwrap();
    grace.take_in(&shop.ada, own, claimed, CartMerge::Sum).await.unwrap();
    grace.delete(&shop.ada, guests).await.unwrap();
    let quantities: Vec<u32> = grace.get(&shop.ada, own).await.unwrap().lines.iter().map(|line| line.quantity).collect();
    assert_eq!(quantities, [1, 2], "it counts once");
    assert!(grace.claim(&shop.ada, guests).await.unwrap().is_none());
    shop.close().await;
}

#[tokio::test]
async fn a_customers_cart_lives_in_its_copy_while_redis_is_away() {
    let shop = Shop::open().await;
    let mug = shop.variant(&shop.ada, 1990, 50).await;
    let away = CartStore::new(None, clock()).seen_by(Some(CustomerId::new()));
    let own = away.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    let guests = CartStore::new(None, clock()).create(&shop.ada, one(mug, 2)).await.unwrap().cart.id;
    let claimed = away.claim(&shop.ada, guests).await.unwrap().unwrap();
    away.take_in(&shop.ada, own, claimed, CartMerge::Sum).await.unwrap();
    away.delete(&shop.ada, guests).await.unwrap();
    // Back, and empty: the copies stand in.
    let back = shop.carts.seen_by(away.customer());
    assert_eq!(back.get(&shop.ada, own).await.unwrap().lines[0].quantity, 3);
    assert!(matches!(shop.carts.get(&shop.ada, own).await, Err(Error::NotFound)), "still nobody else's");
    shop.close().await;
}

#[tokio::test]
async fn an_older_cart_in_redis_is_not_what_is_claimed() {
    let shop = Shop::open().await;
    let mug = shop.variant(&shop.ada, 1990, 50).await;
    let id = shop.carts.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    copy_dirty(&shop.redis.connect(), &shop.database, 10).await.unwrap();
    CartStore::new(None, clock()).add_line(&shop.ada, id, NewLine { variant_id: mug, quantity: 4 }).await.unwrap();
    let grace = shop.carts.seen_by(Some(CustomerId::new()));
    assert_eq!(grace.claim(&shop.ada, id).await.unwrap().unwrap().lines[0].quantity, 5);
    let unknown = ids::secret();
    assert!(grace.claim(&shop.ada, unknown).await.unwrap().is_none());
    shop.close().await;
}
