use commerce::cart::{CartStore, Error, NewLine};
use futures::future::join_all;

use super::shop::{Shop, clock, one};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_edits_of_one_cart_at_once_are_all_kept() {
    let shop = Shop::open().await;
    let mug = shop.variant(&shop.ada, 1990, 5).await;
    let id = shop.carts.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    let edits = (0..50).map(|_| {
        let (carts, db) = (shop.carts.clone(), shop.ada.clone());
        tokio::spawn(async move { carts.add_line(&db, id, NewLine { variant_id: mug, quantity: 1 }).await.map(|cart| cart.cart.version()) })
    });
    let mut versions: Vec<i64> = join_all(edits).await.into_iter().map(|edit| edit.unwrap().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions.first(), Some(&2));
    let cart = shop.carts.get(&shop.ada, id).await.unwrap();
    assert_eq!((cart.lines[0].quantity, cart.cart.version()), (51, 51));
    shop.close().await;
}

/// The same while Redis is away, where the copy compares and sets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_of_a_copy_at_once_are_all_kept() {
    let shop = Shop::open().await;
    let mug = shop.variant(&shop.ada, 1990, 5).await;
    let carts = CartStore::new(None, clock());
    let id = carts.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    let edits = (0..20).map(|_| {
        let (carts, db) = (carts.clone(), shop.ada.clone());
        tokio::spawn(async move { carts.add_line(&db, id, NewLine { variant_id: mug, quantity: 1 }).await.map(|_| ()) })
    });
    for edit in join_all(edits).await {
        edit.unwrap().unwrap();
    }
    assert_eq!(carts.get(&shop.ada, id).await.unwrap().lines[0].quantity, 21);
    shop.close().await;
}

#[tokio::test]
async fn the_id_of_a_cart_is_worth_nothing_in_another_store() {
    let shop = Shop::open().await;
    let (mug, theirs) = (shop.variant(&shop.ada, 1990, 5).await, shop.variant(&shop.bob, 1990, 5).await);
    let id = shop.carts.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    commerce::cart::copy::copy_dirty(&shop.redis.connect(), &shop.database, 10).await.unwrap();
    let absent = |found: Result<_, Error>| assert!(matches!(found, Err(Error::NotFound)));
    absent(shop.carts.get(&shop.bob, id).await.map(|_| ()));
    absent(shop.carts.add_line(&shop.bob, id, NewLine { variant_id: theirs, quantity: 1 }).await.map(|_| ()));
    absent(shop.carts.delete(&shop.bob, id).await);
    let line = shop.carts.get(&shop.ada, id).await.unwrap().cart.lines[0].id;
    absent(shop.carts.remove_line(&shop.bob, id, line).await.map(|_| ()));
    shop.close().await;
}
