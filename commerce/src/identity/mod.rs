//! Who people and programs are: accounts, operators, their sessions, and the keys of stores.
//!
//! Promises
//! - Passwords are kept as argon2id, hashed a few at a time so that a flood of sign-ins cannot take the machine; an unknown
//!   e-mail costs the same time and gets the same answer as a wrong password.
//! - A refresh token works once. Used again within [`sessions::GRACE_SECONDS`] (a lost answer, two tabs) it gives the same
//!   successor again; used later it was stolen, and its whole family ends.
//! - Keys and refresh tokens are stored as hashes; a secret is shown when it is made and never again. A key that has expired is
//!   refused at once, also where it is cached.
//! - Nobody gives a key or a member what they may not do themselves ([`team`]).
//! - A new password or address ends every other session and is told to the address that was there before.
//! - Where somebody has a second factor, nothing that proves the first begins a session: a session takes a [`Proof`], which few
//!   functions make ([`second_factors`]). A session remembers how lately it was proved ([`step_up`]).
//! - Who has an account is not told: a reset asked for an unknown address gets the same answer and costs the same work.
//! - Whoever signs in by another provider is who they are there, and never an address alone ([`oauth`]).
//!
//! Uses nothing of `commerce` but what all share.

pub mod accounts;
pub mod api_keys;
mod change_email;
mod change_password;
mod close_account;
pub mod codes;
mod error;
mod events;
mod key_uses;
pub mod oauth;
pub mod operators;
mod origin;
mod passwords;
mod proof;
mod reauthenticate;
pub(crate) mod refresh_tokens;
mod reset_password;
mod rotate_key;
pub mod second_factors;
pub mod sessions;
mod sign_in;
pub mod step_up;
mod take_back;
pub mod team;
mod verify_email;

pub use change_email::{change_email, request_email_change};
pub use change_password::change_password;
pub use close_account::{Farewell, close_account, farewell, forget_farewell};
pub use codes::Codes;
pub use error::Error;
pub use events::{AccountClosed, AccountCodeRequested, AccountPasswordChanged};
pub use key_uses::KeyUses;
pub use passwords::{PASSWORD_MAX, PASSWORD_MIN, Passwords};
pub(crate) use proof::Proof;
pub use reset_password::{request_password_reset, reset_password};
pub use rotate_key::{OVERLAP_AT_MOST_HOURS, rotate_key};
pub use sessions::{Device, Session, SignedInAs, Standing};
pub use sign_in::{
    Membership, SignedIn, answer_challenge, memberships, operator_answers_challenge, sign_in, sign_in_operator, switch_store,
};
pub use take_back::take_back;
pub use verify_email::{request_verification, verify_email};
