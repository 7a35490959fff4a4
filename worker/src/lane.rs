//! Lanes keep kinds of work apart, so that a slow mail server delays mails and nothing else.

use std::time::Duration;

/// A queue of its own in apalis, with its own slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    Payments,
    Mail,
    Webhooks,
    Search,
    Analytics,
    Media,
}

/// How a lane runs its jobs.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Jobs that one process runs at a time.
    pub slots: u16,
    /// How long one attempt may take: short enough for a drain.
    pub time_out: Duration,
    /// After so many attempts (each waits twice as long, an hour at most) the job is a dead letter.
    pub max_attempts: i32,
    /// Waiting jobs of one tenant that one turn may take; above one they are merged where the job allows it.
    pub turn: i64,
}

impl Lane {
    pub const ALL: [Self; 6] = [Self::Payments, Self::Mail, Self::Webhooks, Self::Search, Self::Analytics, Self::Media];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Mail => "mail",
            Self::Webhooks => "webhooks",
            Self::Search => "search",
            Self::Analytics => "analytics",
            Self::Media => "media",
        }
    }

    pub const fn rules(self) -> Rules {
        match self {
            Self::Payments => rules(8, 12, 14, 1),
            Self::Mail | Self::Webhooks => rules(16, 12, 20, 1),
            Self::Search => rules(4, 12, 20, 100),
            Self::Analytics => rules(4, 12, 14, 1),
            Self::Media => rules(2, 12, 10, 1),
        }
    }
}

const fn rules(slots: u16, time_out_seconds: u64, max_attempts: i32, turn: i64) -> Rules {
    Rules { slots, time_out: Duration::from_secs(time_out_seconds), max_attempts, turn }
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
