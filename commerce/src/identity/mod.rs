//! Who people and programs are: accounts, operators, their sessions, and the keys of stores.
//!
//! Promises
//! - Passwords are kept as argon2id, hashed a few at a time so that a flood of sign-ins cannot take the machine; an unknown
//!   e-mail costs the same time and gets the same answer as a wrong password.
//! - A refresh token works once. Used again within [`sessions::GRACE_SECONDS`] (a lost answer, two tabs) it gives the same
//!   successor again; used later it was stolen, and its whole family ends.
//! - Keys and refresh tokens are stored as hashes; a secret is shown when it is made and never again.
//! - Nobody gives a key what they may not do themselves.
//!
//! Uses nothing of `commerce` but what all share.

pub mod accounts;
pub mod api_keys;
mod error;
pub mod operators;
mod passwords;
pub mod sessions;
mod sign_in;

pub use error::Error;
pub use passwords::{PASSWORD_MAX, PASSWORD_MIN, Passwords};
pub use sessions::{Session, Standing};
pub use sign_in::{Membership, SignedIn, sign_in, sign_in_operator};
