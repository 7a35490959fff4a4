//! The world that all other tests stand on.

use tests::{World, a_product};

#[tokio::test]
async fn two_stores_open_and_sell_the_same_thing_apart() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant_in("bob", "USD", "US", false).await);
    let mug = a_product().titled("Mug").reordered_at(2).create(&world, &ada).await;
    let cup = a_product().titled("Mug").with_option("Size", &["S", "L"]).create(&world, &bob).await;
    assert_eq!((mug.slug.as_str(), cup.slug.as_str(), cup.variants.len()), ("mug", "mug", 2));
    assert_eq!(world.shopper(&ada).get("store").await.ok()["currency"], "EUR");
    assert_eq!(world.shopper(&bob).get("store").await.ok()["currency"], "USD");
    assert_eq!(world.vendor(&bob).get("store").await.ok()["slug"], "bob");
    world.run_jobs().await;
}

#[test]
fn a_test_that_leaves_facts_unhandled_fails() {
    let lazy = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::new().await;
            let ada = world.tenant("ada").await;
            a_product().create(&world, &ada).await;
        });
    });
    assert!(lazy.join().is_err(), "nobody noticed");
}
