//! Secrets that must be used again, so that a hash will not do: sealed (AES-256-GCM) before they reach a row.
//!
//! Promises
//! - A sealed secret opens with the key it was sealed with, in the place (store, kind of row, row) it was sealed for, and nowhere
//!   else: copied to another row or store it is worth nothing.
//! - Keys rotate: the first seals, all open. What is sealed names its key.

use std::sync::Arc;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest, hmac,
};
use tenancy::TenantId;
use uuid::Uuid;

const FORMAT: u8 = 1;
const KEY_NAME: usize = 8;
const KEY: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("a sealing key has 32 bytes")]
    WrongKey,
    #[error("what is sealed cannot be opened: its key is gone, or it was sealed for another place")]
    Closed,
}

/// Where a sealed secret belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub tenant: TenantId,
    /// What kind of secret: `identity_providers`.
    pub kind: &'static str,
    pub row: Uuid,
}

impl Place {
    fn aad(self) -> Aad<Vec<u8>> {
        Aad::from([b"stoa seal\0".as_slice(), self.kind.as_bytes(), b"\0", self.tenant.uuid().as_bytes(), self.row.as_bytes()].concat())
    }
}

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Seal(Arc<[Key]>);

struct Key {
    name: [u8; KEY_NAME],
    key: RandomizedNonceKey,
}

impl Key {
    fn new(bytes: &[u8]) -> Result<Self, SealError> {
        if bytes.len() != KEY {
            return Err(SealError::WrongKey);
        }
        let name = digest::digest(&digest::SHA256, &[b"stoa sealing key\0", bytes].concat());
        let name = name.as_ref().first_chunk().copied().ok_or(SealError::WrongKey)?;
        Ok(Self { name, key: RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::WrongKey)? })
    }
}

impl Seal {
    /// The first key seals, all open. A key that is derived from the platform's secret opens too, and seals where no other is given.
    ///
    /// # Errors
    /// `WrongKey`.
    pub fn new(keys: &[Vec<u8>], platform_secret: &[u8]) -> Result<Self, SealError> {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, platform_secret), b"stoa sealing key");
        let keys = keys.iter().map(Vec::as_slice).chain([derived.as_ref()]).map(Key::new);
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// # Errors
    /// The crypto library refuses.
    pub fn seal(&self, place: Place, secret: &str) -> Result<Vec<u8>, SealError> {
        let key = self.0.first().ok_or(SealError::WrongKey)?;
        let mut sealed = secret.as_bytes().to_vec();
        let nonce = key.key.seal_in_place_append_tag(place.aad(), &mut sealed).map_err(|_| SealError::Closed)?;
        Ok([[FORMAT].as_slice(), &key.name, nonce.as_ref(), &sealed].concat())
    }

    /// # Errors
    /// `Closed`.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<String, SealError> {
        let (head, rest) = sealed.split_at_checked(1 + KEY_NAME).ok_or(SealError::Closed)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Closed)?;
        let key = self.0.iter().find(|key| head[0] == FORMAT && key.name == head[1..]).ok_or(SealError::Closed)?;
        let mut text = text.to_vec();
        let opened = key.key.open_in_place(Nonce::assume_unique_for_key(*nonce), place.aad(), &mut text).map_err(|_| SealError::Closed)?;
        String::from_utf8(opened.to_vec()).map_err(|_| SealError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_in_its_own_place_with_its_own_key() {
        let seal = Seal::new(&[vec![1; 32]], b"the platform's secret").unwrap();
        let place = Place { tenant: TenantId::new(), kind: "identity_providers", row: Uuid::now_v7() };
        let sealed = seal.seal(place, "hunter2").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(seal.open(place, &sealed).as_deref(), Ok("hunter2"));
        assert_ne!(seal.seal(place, "hunter2").unwrap(), sealed, "a nonce of its own each time");
        let elsewhere =
            [Place { tenant: TenantId::new(), ..place }, Place { kind: "gateways", ..place }, Place { row: Uuid::now_v7(), ..place }];
        for wrong in elsewhere {
            assert_eq!(seal.open(wrong, &sealed), Err(SealError::Closed));
        }
        for changed in 0..sealed.len() {
            let mut sealed = sealed.clone();
            sealed[changed] ^= 1;
            assert_eq!(seal.open(place, &sealed), Err(SealError::Closed), "byte {changed}");
        }
        assert_eq!(seal.open(place, &sealed[..20]), Err(SealError::Closed));
    }

    #[test]
    fn keys_rotate() {
        let place = Place { tenant: TenantId::new(), kind: "identity_providers", row: Uuid::now_v7() };
        let (first, secret) = (Seal::new(&[], b"the platform's secret").unwrap(), b"the platform's secret");
        let before = first.seal(place, "hunter2").unwrap();
        let rotated = Seal::new(&[vec![2; 32], vec![1; 32]], secret).unwrap();
        assert_eq!(rotated.open(place, &before).as_deref(), Ok("hunter2"));
        let after = rotated.seal(place, "hunter2").unwrap();
        assert_eq!(first.open(place, &after), Err(SealError::Closed), "sealed with the new key");
        assert_eq!(Seal::new(&[vec![1; 16]], secret).err(), Some(SealError::WrongKey));
    }
}
