//! Passwords: which may be chosen, how they are kept, and how many are checked at once.

mod leaked;

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking};
use unicode_normalization::UnicodeNormalization;

use super::Error;

pub const PASSWORD_MIN: usize = 10;
pub const PASSWORD_MAX: usize = 200;

/// How long a sign-in waits for its turn.
const WAITS_AT_MOST: Duration = Duration::from_secs(3);

/// A hash of nobody's password, checked where there is no account: the work is the same.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$G0jCZU731LwFAPg6Vbejbg$ZV4hlT8iRY10pUxg26QgS2r0PjAHw4lgaSEy6VIR3CI";

/// Hashes and checks passwords, a few at a time and off the async threads. Cheap to clone; clones share their turns.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// The hash under which a password may be kept.
    ///
    /// # Errors
    /// `UnfitPassword`: too short, too long, or the e-mail address itself. `LeakedPassword`. `Busy`: no turn came in time.
    pub async fn hash(&self, email: &str, password: &str) -> Result<String, Error> {
        Self::check(email, password)?;
        let password = normal(password);
        self.in_turn(move || hash(&password)).await?
    }

    /// Whether a password may be chosen for the account of an address.
    ///
    /// # Errors
    /// `UnfitPassword`, `LeakedPassword`, as for [`Passwords::hash`].
    pub fn check(email: &str, password: &str) -> Result<(), Error> {
        let password = normal(password);
        let fits = (PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count());
        if !fits || password.to_lowercase() == email {
            return Err(Error::UnfitPassword);
        }
        if leaked::is_leaked(&password) { Err(Error::LeakedPassword) } else { Ok(()) }
    }

    /// Whether the password is the one behind `hash`. Without a hash (no such account) it takes as long and is not.
    ///
    /// # Errors
    /// `Busy`: no turn came in time.
    pub async fn fit(&self, password: &str, hash: Option<String>) -> Result<bool, Error> {
        if password.chars().count() > PASSWORD_MAX {
            return Ok(false);
        }
        let password = normal(password);
        self.in_turn(move || {
            let known = hash.is_some();
            let hash = PasswordHash::new(hash.as_deref().unwrap_or(NOBODYS)).map_err(|error| Error::Hash(error.to_string()))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await?
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let turn = tokio::time::timeout(WAITS_AT_MOST, self.turns.clone().acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(Error::Busy)?;
        let done = spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.map_err(|error| Error::Hash(error.to_string()))
    }
}

/// argon2id with the crate's parameters (19 MiB, two passes: OWASP's first recommendation).
fn hash(password: &str) -> Result<String, Error> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| Error::Hash(error.to_string()))?;
    Ok(hash.to_string())
}

/// As it is typed on any keyboard: one way to write an accented letter (RFC 8265 §4.2).
fn normal(password: &str) -> String {
    password.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_fits() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("ada@example.com", "correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.fit("correct horse", Some(hash.clone())).await.unwrap());
        assert!(!passwords.fit("correct horsE", Some(hash)).await.unwrap());
        assert!(!passwords.fit("nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn an_accent_is_one_letter_however_it_is_typed() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("ada@example.com", "caf\u{e9} au lait").await.unwrap();
        assert!(passwords.fit("cafe\u{301} au lait", Some(hash)).await.unwrap());
    }

    #[test]
    fn nobodys_password_costs_what_others_cost() {
        let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parameters(NOBODYS), parameters(&hash("anybody's password").unwrap()));
        assert!(Argon2::default().verify_password(b"nobody has this password", &PasswordHash::new(NOBODYS).unwrap()).is_ok());
    }

    #[tokio::test]
    async fn unfit_passwords_are_refused() {
        let passwords = Passwords::new(1);
        for unfit in ["short", "", "ADA@example.com", &"x".repeat(201)] {
            assert!(matches!(passwords.hash("ada@example.com", unfit).await, Err(Error::UnfitPassword)), "{unfit:?}");
        }
        assert!(matches!(passwords.hash("ada@example.com", "Password123").await, Err(Error::LeakedPassword)));
    }
}
