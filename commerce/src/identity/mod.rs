//! Who people and programs are: accounts, operators, their sessions, and the keys of stores.
//!
//! Promises
//! - Passwords are kept as argon2id, hashed a few at a time so that a flood of sign-ins cannot take the machine; an unknown
//!   e-mail costs the same time and gets the same answer as a wrong password.
//! - A refresh token works once. Used again within [`sessions::GRACE_SECONDS`] (a lost answer, two tabs) it gives the same
//!   successor again; used later it was stolen, and its whole family ends.
//! - Keys and refresh tokens are stored as hashes; a secret is shown when it is made and never again.
//! - Nobody gives a key or a member what they may not do themselves ([`team`]).
//! - A new password or address ends every other session and is told to the address that was there before.
//! - Who has an account is not told: a reset asked for an unknown address gets the same answer and costs the same work.
//! - Whoever signs in by another provider is who they are there, and never an address alone ([`oauth`]).
//!
//! Uses nothing of `commerce` but what all share.

pub mod accounts;
pub mod api_keys;
mod change_email;
mod change_password;
pub mod codes;
mod error;
mod events;
pub mod oauth;
pub mod operators;
mod passwords;
pub(crate) mod refresh_tokens;
mod reset_password;
pub mod sessions;
mod sign_in;
pub mod team;
mod verify_email;

pub use change_email::{change_email, request_email_change};
pub use change_password::change_password;
pub use codes::Codes;
pub use error::Error;
pub use events::{AccountCodeRequested, AccountPasswordChanged};
pub use passwords::{PASSWORD_MAX, PASSWORD_MIN, Passwords};
pub use reset_password::{request_password_reset, reset_password};
pub use sessions::{Device, Session, SignedInAs, Standing};
pub use sign_in::{Membership, SignedIn, memberships, sign_in, sign_in_operator, switch_store};
pub use verify_email::{request_verification, verify_email};
