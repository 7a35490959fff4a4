//! One engine under test, and stores beside it.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{TimeDelta, TimeZone, Utc};
use commerce::{
    catalog::{NewPrice, NewProduct, NewVariant, products},
    clock::Clock,
    ids::{ProductId, TenantId},
};
use search::{
    Category, Error, Field, Found, Meilisearch, MeilisearchConfig, Postgres, ProductDocument, ProductOption, Query, SearchBackend, Tag,
};
use tenancy::{Database, DatabaseConfig, TenantDb};
use tests::{
    database::{TestDatabase, execute},
    settings,
};

pub(super) struct Fixture {
    pub(super) backend: Arc<dyn SearchBackend>,
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) ada: TenantId,
    pub(super) bob: TenantId,
    files: TestDatabase,
}

impl Fixture {
    pub(super) async fn postgres() -> Self {
        Self::with(|database, _| Arc::new(Postgres::new(database))).await
    }

    /// `None`, and a loud word, where no server is at hand.
    pub(super) async fn meilisearch() -> Option<Self> {
        let Some((url, key)) = settings::meilisearch() else {
            eprintln!("\n  !!! NOT TESTED: STOA_MEILISEARCH_URL names no server, so this contract was not held by Meilisearch !!!\n");
            return None;
        };
        let master_key = Some(key).filter(|key| !key.is_empty());
        let index = format!("test_{}", ProductId::new());
        let config = MeilisearchConfig { url, master_key };
        Some(Self::with(|_, clock| Arc::new(Meilisearch::on_index(&config, &index, clock).expect("an address"))).await)
    }

    async fn with(engine: impl FnOnce(Database, Clock) -> Arc<dyn SearchBackend>) -> Self {
        let files = TestDatabase::create().await;
        let config = DatabaseConfig {
            app_url: files.url("stoa_app"),
            platform_url: files.url("stoa_platform"),
            app_connections: 8,
            platform_connections: 1,
            application_name: "stoa-test",
        };
        let database = Database::connect(&config).await.expect("the database of this test");
        let clock = Clock::fixed(Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap());
        let (ada, bob) = (TenantId::new(), TenantId::new());
        let mut superuser = files.superuser().await;
        for (store, slug) in [(ada, "ada"), (bob, "bob")] {
            execute(&mut superuser, &open_store(store, slug)).await;
        }
        Self { backend: engine(database.clone(), clock.clone()), database, clock, ada, bob, files }
    }

    pub(super) async fn remove(self) {
        self.database.close().await;
        self.files.remove().await;
    }

    pub(super) fn ada_db(&self) -> TenantDb {
        self.database.tenant(self.ada)
    }

    pub(super) async fn index(&self, documents: &[ProductDocument]) {
        self.backend.index(self.ada, documents).await.expect("documents are indexed");
    }

    pub(super) async fn ask(&self, query: &Query) -> Found {
        self.backend.query(self.ada, query).await.expect("a query is answered")
    }

    /// Titles of what ada's shoppers find.
    pub(super) async fn titles(&self, text: &str) -> Vec<String> {
        titles(&self.ask(&text_query(text)).await)
    }

    /// A draft of ada's with one variant of which `on_hand` are left.
    pub(super) async fn draft(&self, title: &str, price: &str, on_hand: i32) -> ProductId {
        let price = NewPrice { amount: commerce::money::Money::parse(price, euro()).unwrap(), compare_at: None };
        let variant = NewVariant { prices: vec![price], on_hand, ..NewVariant::default() };
        let new = NewProduct { title: title.into(), variants: vec![variant], ..NewProduct::default() };
        let tx = self.ada_db().begin().await.unwrap();
        let product = products::create(&tx, &self.clock, new).await.unwrap();
        tx.commit().await.unwrap();
        product.id
    }

    pub(super) async fn published(&self, title: &str, price: &str) -> ProductId {
        let product = self.draft(title, price, 1).await;
        let tx = self.ada_db().begin().await.unwrap();
        products::publish(&tx, &self.clock, product, None).await.unwrap();
        tx.commit().await.unwrap();
        self.clock.advance(TimeDelta::minutes(1));
        product
    }

    pub(super) async fn archive(&self, product: ProductId) {
        let tx = self.ada_db().begin().await.unwrap();
        products::archive(&tx, &self.clock, product, None).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn rename(&self, product: ProductId, title: &str) {
        let changes = products::ProductChanges { title: Some(title.into()), ..Default::default() };
        let tx = self.ada_db().begin().await.unwrap();
        products::change(&tx, &self.clock, product, None, changes).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn refresh(&self, products: &[ProductId]) -> Result<(), Error> {
        search::refresh(self.backend.as_ref(), &self.ada_db(), products).await
    }
}

fn open_store(store: TenantId, slug: &str) -> String {
    let id = store.uuid();
    format!(
        "INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at) VALUES ('{id}', '{slug}', '{slug}', 'active', 'standard', now(), now());
         INSERT INTO store_settings (tenant_id, name, contact_email, currency, currencies, country, time_zone, prices_include_tax, reservation_minutes, created_at, updated_at)
         VALUES ('{id}', '{slug}', '{slug}@example.com', 'EUR', '{{EUR,USD}}', 'DE', 'Europe/Berlin', true, 15, now(), now());
         INSERT INTO locations (tenant_id, id, name, country, is_default, created_at, updated_at)
         VALUES ('{id}', gen_random_uuid(), 'Main', 'DE', true, now(), now())"
    )
}

pub(super) fn euro() -> commerce::money::Currency {
    "EUR".parse().unwrap()
}

pub(super) fn text_query(text: &str) -> Query {
    Query { text: Some(text.into()), ..Query::all(euro(), 24) }
}

pub(super) fn titles(found: &Found) -> Vec<String> {
    found.hits.iter().map(|hit| hit.title.clone()).collect()
}

pub(super) fn counts<'a>(found: &'a Found, field: &Field) -> Vec<(&'a str, u64)> {
    let facet = found.facets.iter().find(|facet| facet.field == *field).expect("the facet was asked for");
    facet.values.iter().map(|(value, count)| (value.as_str(), *count)).collect()
}

/// A document with a title and nothing else that can be found. Later ones are newer.
pub(super) fn document(title: &str) -> ProductDocument {
    let id = ProductId::new();
    ProductDocument {
        id,
        slug: title.to_lowercase().replace(' ', "-"),
        title: title.into(),
        brand: None,
        product_type: None,
        categories: Vec::new(),
        tags: Vec::new(),
        options: Vec::new(),
        attributes: Vec::new(),
        image: None,
        prices: BTreeMap::from([("EUR".into(), 1_000)]),
        in_stock: true,
        published_at: Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(),
        skus: Vec::new(),
        description: String::new(),
    }
}

pub(super) fn priced(title: &str, prices: &[(&str, i64)]) -> ProductDocument {
    ProductDocument { prices: prices.iter().map(|(currency, minor)| ((*currency).into(), *minor)).collect(), ..document(title) }
}

pub(super) fn branded(title: &str, brand: &str, colour: &str) -> ProductDocument {
    let options = vec![ProductOption { name: "Colour".into(), values: vec![colour.into()] }];
    ProductDocument { brand: Some(brand.into()), options, ..document(title) }
}

pub(super) fn category(slug: &str) -> Category {
    Category { id: commerce::ids::CategoryId::new(), slug: slug.into(), name: slug.into() }
}

pub(super) fn tag(slug: &str) -> Tag {
    Tag { slug: slug.into(), name: slug.into() }
}
