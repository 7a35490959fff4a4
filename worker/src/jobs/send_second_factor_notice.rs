use commerce::identity::{accounts, codes};
use serde::{Deserialize, Serialize};
use tenancy::AccountId;
use uuid::Uuid;

use crate::{
    call::{Call, JobError},
    mail::{Letter, Store, Template, deliver, was_sent},
};

/// Tells an account's person what happened to its second factors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendSecondFactorNotice {
    pub account: AccountId,
    pub news: SecondFactorNews,
    /// The code that undoes it.
    #[serde(default)]
    pub take_back: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorNews {
    Added,
    Removed,
    /// The password alone opens the account from now on.
    LastRemoved,
    RecoveryCodeUsed {
        left: i64,
    },
    RecoveryCodesReplaced,
}

impl SecondFactorNews {
    fn title(self) -> &'static str {
        match self {
            Self::Added => "An authenticator was added",
            Self::Removed => "An authenticator was removed",
            Self::LastRemoved => "Two-step sign-in was turned off",
            Self::RecoveryCodeUsed { .. } => "A recovery code was used",
            Self::RecoveryCodesReplaced => "You have new recovery codes",
        }
    }

    fn what(self) -> String {
        match self {
            Self::Added => "an authenticator was added to your account: from now on a code of it is asked for too.".to_owned(),
            Self::Removed => "an authenticator was removed from your account.".to_owned(),
            Self::LastRemoved => "the last authenticator was removed from your account: its password alone opens it now.".to_owned(),
            Self::RecoveryCodeUsed { left } => format!("a recovery code of your account was used. You have {left} left."),
            Self::RecoveryCodesReplaced => "new recovery codes were made for your account. The old ones work no more.".to_owned(),
        }
    }
}

pub(super) async fn run(job: SendSecondFactorNotice, call: &Call) -> Result<(), JobError> {
    if was_sent(call).await? {
        return Ok(());
    }
    // A closed account has had its last mail.
    let Some(account) = accounts::open(&call.database.platform().begin().await?, job.account).await? else { return Ok(()) };
    // A code goes where it was meant to go, whatever the address is by now.
    let meant_for = match job.take_back {
        Some(code) => codes::asked(&call.database.platform().begin().await?, code).await?.map(|asked| asked.email),
        None => None,
    };
    let store = Store::load(&call.db()?.begin().await?, &call.links).await?;
    let at = call.caused_at().with_timezone(&store.time_zone).format("%-d %B %Y, %H:%M %Z").to_string();
    let title = job.news.title().to_owned();
    let code = job.take_back.map(|code| call.links.account_code(code));
    let advice = match code {
        Some(_) => {
            "If it was not you, take your account back: this code, with a new password, removes the authenticator and ends every session."
        }
        None => "If it was not you, change your password at once and end your other sessions.",
    };
    let letter = Letter {
        template: Template::SecondFactorNotice,
        to: meant_for.unwrap_or(account.email),
        subject: format!("{title} · {}", store.name),
        title,
        preview: format!("On {at}"),
        view: serde_json::json!({ "name": account.name, "at": at, "what": job.news.what(), "advice": advice, "code": code }),
        store,
    };
    deliver(call, letter).await
}
