//! A store changes hands: its owner, who proves to be it, makes another member the owner.

use tenancy::{AccountId, BuiltInRole, PlatformDb};

use super::{Error, OwnershipTransferred, RoleRef, invitations, members, turn};
use crate::{
    clock::Clock,
    fault::FieldFault,
    identity::{Passwords, memberships, reauthenticate::reauthenticate_and_hold, sessions::SignedInAs},
    outbox,
};

/// The other becomes an owner, who asks becomes an administrator, and the invitations that either has sent end. Other owners stay.
///
/// # Errors
/// `WrongPassword`, `SignInAgain`, `OwnersOnly`, `Invalid` at `/account_id` for oneself and for who is not a member, `Busy`.
pub async fn transfer_ownership(
    platform: &PlatformDb,
    passwords: &Passwords,
    clock: &Clock,
    who: SignedInAs,
    (to, password): (AccountId, Option<&str>),
) -> Result<(), Error> {
    let tx = platform.begin().await?;
    // Asked before the password is: who owns nothing is not told whether it fits. What counts is asked again below.
    if !memberships(&tx, who.account).await?.iter().any(|here| here.tenant == who.tenant && here.role.is_owner()) {
        return Err(Error::OwnersOnly);
    }
    drop(tx);
    let (tx, _) = reauthenticate_and_hold(platform, passwords, who, password).await?;
    let tx = tx.enter(who.tenant).await?;
    turn(&tx).await?;
    if !members::role_of(&tx, who.account).await?.ok_or(Error::SessionEnded)?.is_owner() {
        return Err(Error::OwnersOnly);
    }
    let refused = |code, detail: &str| Error::Invalid(FieldFault::new("/account_id", code, detail));
    if to == who.account {
        return Err(refused("yourself", "the store is yours already"));
    }
    if members::role_of(&tx, to).await?.is_none() {
        return Err(refused("not_a_member", "nobody of this id works here: invite them first"));
    }
    for (account, role) in [(to, BuiltInRole::Owner), (who.account, BuiltInRole::Administrator)] {
        members::set_role(&tx, account, RoleRef::BuiltIn(role)).await?;
        invitations::end_of(&tx, account).await?;
    }
    outbox::record(&tx, clock, &OwnershipTransferred { store: who.tenant, from: who.account, to }).await?;
    Ok(tx.commit().await?)
}
