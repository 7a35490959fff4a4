//! Slugs that products had: shoppers are sent on, until somebody else has the slug.

use serde_json::json;
use tests::{World, a_product};

#[tokio::test]
async fn an_old_slug_leads_to_the_present_one_without_detours() {
    let world = World::new().await;
    let (ada, bob) = (world.tenant("ada").await, world.tenant("bob").await);
    let (vendor, shopper) = (world.vendor(&ada), world.shopper(&ada));
    let mug = a_product().create(&world, &ada).await;
    let path = format!("products/{}", mug.id);
    for slug in ["cup", "beaker", "tumbler"] {
        vendor.patch(&path, &json!({ "slug": slug })).await.ok();
    }
    for old in ["mug", "cup", "beaker"] {
        let moved = shopper.get(format!("products/{old}")).await;
        assert_eq!((moved.status(), moved.header("location")), (301, Some("/storefront/v1/products/tumbler")), "{old}");
        assert_eq!(moved.header("cache-control"), Some("private, no-cache"), "the slug may be given to another product");
    }
    let priced = shopper.get("products/mug?currency=EUR").await;
    assert_eq!(priced.header("location"), Some("/storefront/v1/products/tumbler?currency=EUR"));
    assert_eq!(shopper.get("products/tumbler").await.ok()["title"], "Mug");
    world.shopper(&bob).get("products/mug").await.refused(404, "catalog.product_not_found");

    // Back again: the present slug is no old one.
    vendor.patch(&path, &json!({ "slug": "mug" })).await.ok();
    assert_eq!(shopper.get("products/mug").await.status(), 200);
    assert_eq!(shopper.get("products/tumbler").await.header("location"), Some("/storefront/v1/products/mug"));
    let kept = vendor.get(format!("{path}/old-slugs")).await.ok();
    let kept: Vec<_> = kept["data"].as_array().unwrap().iter().map(|old| old["slug"].clone()).collect();
    assert_eq!(kept, ["tumbler", "beaker", "cup"], "the last one first");

    // A product that takes the slug has it; a draft that has it hides it.
    let thief = a_product().titled("Beaker").create(&world, &ada).await;
    assert_eq!(shopper.get("products/beaker").await.ok()["title"], "Beaker");
    vendor.patch(format!("products/{}", thief.id), &json!({ "slug": "cup" })).await.ok();
    assert_eq!(shopper.get("products/cup").await.ok()["title"], "Beaker");
    assert_eq!(shopper.get("products/beaker").await.header("location"), Some("/storefront/v1/products/cup"));
    vendor.act(format!("products/{}/unpublish", thief.id)).await.ok();
    shopper.get("products/beaker").await.refused(404, "catalog.product_not_found");

    assert_eq!(vendor.delete(format!("{path}/old-slugs/tumbler")).await.status(), 204);
    vendor.delete(format!("{path}/old-slugs/tumbler")).await.refused(404, "catalog.slug_not_found");
    shopper.get("products/tumbler").await.refused(404, "catalog.product_not_found");
    world.vendor(&bob).get(format!("{path}/old-slugs")).await.refused(404, "catalog.product_not_found");
    world.run_jobs().await;
}
