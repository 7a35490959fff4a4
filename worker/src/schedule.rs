//! What the clock asks for: this schedule starts this job. Every replica ticks, and the tick's key lets one of them win.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use cron::Schedule;
use sea_orm::DbErr;
use tenancy::PlatformDb;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    ctx::Ctx,
    envelope::Envelope,
    jobs::{Job, PruneHistory, SweepCheckouts, SweepImages, SweepMedia, SweepPrivacy, SweepProducts},
    queue,
};

/// (name, seconds minutes hours days months weekdays, job)
fn table() -> [(&'static str, &'static str, Job); 6] {
    [
        ("sweep-checkouts", "*/20 * * * * *", SweepCheckouts {}.into()),
        ("sweep-products", "*/20 * * * * *", SweepProducts {}.into()),
        ("prune-history", "0 23 * * * *", PruneHistory {}.into()),
        ("sweep-images", "30 */5 * * * *", SweepImages {}.into()),
        ("sweep-media", "0 13 * * * *", SweepMedia {}.into()),
        ("sweep-privacy", "0 43 * * * *", SweepPrivacy {}.into()),
    ]
}

/// Ticks until told to stop. What fell due while no worker ran is not made up for: each job looks at everything anew.
pub async fn run(ctx: Ctx, stop: CancellationToken) {
    let mut until = ctx.clock.now();
    while !stop.is_cancelled() {
        let now = ctx.clock.now();
        match tick(&ctx.database.platform(), until, now).await {
            Ok(()) => until = now,
            Err(error) => warn!(%error, "A tick of the schedule could not be saved and will be tried again"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// Starts what fell due after `since`, up to and including `now`. Safe to repeat, here and on other replicas.
///
/// # Errors
/// Postgres is away.
pub async fn tick(db: &PlatformDb, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), DbErr> {
    for (name, when, job) in table() {
        let Some(at) = last_tick(when, since, now) else { continue };
        let envelope = Envelope { tenant: None, key: format!("cron:{name}:{}", at.timestamp()), caused_at: at, trace_parent: None, job };
        let tx = db.begin().await?;
        queue::push(&tx, envelope.job.lane(), &[envelope]).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn last_tick(when: &str, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let schedule = Schedule::from_str(when).ok()?;
    schedule.after(&since).take_while(|at| *at <= now).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schedule_can_be_read() {
        for (name, when, _) in table() {
            assert!(Schedule::from_str(when).is_ok(), "{name}: {when}");
        }
    }

    #[test]
    fn only_the_last_of_several_missed_ticks_is_made_up_for() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let tick = last_tick("0 * * * * *", at("2026-01-01T10:00:00Z"), at("2026-01-01T10:05:30Z"));
        assert_eq!(tick, Some(at("2026-01-01T10:05:00Z")));
        assert_eq!(last_tick("0 0 * * * *", at("2026-01-01T10:00:00Z"), at("2026-01-01T10:59:59Z")), None);
    }
}
