use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::Error;

pub const PASSWORD_MIN: usize = 10;
pub const PASSWORD_MAX: usize = 200;

/// How long a sign-in waits for its turn.
const WAITS_AT_MOST: Duration = Duration::from_secs(3);

/// Hashes and checks passwords, a few at a time and off the async threads. Cheap to clone; clones share their turns.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// A hash of nobody's password, checked where there is no account.
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once.max(1))), nobody: Arc::default() }
    }

    /// The hash under which a password may be kept.
    ///
    /// # Errors
    /// `UnfitPassword`: too short, too long, or the e-mail address itself. `Busy`: no turn came in time.
    pub async fn hash(&self, email: &str, password: &str) -> Result<String, Error> {
        let fits = (PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count());
        if !fits || password.to_lowercase() == email {
            return Err(Error::UnfitPassword);
        }
        let password = password.to_owned();
        self.in_turn(move || hash(&password)).await?
    }

    /// Whether the password is the one behind `hash`. Without a hash (no such account) it takes as long and is not.
    ///
    /// # Errors
    /// `Busy`: no turn came in time.
    pub async fn fit(&self, password: &str, hash: Option<String>) -> Result<bool, Error> {
        if password.chars().count() > PASSWORD_MAX {
            return Ok(false);
        }
        let (password, nobody) = (password.to_owned(), self.nobody.clone());
        self.in_turn(move || {
            let known = hash.is_some();
            let hash = hash.map_or_else(|| nobodys(&nobody), Ok)?;
            let hash = PasswordHash::new(&hash).map_err(|error| Error::Hash(error.to_string()))?;
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

fn nobodys(kept: &OnceLock<String>) -> Result<String, Error> {
    match kept.get() {
        Some(hash) => Ok(hash.clone()),
        None => hash("nobody has this password").map(|hash| kept.get_or_init(|| hash).clone()),
    }
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
    async fn unfit_passwords_are_refused() {
        let passwords = Passwords::new(1);
        for unfit in ["short", "", "ADA@example.com", &"x".repeat(201)] {
            assert!(matches!(passwords.hash("ada@example.com", unfit).await, Err(Error::UnfitPassword)), "{unfit:?}");
        }
    }
}
