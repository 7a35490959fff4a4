//! What an access token costs: made, read for the first time, and read again. `cargo bench -p api`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a bench prints figures, and stops when it cannot"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use api::{Audience, Signer};
use chrono::{DateTime, Utc};
use tenancy::TenantId;
use uuid::Uuid;

/// A key made for this bench and used nowhere else.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIFRlc3RzIHNpZ24gd2l0aCB0aGlzIGtleSBhbmQgbm8g
-----END PRIVATE KEY-----
";
const TOKENS: usize = 20_000;
const VALID_FOR: Duration = Duration::from_mins(10);

fn main() {
    let now = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).expect("a time");
    let signer = Signer::new(&[KEY.to_owned()], "https://shop.example".to_owned()).expect("a key");
    let sign = |_| {
        let session = (Uuid::now_v7(), Some(TenantId::new()));
        signer.sign(Audience::Vendor, Uuid::now_v7().to_string(), session, (now, VALID_FOR)).expect("a token")
    };
    let tokens = timed("made", || (0..TOKENS).map(sign).collect::<Vec<_>>());
    let read = || tokens.iter().filter(|token| black_box(signer.verify(token, Audience::Vendor, now)).is_some()).count();
    assert_eq!(timed("read for the first time", read), TOKENS);
    assert_eq!(timed("read again", read), TOKENS);
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    println!("{what:24} {:8.2} µs", begun.elapsed().as_secs_f64() * 1e6 / TOKENS as f64);
    done
}
