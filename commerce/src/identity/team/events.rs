//! What happened to a team. Its facts are numbered with the store's: who records one has had their turn.

use serde::{Deserialize, Serialize};
use tenancy::{AccountId, TenantId};
use uuid::Uuid;

use super::RoleRef;
use crate::{ids::InvitationId, outbox::Fact};

/// An invitation is to be mailed, the first time or again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvitationSent {
    pub invitation_id: InvitationId,
}

impl Fact for InvitationSent {
    const CODE: &'static str = "identity.invitation_sent";
    const AGGREGATE: &'static str = "invitation";

    fn aggregate_id(&self) -> Uuid {
        self.invitation_id.uuid()
    }
}

macro_rules! of_the_team {
    ($($(#[$doc:meta])* $name:ident = $code:literal { $($(#[$field_doc:meta])* $field:ident: $kind:ty),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct $name {
            pub store: TenantId,
            $($(#[$field_doc])* pub $field: $kind),+
        }

        impl Fact for $name {
            const CODE: &'static str = $code;
            const AGGREGATE: &'static str = "store";

            fn aggregate_id(&self) -> Uuid {
                self.store.uuid()
            }
        }
    )+ };
}

of_the_team! {
    /// Somebody accepted an invitation.
    MemberJoined = "identity.member_joined" {
        account_id: AccountId,
        invitation_id: InvitationId,
        role: RoleRef,
    }

    /// A member has another role.
    MemberRoleChanged = "identity.member_role_changed" {
        account_id: AccountId,
        from: RoleRef,
        to: RoleRef,
    }

    /// Somebody is not a member any more.
    MemberLeft = "identity.member_left" {
        account_id: AccountId,
        /// By another's doing.
        was_removed: bool,
    }

    /// An owner made another member the owner and became an administrator.
    OwnershipTransferred = "identity.ownership_transferred" {
        from: AccountId,
        to: AccountId,
    }
}
