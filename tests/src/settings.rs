//! Where the real services for tests are.

/// A superuser of a Postgres that tests may fill with databases of their own.
pub fn database_url() -> String {
    required("STOA_TEST_DATABASE_URL")
}

/// A Redis that tests may fill with keys of their own.
pub fn redis_url() -> String {
    required("STOA_TEST_REDIS_URL")
}

/// A Meilisearch server, where one is at hand.
pub fn meilisearch() -> Option<(String, String)> {
    Some((read("STOA_MEILISEARCH_URL")?, read("STOA_MEILISEARCH_MASTER_KEY").unwrap_or_default()))
}

/// The folder of npm's `oidc-provider`, where it is at hand.
pub fn oidc_provider() -> Option<String> {
    read("STOA_TEST_OIDC_PROVIDER")
}

/// The folder of npm's `s3rver`, where it is at hand.
pub fn s3_server() -> Option<String> {
    read("STOA_TEST_S3RVER")
}

fn required(name: &str) -> String {
    read(name).unwrap_or_else(|| panic!("{name} is not set: run `cargo verify`, which starts the services and sets it"))
}

#[expect(clippy::disallowed_methods, reason = "the one place where tests read their environment")]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
