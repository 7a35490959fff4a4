//! Passwords that were leaked elsewhere, and that attackers therefore try first (NIST SP 800-63B-4 §3.1.1.2).
//!
//! `leaked.bin` holds the first six bytes of the SHA-256 of each, folded to lower case, in order: those of ten characters and more
//! in the million most frequent of Mark Burnett's list of ten million (2015, public domain) and in SecLists' lists of common
//! passwords (MIT). `cargo xtask leaked-passwords` writes it from any such lists.

use tenancy::directory::hash_of;

static LEAKED: &[u8] = include_bytes!("leaked.bin");
const KEPT_BYTES: usize = 6;

/// Whether a password is a leaked one, in whatever case it is written.
pub(super) fn is_leaked(password: &str) -> bool {
    let hash = hash_of(&password.to_lowercase());
    let (kept, _) = LEAKED.as_chunks::<KEPT_BYTES>();
    kept.binary_search_by(|known| known.as_slice().cmp(&hash[..KEPT_BYTES])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_in_order() {
        let (kept, rest) = LEAKED.as_chunks::<KEPT_BYTES>();
        assert!(rest.is_empty() && kept.len() > 100_000, "{} passwords and {} bytes", kept.len(), rest.len());
        assert!(kept.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn leaked_passwords_are_known_in_any_case_and_others_are_not() {
        for leaked in ["1qaz2wsx3edc", "password123", "Password123", "BASKETBALL", "qwertyuiop", "1234567890"] {
            assert!(is_leaked(leaked), "{leaked}");
        }
        for other in ["correct horse battery", "a password of a customer", "", "1qaz2wsx3edc and more"] {
            assert!(!is_leaked(other), "{other}");
        }
    }
}
