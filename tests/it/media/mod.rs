//! Pictures: sent or fetched, made anew, shown, and cleared away.

mod attacks;
mod fetched;
mod garbage;
mod interrupted;
mod s3;
mod shown;
mod uploads;

use serde_json::{Value, json};
use tests::{Reply, Store, World};

/// Sends a file.
async fn upload(world: &World, store: &Store, file: Vec<u8>) -> Value {
    world.vendor(store).upload("media", "image/jpeg", file).await.ok()
}

/// Has a product show a picture; answers the product's path.
async fn show(world: &World, store: &Store, media: &Value) -> String {
    let product = tests::a_product().create(world, store).await;
    let image = json!({ "media_id": media["id"], "alt": "A mug" });
    world.vendor(store).post(format!("products/{}/images", product.id), &image).await.ok();
    format!("products/{}", product.id)
}

/// Fetches what an answer names, as a browser does: from the host that its address names.
async fn fetch(world: &World, url: &Value) -> Reply {
    let url = url.as_str().unwrap_or_else(|| panic!("no address: {url}"));
    let path = url.strip_prefix("http://stoa.test").unwrap_or_else(|| panic!("another host: {url}"));
    world.anybody("/").get(path).await
}

/// Every file under the world's folder, by its key.
fn files(world: &World) -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path()) }
        }
    }
    let mut found = Vec::new();
    walk(&world.media_folder(), &mut found);
    let mut keys: Vec<String> = found.iter().map(|file| file.strip_prefix(world.media_folder()).unwrap().display().to_string()).collect();
    keys.sort();
    keys
}
