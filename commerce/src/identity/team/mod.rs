//! Who works in a store and with which role: members, roles of the store's own, invitations, ownership.
//!
//! Promises
//! - Nobody hands out, changes or takes away what they lack themselves, only owners make and unmake owners and administrators, and
//!   keys make nobody who could make keys or members. A person's right is read again in the transaction that uses it, not taken from their session.
//! - A store keeps an owner, however many leave at once.
//! - An invitation is for one address and works once, within [`invitations::LIVES_DAYS`]; it ends with its sender's right to it, and with
//!   the key that sent it.
//! - Who has left is signed out of this store and of no other.
//!
//! Changes of one team take turns ([`turn`]). Names and addresses are the accounts', which are the platform's rows: what shows
//! them says that its transaction must have been begun there.

mod accept_invitation;
mod events;
pub mod invitations;
pub mod members;
mod role;
pub mod roles;
mod transfer_ownership;

use std::sync::Arc;

use sea_orm::DbErr;
use tenancy::{Actor, Permission, TenantId, TenantTx};

pub use accept_invitation::{Invited, accept_invitation, accept_invitation_by_provider, invited, join};
pub(super) use accept_invitation::{joined, reopened};
pub use events::{InvitationSent, MemberJoined, MemberLeft, MemberRoleChanged, OwnershipTransferred};
pub use members::Member;
pub use role::{Role, RoleRef};
pub use transfer_ownership::transfer_ownership;

use super::{Error, api_keys};
use crate::sql;

/// Who changes a team: a member, by the role they have when it happens, or software, by the scopes of its key.
#[derive(Clone, Debug)]
pub struct Caller {
    pub store: TenantId,
    pub actor: Actor,
    /// Of the key; a person's are read anew.
    pub permissions: Arc<[Permission]>,
}

/// What a caller may do with a team now.
#[derive(Clone, Debug)]
struct Rights {
    is_owner: bool,
    permissions: Arc<[Permission]>,
}

impl Rights {
    /// Whether they may give a role, change it, or take it from somebody.
    fn cover(&self, role: &Role) -> Result<(), Error> {
        if role.is_for_owners_to_give() && !self.is_owner {
            return Err(Error::OwnersOnly);
        }
        self.include(&role.permissions)
    }

    fn include(&self, permissions: &[Permission]) -> Result<(), Error> {
        match permissions.iter().find(|permission| !self.permissions.contains(permission)) {
            Some(missing) => Err(Error::NotYours(*missing)),
            None => Ok(()),
        }
    }
}

/// Waits for its turn to change the team: from here on until the end of `tx` nobody else does, and what is read is what counts.
pub(super) async fn turn(tx: &TenantTx) -> Result<(), DbErr> {
    let sql = "SELECT 1 FROM memberships WHERE tenant_id = $1 ORDER BY account_id FOR UPDATE";
    sql::run(tx, sql, [tx.tenant().into()]).await.map(|_| ())
}

/// [`turn`], and what the caller may when it comes.
///
/// # Errors
/// `SessionEnded` for who is not a member any more, `PermissionMissing` for who may not change the team any more, `KeyEnded`.
async fn rights(tx: &TenantTx, caller: &Caller) -> Result<Rights, Error> {
    rights_to(tx, caller, Permission::WriteTeam).await
}

/// What a caller may hand out now, whatever their session still remembers; it stays so until the end of `tx`.
///
/// # Errors
/// `SessionEnded` for who is not a member any more, `PermissionMissing` for who has lost `needed`, `KeyEnded`.
pub async fn permissions_now(tx: &TenantTx, caller: &Caller, needed: Permission) -> Result<Arc<[Permission]>, Error> {
    Ok(rights_to(tx, caller, needed).await?.permissions)
}

async fn rights_to(tx: &TenantTx, caller: &Caller, needed: Permission) -> Result<Rights, Error> {
    turn(tx).await?;
    let account = match caller.actor {
        Actor::Account(account) => account,
        Actor::Key(key) if !api_keys::lives(tx, key).await? => return Err(Error::KeyEnded),
        // Whom a key lets in may not make more keys, nor let others in: they would outlive it.
        Actor::Key(_) => {
            let outlive = [Permission::WriteKeys, Permission::WriteTeam, Permission::WriteIdentityProviders];
            let permissions = caller.permissions.iter().copied().filter(|permission| !outlive.contains(permission)).collect();
            return Ok(Rights { is_owner: false, permissions });
        }
        _ => return Ok(Rights { is_owner: false, permissions: caller.permissions.clone() }),
    };
    let role = members::role_of(tx, account).await?.ok_or(Error::SessionEnded)?;
    if !role.permissions.contains(&needed) {
        return Err(Error::PermissionMissing(needed));
    }
    Ok(Rights { is_owner: role.is_owner(), permissions: role.permissions })
}

#[cfg(test)]
mod tests {
    use tenancy::BuiltInRole;

    use super::*;
    use crate::ids::RoleId;

    fn rights(role: BuiltInRole) -> Rights {
        Rights { is_owner: role == BuiltInRole::Owner, permissions: role.permissions().into() }
    }

    #[test]
    fn nobody_gives_what_they_lack_and_owners_are_made_by_owners() {
        use BuiltInRole::{Administrator, Orders, Owner, ReadOnly, Support};
        for (who, given, may) in [
            (Owner, Owner, true),
            (Owner, Administrator, true),
            (Administrator, Owner, false),
            (Administrator, Administrator, false),
            (Administrator, ReadOnly, true),
            (Orders, Support, true),
            (Orders, ReadOnly, false),
            (Support, Orders, false),
        ] {
            assert_eq!(rights(who).cover(&given.into()).is_ok(), may, "{who} gives {given}");
        }
        let everything = Role { id: RoleRef::Custom(RoleId::new()), name: "Everything".into(), permissions: Permission::ALL.into() };
        assert!(rights(Administrator).cover(&everything).is_ok(), "it is no administrator: it makes none");
        assert!(matches!(rights(Support).cover(&everything), Err(Error::NotYours(Permission::WriteProducts))));
    }
}
