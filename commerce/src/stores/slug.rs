use crate::fault::FieldFault;

/// Names that mean something under the base domain, or would let a store pass for the platform.
const RESERVED: &[&str] = &[
    "account",
    "accounts",
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "blog",
    "cdn",
    "dashboard",
    "docs",
    "help",
    "imap",
    "internal",
    "login",
    "mail",
    "media",
    "metrics",
    "ns1",
    "ns2",
    "operator",
    "pay",
    "payments",
    "platform",
    "pop",
    "root",
    "secure",
    "security",
    "signin",
    "smtp",
    "ssl",
    "static",
    "status",
    "stoa",
    "storefront",
    "support",
    "system",
    "vendor",
    "webmail",
    "www",
];

/// Checks a store's name under the base domain: a DNS label of 3 to 40 characters that is not reserved.
pub(super) fn check(slug: &str) -> Result<(), FieldFault> {
    let fault = |code, detail: &str| Err(FieldFault::new("/slug", code, detail));
    let letters = slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !(3..=40).contains(&slug.len()) || !letters || slug.starts_with('-') || slug.ends_with('-') {
        return fault("slug", "3 to 40 lower-case letters, digits and hyphens, neither first nor last a hyphen");
    }
    // `xn--` and its like would be read as an encoded name that only looks like another.
    if RESERVED.contains(&slug) || slug.as_bytes()[2..].starts_with(b"--") {
        return fault("reserved", "this name is reserved");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_name_is_a_free_label() {
        for good in ["mug", "blue-mugs", "1st", &"m".repeat(40)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "mu", "-mug", "mug-", "Mug", "mug.shop", "müg", "www", "admin", "xn--mg-wka", "mug shop", &"m".repeat(41)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
