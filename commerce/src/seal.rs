//! What must be read again is kept sealed: AES-256-GCM under a key of the configuration, never in clear. A stolen table opens
//! nothing, and a sealed value that was moved to another owner's row does not open there.
//!
//! A sealed value is a format byte, the id of its key, a drawn nonce, and what the cipher made. The first key seals and all open: a
//! rotation puts the new key in front, and the old one goes once nothing is sealed by it any more.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    error::Unspecified,
    hmac,
};

const FORMAT: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 12;

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Seal(Arc<[Key]>);

struct Key {
    id: [u8; KEY_ID],
    cipher: RandomizedNonceKey,
}

impl Seal {
    /// The first of the secrets seals, all open. Each is as random as a key, and of any length: what encrypts is derived from it, so
    /// that a secret may serve other ends too.
    ///
    /// # Panics
    /// There is no secret.
    pub fn new(secrets: &[&[u8]]) -> Self {
        assert!(!secrets.is_empty(), "something must seal");
        Self(secrets.iter().map(|secret| Key::derived_from(secret)).collect())
    }

    /// Seals a value for one place: it opens with the same `context` only, such as the id of the row it is kept in.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        self.try_seal(context, plain).expect("AES-GCM takes gibibytes, and the machine draws random numbers")
    }

    fn try_seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let key = self.0.first().ok_or(Unspecified)?;
        let mut body = plain.to_vec();
        let nonce = key.cipher.seal_in_place_append_tag(Aad::from(context), &mut body)?;
        Ok([&[FORMAT], &key.id[..], &nonce.as_ref()[..], &body].concat())
    }

    /// What was sealed for this context; none when it was not, was changed since, or its key is gone.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (format, rest) = sealed.split_first()?;
        let (id, rest) = rest.split_at_checked(KEY_ID)?;
        let (nonce, body) = rest.split_at_checked(NONCE)?;
        let key = self.0.iter().find(|key| *format == FORMAT && key.id == id)?;
        let mut body = body.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = key.cipher.open_in_place(nonce, Aad::from(context), &mut body).ok()?;
        Some(plain.to_vec())
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Key {
    fn derived_from(secret: &[u8]) -> Self {
        let derive = |what: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), what);
        let (key, name) = (derive(b"stoa seal key\0"), derive(b"stoa seal key id\0"));
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&name.as_ref()[..KEY_ID]);
        Self { id, cipher: RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).expect("an HMAC-SHA256 is as long as the key") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"the first secret of this platform, long enough";
    const NEW: &[u8] = b"the second secret of this platform, long enough";

    #[test]
    fn what_was_sealed_opens_where_it_belongs_and_nowhere_else() {
        let seal = Seal::new(&[OLD]);
        let sealed = seal.seal(b"ada", b"a secret");
        assert_eq!(seal.open(b"ada", &sealed).as_deref(), Some(&b"a secret"[..]));
        assert_eq!(seal.open(b"bob", &sealed), None, "moved to another row");
        assert_ne!(seal.seal(b"ada", b"a secret"), sealed, "equal values do not look equal");
        assert!(!sealed.windows(8).any(|part| part == b"a secret"));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal.open(b"ada", &changed), None, "byte {at} was changed");
            assert_eq!(seal.open(b"ada", &sealed[..at]), None, "cut off at {at}");
        }
    }

    #[test]
    fn a_rotated_key_opens_and_seals_no_more() {
        let old = Seal::new(&[OLD]).seal(b"ada", b"a secret");
        let rotated = Seal::new(&[NEW, OLD]);
        assert_eq!(rotated.open(b"ada", &old).as_deref(), Some(&b"a secret"[..]));
        let new = rotated.seal(b"ada", b"a secret");
        assert_eq!(Seal::new(&[OLD]).open(b"ada", &new), None);
        assert_eq!(Seal::new(&[NEW]).open(b"ada", &new).as_deref(), Some(&b"a secret"[..]));
        assert_eq!(Seal::new(&[NEW]).open(b"ada", &old), None, "its key is gone");
    }
}
