//! Imports: the real file twice, a file in every dress, a bad row, a kill in the middle.

use commerce::{
    catalog::imports::{self, Progress},
    ids::ImportId,
};
use serde_json::{Value, json};
use tests::{Store, World, database::texts};

const APPAREL: &[u8] = include_bytes!("apparel.csv");

async fn stage(world: &World, store: &Store, file: &[u8]) -> ImportId {
    let staged = world.vendor(store).upload("imports?file_name=products.csv", "text/csv", file.to_vec()).await;
    assert_eq!(staged.status(), 202, "{}", staged.text());
    let import = staged.json();
    assert_eq!(staged.header("location"), Some(format!("/vendor/v1/imports/{}", import["id"].as_str().unwrap()).as_str()));
    import["id"].as_str().unwrap().parse().unwrap()
}

async fn step(world: &World, store: &Store, id: ImportId) -> Progress {
    imports::run_step(&world.db(store), &world.clock, id).await.unwrap()
}

/// Imports the file to its end; answers the import and its errors.
async fn import(world: &World, store: &Store, file: &[u8]) -> (Value, Vec<Value>) {
    let id = stage(world, store, file).await;
    while !step(world, store, id).await.is_done {}
    let vendor = world.vendor(store);
    let errors = vendor.get(format!("imports/{id}/errors?limit=100")).await.ok();
    (vendor.get(format!("imports/{id}")).await.ok(), errors["data"].as_array().unwrap().clone())
}

async fn count(world: &World, sql: &str) -> i64 {
    let mut superuser = world.superuser().await;
    texts(&mut superuser, sql).await[0].parse().unwrap()
}

const CHANGES: &str = "SELECT count(*)::text FROM facts WHERE code = 'products.changed'";

#[tokio::test]
async fn the_real_file_twice_changes_nothing_the_second_time() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let (first, errors) = import(&world, &ada, APPAREL).await;
    assert_eq!((&first["status"], &first["created_products"], &first["failed_rows"]), (&json!("completed"), &json!(20), &json!(0)));
    assert_eq!((errors.len(), &first["processed_rows"]), (0, &first["total_rows"]));
    assert_eq!(count(&world, CHANGES).await, 20);
    let versions = "SELECT sum(version)::text FROM products";
    let before = count(&world, versions).await;

    let (second, _) = import(&world, &ada, APPAREL).await;
    assert_eq!((&second["unchanged_products"], &second["updated_products"]), (&json!(20), &json!(0)));
    assert_eq!((count(&world, CHANGES).await, count(&world, versions).await), (20, before), "no fact and no version");
    assert_eq!(count(&world, "SELECT count(*)::text FROM stock_movements").await, 22);

    let shopper = world.shopper(&ada);
    let top = shopper.get("products/classic-varsity-top").await.ok();
    let titles: Vec<_> = top["variants"].as_array().unwrap().iter().map(|variant| variant["title"].clone()).collect();
    assert_eq!(titles, ["Small", "Medium", "Large"]);
    assert_eq!(top["variants"][0]["price"], json!({ "amount": "60.00", "currency": "EUR" }));
    assert_eq!((&top["brand"], &top["tags"][0]["slug"]), (&json!("partners-demo"), &json!("women")));
    assert_eq!(shopper.get("products?tag=men&limit=100").await.ok()["data"].as_array().unwrap().len(), 6);
    world.run_jobs().await;
}

#[tokio::test]
async fn what_search_engines_and_scanners_read_is_taken_over() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let file = "Handle,Title,Variant Price,SEO Title,SEO Description,Variant Barcode\n\
                mug,Mug,5,Buy a mug,Soft,'4006381333931\n\
                cup,Cup,5,,,4006381333930\n\
                pot,Pot,5,,,4006381333931\n";
    let (done, errors) = import(&world, &ada, file.as_bytes()).await;
    let told: Vec<_> = errors.iter().map(|error| (error["row"].as_i64().unwrap(), error["field"].as_str().unwrap())).collect();
    assert_eq!(told, [(3, "Variant Barcode"), (4, "Variant Barcode")], "no GTIN; another variant's");
    assert_eq!(done["created_products"], 1);
    let vendor = world.vendor(&ada);
    let mug = vendor.get("products").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    let mug = vendor.get(format!("products/{mug}")).await.ok();
    assert_eq!(
        (&mug["seo"], &mug["variants"][0]["barcode"]),
        (&json!({ "title": "Buy a mug", "description": "Soft" }), &json!("4006381333931"))
    );
    let (again, _) = import(&world, &ada, b"Handle,Title,Variant Price,SEO Title\nmug,Mug,5,Another\n").await;
    assert_eq!(again["updated_products"], 1);
    world.run_jobs().await;
}

#[tokio::test]
async fn stock_that_has_moved_is_never_overwritten() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let file = |quantity: i32| format!("Handle,Title,Variant Price,Variant Inventory Qty,Published\nmug,Mug,5,{quantity},true\n");
    import(&world, &ada, file(5).as_bytes()).await;
    let (corrected, _) = import(&world, &ada, file(7).as_bytes()).await;
    assert_eq!(corrected["updated_products"], 1, "nothing else has moved it: the file corrects it");
    let vendor = world.vendor(&ada);
    let level = async || vendor.get("stock-levels").await.ok()["data"][0].clone();
    assert_eq!(level().await["on_hand"], 7);
    let id = level().await["id"].as_str().unwrap().to_owned();
    vendor.post(format!("stock-levels/{id}/adjust"), &json!({ "quantity": -1, "reason": "broken" })).await.ok();
    let (later, _) = import(&world, &ada, file(9).as_bytes()).await;
    assert_eq!((&later["unchanged_products"], &level().await["on_hand"]), (&json!(1), &json!(6)));
    world.run_jobs().await;
}

#[tokio::test]
async fn a_product_with_a_bad_row_is_not_half_written_and_hinders_no_other() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let file = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Published\n\
                good,Good,Size,S,G-S,10,,true\n\
                bad,Bad,Size,S,B-S,10,,true\n\
                bad,,,M,B-M,ten,,\n\
                evil,Evil,,,,10,javascript:alert(1),true\n\
                ,Nameless,,,,10,,true\n\
                thief,Thief,,,G-S,10,,true\n\
                good,,,M,G-M,12,,\n";
    let (done, errors) = import(&world, &ada, file.as_bytes()).await;
    let told: Vec<_> = errors.iter().map(|error| (error["row"].as_i64().unwrap(), error["field"].as_str().unwrap())).collect();
    assert_eq!(told, [(4, "Variant Price"), (5, "Image Src"), (6, "Handle"), (7, "Variant SKU")]);
    assert_eq!((&done["created_products"], &done["failed_rows"], &done["processed_rows"]), (&json!(1), &json!(5), &json!(7)));
    let vendor = world.vendor(&ada);
    let all = vendor.get("products").await.ok();
    assert_eq!(all["data"].as_array().unwrap().len(), 1, "only the good one");
    assert_eq!(all["data"][0]["variant_count"], 2, "rows of a handle are one product wherever they stand");
    world.run_jobs().await;
}

#[tokio::test]
async fn an_interrupted_import_resumes_and_repeats_nothing() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let mut file = String::from("Handle,Title,Variant Price,Variant Inventory Qty,Published\n");
    for number in 0..600 {
        file.push_str(&format!("thing-{number},Thing {number},5,1,true\n"));
    }
    let id = stage(&world, &ada, file.as_bytes()).await;
    let first = step(&world, &ada, id).await;
    assert_eq!((first.processed_rows, first.is_done), (250, false));
    // Killed in the middle of the second batch: whatever it had done is rolled back with it.
    let (db, clock) = (world.db(&ada), world.clock.clone());
    let killed = tokio::spawn(async move { imports::run_step(&db, &clock, id).await });
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    killed.abort();
    let _aborted = killed.await;
    // Two workers go on with it at once.
    let (db, other) = (world.db(&ada), world.db(&ada));
    let finish = async |db: &tenancy::TenantDb| while !imports::run_step(db, &world.clock, id).await.unwrap().is_done {};
    futures::join!(finish(&db), finish(&other));
    let done = world.vendor(&ada).get(format!("imports/{id}")).await.ok();
    assert_eq!((&done["status"], &done["created_products"], &done["processed_rows"]), (&json!("completed"), &json!(600), &json!(600)));
    assert_eq!(count(&world, CHANGES).await, 600);
    assert_eq!(count(&world, "SELECT sum(on_hand)::text FROM stock_levels").await, 600);
    assert_eq!(count(&world, "SELECT count(*)::text FROM facts WHERE code = 'imports.completed'").await, 1);
    world.run_jobs().await;
}

#[tokio::test]
async fn one_file_in_every_dress() {
    let world = World::new().await;
    let plain = "Handle,Title,Variant Price,Published\ncafe,\"Café, \"\"crème\"\"\",19.90,true\n";
    let latin: Vec<u8> = plain.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect();
    let semicolons = "Handle;Title;Variant Price;Published\r\ncafe;\"Café, \"\"crème\"\"\";19,90;true\r\n";
    let dresses = [plain.as_bytes().to_vec(), format!("\u{feff}{plain}").into_bytes(), latin, semicolons.as_bytes().to_vec()];
    for (number, dress) in dresses.into_iter().enumerate() {
        let store = world.tenant(&format!("cafe-{number}")).await;
        import(&world, &store, &dress).await;
        let shown = world.shopper(&store).get("products/cafe").await.ok();
        assert_eq!((&shown["title"], &shown["variants"][0]["price"]["amount"]), (&json!("Café, \"crème\""), &json!("19.90")));
    }
    world.run_jobs().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_at_once() {
    let world = World::new().await;
    let ada = world.tenant("ada").await;
    let vendor = world.vendor(&ada);
    let missing = vendor.upload("imports", "text/csv", b"Title,Colour\nMug,Red\n".to_vec()).await.refused(422, "catalog.file_refused");
    assert_eq!(missing["detail"], "the file has no column Handle, Variant Price");
    for file in [b"".to_vec(), b"Handle,Title,Variant Price\n".to_vec()] {
        vendor.upload("imports", "text/csv", file).await.refused(422, "catalog.file_refused");
    }
    assert_eq!(vendor.upload("imports", "application/json", b"{}".to_vec()).await.status(), 415);
    let huge = vec![b'x'; imports::MOST_BYTES + 1];
    assert_eq!(vendor.upload("imports", "text/csv", huge).await.status(), 413);
    assert_eq!(vendor.get("imports").await.ok()["data"].as_array().unwrap().len(), 0, "nothing was kept of them");
    let bob = world.tenant("bob").await;
    let id = stage(&world, &ada, APPAREL).await;
    world.vendor(&bob).get(format!("imports/{id}")).await.refused(404, "catalog.import_not_found");
    while !step(&world, &ada, id).await.is_done {}
    world.run_jobs().await;
}
