use commerce::cart::copy::{self, Copied, copy_dirty};
use commerce::cart::{Details, Error, NewLine};
use tests::database::{execute, texts};

use super::shop::{Shop, address, one};

#[tokio::test]
async fn changed_carts_are_copied_once_and_only_forward() {
    let shop = Shop::open().await;
    let redis = shop.redis.connect();
    let (mug, theirs) = (shop.variant(&shop.ada, 1990, 5).await, shop.variant(&shop.bob, 1990, 5).await);
    let id = shop.carts.create(&shop.ada, one(mug, 1)).await.unwrap().cart.id;
    shop.carts.create(&shop.bob, one(theirs, 1)).await.unwrap();
    shop.carts.add_line(&shop.ada, id, NewLine { variant_id: mug, quantity: 1 }).await.unwrap();
    assert_eq!(copy_dirty(&redis, &shop.database, 10).await.unwrap(), Copied { carts: 2, failed_tenants: 0 });
    assert_eq!(copy_dirty(&redis, &shop.database, 10).await.unwrap(), Copied::default(), "nothing has changed since");
    let mut superuser = shop.superuser().await;
    let versions = "SELECT version || ':' || (body->>'version') FROM carts ORDER BY version";
    assert_eq!(texts(&mut superuser, versions).await, ["1:1", "2:2"]);

    execute(&mut superuser, &format!("UPDATE carts SET version = 900 WHERE id = '{}'", id.uuid())).await;
    shop.redis.command(&["ZADD", "carts:dirty", "1", &format!("{}:{}", shop.ada.tenant().uuid(), id.uuid())]).await;
    assert_eq!(copy_dirty(&redis, &shop.database, 10).await.unwrap().carts, 1);
    assert_eq!(texts(&mut superuser, versions).await, ["1:1", "900:2"], "an older version does not replace a newer one");
    shop.close().await;
}

#[tokio::test]
async fn one_tenants_trouble_does_not_keep_the_others_waiting() {
    let shop = Shop::open().await;
    let redis = shop.redis.connect();
    let (mug, theirs) = (shop.variant(&shop.ada, 1990, 5).await, shop.variant(&shop.bob, 1990, 5).await);
    shop.carts.create(&shop.ada, one(mug, 1)).await.unwrap();
    shop.carts.create(&shop.bob, one(theirs, 1)).await.unwrap();
    let mut superuser = shop.superuser().await;
    execute(&mut superuser, &format!("ALTER TABLE carts ADD CONSTRAINT trouble CHECK (tenant_id <> '{}')", shop.ada.tenant().uuid())).await;
    assert_eq!(copy_dirty(&redis, &shop.database, 10).await.unwrap(), Copied { carts: 1, failed_tenants: 1 });
    execute(&mut superuser, "ALTER TABLE carts DROP CONSTRAINT trouble").await;
    assert_eq!(copy_dirty(&redis, &shop.database, 10).await.unwrap(), Copied { carts: 1, failed_tenants: 0 }, "tried again");
    shop.close().await;
}

#[tokio::test]
async fn a_flushed_redis_is_filled_again_from_the_copies() {
    let shop = Shop::open().await;
    let mug = shop.variant(&shop.ada, 1990, 5).await;
    let id = shop.carts.create(&shop.ada, one(mug, 2)).await.unwrap().cart.id;
    copy_dirty(&shop.redis.connect(), &shop.database, 10).await.unwrap();
    shop.redis.command(&["FLUSHALL"]).await;
    assert_eq!(shop.carts.get(&shop.ada, id).await.unwrap().lines[0].quantity, 2);
    let before = shop.database.statements();
    shop.carts.get(&shop.ada, id).await.unwrap();
    assert_eq!(shop.database.statements() - before, 2, "it is in Redis again");
    shop.close().await;
}

#[tokio::test]
async fn a_deleted_cart_stays_deleted_and_leaves_nothing_personal() {
    let shop = Shop::open().await;
    let redis = shop.redis.connect();
    let mug = shop.variant(&shop.ada, 1990, 5).await;
    let id = shop.carts.create(&shop.ada, one(mug, 2)).await.unwrap().cart.id;
    let details = Details {
        email: Some(Some("ada@example.com".parse().unwrap())),
        shipping_address: Some(Some(address("DE"))),
        ..Details::default()
    };
    shop.carts.set_details(&shop.ada, id, details).await.unwrap();
    copy_dirty(&redis, &shop.database, 10).await.unwrap();
    shop.carts.delete(&shop.ada, id).await.unwrap();
    shop.carts.delete(&shop.ada, id).await.unwrap();
    assert!(matches!(shop.carts.get(&shop.ada, id).await, Err(Error::NotFound)));
    copy_dirty(&redis, &shop.database, 10).await.unwrap();
    shop.redis.command(&["FLUSHALL"]).await;
    assert!(matches!(shop.carts.get(&shop.ada, id).await, Err(Error::NotFound)), "the copy knows too");
    let mut superuser = shop.superuser().await;
    assert!(
        texts(&mut superuser, "SELECT id::text FROM carts WHERE body::text LIKE '%Lovelace%' OR body::text LIKE '%example.com%'")
            .await
            .is_empty()
    );

    execute(&mut superuser, "UPDATE carts SET expires_at = now() - interval '1 second'").await;
    let platform = shop.database.platform().begin().await.unwrap();
    assert_eq!(copy::tenants_to_prune(&platform).await.unwrap(), [shop.ada.tenant()]);
    let tx = shop.ada.begin().await.unwrap();
    assert_eq!(copy::prune(&tx).await.unwrap(), 1);
    tx.commit().await.unwrap();
    drop(platform);
    shop.close().await;
}
