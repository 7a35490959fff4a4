//! Customers: people known to one store only. The same address in two stores is two people, who share nothing.
//!
//! Promises
//! - Who has an account is not told: registering, and asking for a new password, get the same answer for every address, and the
//!   mail says the rest to who reads it.
//! - An address is proved by a code that was mailed to it, brought back by who is signed in: neither a stranger who registered
//!   it, nor its owner who follows a stranger's mail, proves it alone.
//! - Orders of guests join a customer only when their address is proved, and nothing of them changes but whose they are.
//! - Sessions are those of accounts ([`crate::identity::sessions`]) in every respect, but that they live behind their store's wall.
//! - A guest's cart is merged on sign-in and never dropped: what it holds is counted once, however often it is brought.
//!
//! A folder of its own and not a part of identity: customers use carts, checkouts and orders, and identity comes before all of
//! them.
//!
//! Locks: a customer before their codes, sessions, addresses and orders; carts' checkouts in the order of the carts' ids.
//!
//! Uses identity, stores, cart, checkout, orders.

pub mod addresses;
mod change_email;
mod change_password;
mod close;
pub mod codes;
mod current_cart;
#[expect(clippy::module_inception, reason = "the operations on customers, as orders.rs holds those on orders")]
mod customers;
mod error;
mod events;
mod figures;
mod history;
pub mod identities;
mod reauthenticate;
mod register;
mod reset_password;
pub mod sessions;
mod sign_in;
mod sign_in_by_provider;
mod verify_email;

pub use change_email::{change_email, request_email_change};
pub use change_password::change_password;
pub use close::{ERASED_DOMAIN, ERASED_NAME, Forgotten, carts_of, close, forget};
pub use current_cart::{current_cart, current_cart_of};
pub use customers::{Customer, CustomerChanges, NoteChanges, change, change_by_vendor, find, list, lock, lock_any};
pub use error::Error;
pub use events::{
    CustomerCodeRequested, CustomerEmailChanged, CustomerIdentityLinked, CustomerIdentityUnlinked, CustomerPasswordChanged,
    CustomerRegistered, CustomerVerified,
};
pub use figures::{Figures, figures};
pub use history::{prune, tenants_to_prune};
pub use reauthenticate::reauthenticate;
pub use register::{NewCustomer, register};
pub use reset_password::{request_password_reset, reset_password};
pub use sign_in::{SignIn, SignedIn, sign_in};
pub use sign_in_by_provider::{SignInByProvider, sign_in_by_provider};
pub use verify_email::{request_verification, verify_email};

use tenancy::CustomerId;
use uuid::Uuid;

/// Who is signed in, and by which session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedInAs {
    pub customer: CustomerId,
    pub session: Uuid,
}
