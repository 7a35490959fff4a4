use std::time::Duration;

use sea_orm::DbErr;
use tenancy::Permission;

use super::{
    passwords::{PASSWORD_MAX, PASSWORD_MIN},
    second_factors::Challenge,
};
use crate::{
    fault::{Fault, FieldFault, Kind},
    ids::{AccountId, ApiKeyId, InvitationId, RoleId, SecondFactorId},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The same for an unknown e-mail and a wrong password.
    #[error("e-mail and password do not fit")]
    WrongCredentials,
    #[error("the password is not the account's")]
    WrongPassword,
    #[error("this account works in several stores: name one of them as `store`")]
    SeveralStores,
    #[error("this account works in no such store")]
    NoSuchStore,
    #[error("the session has ended; sign in again")]
    SessionEnded,
    #[error("there is no such session")]
    SessionNotFound,
    /// The same for one that was never sent, was used, or has expired.
    #[error("the code does not work: it was used, has expired, or is mistyped; ask for a new one")]
    CodeInvalid,
    /// The challenge goes with the code to where it is asked for; without one, the same request takes the code.
    #[error("the password is right, and not enough: a code of an authenticator, or a recovery code, is asked for too")]
    SecondFactorRequired(Option<Challenge>),
    /// The same for one that is not right, and one that was used.
    #[error("the code is not right, or was used already: wait for the next one")]
    WrongCode,
    #[error("too many wrong codes: none is taken for a while")]
    TooManyCodes(Duration),
    #[error("this sign-in has waited too long, or its code was tried too often: sign in again")]
    ChallengeEnded,
    #[error("this asks for a proof of the last ten minutes: `POST /account/step-up`, and repeat it")]
    StepUpRequired,
    #[error("there is no second factor {0}")]
    SecondFactorNotFound(SecondFactorId),
    #[error("an account has as many second factors as it can have")]
    TooManySecondFactors,
    #[error("no operator has this address")]
    OperatorNotFound,
    #[error("another account has this address")]
    EmailTaken,
    #[error("this address is proved already")]
    AlreadyVerified,
    #[error("a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters and is not the e-mail address")]
    UnfitPassword,
    #[error("this password was leaked elsewhere, and is among the first that attackers try: choose another")]
    LeakedPassword,
    #[error("{} is not valid", .0.pointer)]
    Invalid(FieldFault),
    #[error("the account has no password, and this session has lasted too long to stand in for it: sign in again")]
    SignInAgain,
    #[error("prove the account's address first: the code is mailed to it")]
    EmailNotProved,
    #[error("there is no key {0}")]
    KeyNotFound(ApiKeyId),
    /// To a key, a role or a member, or taken away from one.
    #[error("you cannot give or take the permission `{0}`: you do not have it")]
    NotYours(Permission),
    #[error("this needs the permission `{0}`")]
    PermissionMissing(Permission),
    #[error("owners and administrators are made and unmade by owners alone")]
    OwnersOnly,
    #[error("nobody called {0} works here")]
    MemberNotFound(AccountId),
    #[error("a store keeps at least one owner: make somebody else an owner first")]
    LastOwner,
    #[error("a store keeps at least one owner: make somebody else an owner of {} first", .0.join(", "))]
    LastOwnerOf(Vec<String>),
    #[error("there is no role {0}")]
    RoleNotFound(RoleId),
    #[error("this store has no such role")]
    UnknownRole,
    #[error("another role has this name")]
    RoleNameTaken,
    #[error("somebody has this role, or is invited with it: give them another one first")]
    RoleInUse,
    #[error("the store has as many roles of its own as it can have")]
    TooManyRoles,
    #[error("there is no open invitation {0}")]
    InvitationNotFound(InvitationId),
    #[error("this address works here already")]
    AlreadyMember,
    #[error("too many invitations are open: revoke some, or wait until they are answered")]
    TooManyInvitations,
    #[error("this invitation was sent as often as it can be: revoke it and invite anew")]
    InvitationSentOften,
    #[error("this invitation was sent to another address than your account's")]
    InvitationForAnother,
    #[error("a secret key needs at least one scope, a publishable key has none")]
    ScopesDoNotFit,
    #[error("the key was revoked or has expired: make a new one")]
    KeyEnded,
    #[error("another key takes this one's place: it can end sooner, and not live longer or be replaced again")]
    KeyReplaced,
    #[error("it was changed since you read it; read it again and repeat your change")]
    ChangedMeanwhile,
    /// More sign-ins than the machine can check at once.
    #[error("too many passwords are being checked")]
    Busy,
    #[error("a password could not be hashed: {0}")]
    Hash(String),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::WrongCredentials | Self::SessionEnded | Self::SecondFactorRequired(_) | Self::ChallengeEnded => Kind::Unauthorized,
            Self::WrongPassword
            | Self::CodeInvalid
            | Self::WrongCode
            | Self::SeveralStores
            | Self::UnfitPassword
            | Self::LeakedPassword
            | Self::Invalid(_)
            | Self::UnknownRole
            | Self::ScopesDoNotFit => Kind::Invalid,
            Self::NoSuchStore
            | Self::NotYours(_)
            | Self::PermissionMissing(_)
            | Self::OwnersOnly
            | Self::InvitationForAnother
            | Self::StepUpRequired
            | Self::SignInAgain => Kind::Forbidden,
            Self::KeyNotFound(_)
            | Self::SessionNotFound
            | Self::MemberNotFound(_)
            | Self::RoleNotFound(_)
            | Self::InvitationNotFound(_)
            | Self::SecondFactorNotFound(_)
            | Self::OperatorNotFound => Kind::NotFound,
            Self::EmailTaken
            | Self::AlreadyVerified
            | Self::EmailNotProved
            | Self::LastOwner
            | Self::LastOwnerOf(_)
            | Self::RoleNameTaken
            | Self::RoleInUse
            | Self::TooManyRoles
            | Self::AlreadyMember
            | Self::TooManyInvitations
            | Self::InvitationSentOften
            | Self::KeyEnded
            | Self::KeyReplaced
            | Self::TooManySecondFactors => Kind::Conflict,
            Self::ChangedMeanwhile => Kind::Outdated,
            Self::TooManyCodes(_) => Kind::TooMany,
            Self::Busy => Kind::Unavailable,
            Self::Hash(_) => Kind::Internal,
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "identity.wrong_credentials",
            Self::WrongPassword => "identity.wrong_password",
            Self::SeveralStores => "identity.several_stores",
            Self::NoSuchStore => "identity.no_such_store",
            Self::SessionEnded => "identity.session_ended",
            Self::SessionNotFound => "identity.session_not_found",
            Self::CodeInvalid => "identity.code_invalid",
            Self::SecondFactorRequired(_) => "identity.second_factor_required",
            Self::WrongCode => "identity.wrong_code",
            Self::TooManyCodes(_) => "identity.too_many_codes",
            Self::ChallengeEnded => "identity.challenge_ended",
            Self::StepUpRequired => "identity.step_up_required",
            Self::SignInAgain => "identity.sign_in_again",
            Self::SecondFactorNotFound(_) => "identity.second_factor_not_found",
            Self::TooManySecondFactors => "identity.too_many_second_factors",
            Self::OperatorNotFound => "identity.operator_not_found",
            Self::EmailTaken => "identity.email_taken",
            Self::AlreadyVerified => "identity.already_verified",
            Self::EmailNotProved => "identity.email_not_proved",
            Self::UnfitPassword => "identity.unfit_password",
            Self::LeakedPassword => "identity.leaked_password",
            Self::Invalid(_) => "identity.invalid",
            Self::KeyNotFound(_) => "identity.key_not_found",
            Self::KeyEnded => "identity.key_ended",
            Self::KeyReplaced => "identity.key_replaced",
            Self::ChangedMeanwhile => "request.changed_meanwhile",
            Self::NotYours(_) => "identity.permission_not_yours",
            Self::PermissionMissing(_) => "identity.permission_missing",
            Self::OwnersOnly => "identity.owners_only",
            Self::MemberNotFound(_) => "identity.member_not_found",
            Self::LastOwner | Self::LastOwnerOf(_) => "identity.last_owner",
            Self::RoleNotFound(_) => "identity.role_not_found",
            Self::UnknownRole => "identity.unknown_role",
            Self::RoleNameTaken => "identity.role_name_taken",
            Self::RoleInUse => "identity.role_in_use",
            Self::TooManyRoles => "identity.too_many_roles",
            Self::InvitationNotFound(_) => "identity.invitation_not_found",
            Self::AlreadyMember => "identity.already_member",
            Self::TooManyInvitations => "identity.too_many_invitations",
            Self::InvitationSentOften => "identity.invitation_sent_often",
            Self::InvitationForAnother => "identity.invitation_for_another",
            Self::ScopesDoNotFit => "identity.scopes_do_not_fit",
            Self::Busy => "identity.busy",
            Self::Hash(_) => "identity.hash_failed",
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        let at = |pointer: &str, code| vec![FieldFault::new(pointer, code, self.to_string())];
        match self {
            Self::WrongPassword => at("/current_password", "wrong"),
            Self::SeveralStores => at("/store", "required"),
            Self::UnfitPassword => at("/password", "unfit"),
            Self::LeakedPassword => at("/password", "leaked"),
            Self::CodeInvalid => at("/code", "invalid"),
            Self::WrongCode => at("/code", "wrong"),
            Self::SecondFactorRequired(None) => at("/second_factor_code", "required"),
            Self::ScopesDoNotFit => at("/scopes", "do_not_fit"),
            Self::UnknownRole => at("/role", "unknown_word"),
            Self::Invalid(fault) => vec![fault.clone()],
            _ => Vec::new(),
        }
    }

    fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::SecondFactorRequired(Some(challenge)) => vec![("challenge", challenge.as_str().to_owned())],
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyCodes(after) => Some(*after),
            Self::Busy => Some(Duration::from_secs(2)),
            Self::Database(error) => error.retry_after(),
            _ => None,
        }
    }
}
