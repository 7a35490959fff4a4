//! When an hour or a day began, in a time zone whose days are not all 24 hours long.

use std::str::FromStr;

use chrono::{DateTime, MappedLocalTime, NaiveDate, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// What figures are summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    Hour,
    Day,
}

impl Period {
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// The instant at which the period that holds `at` began.
    pub fn start(self, at: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let local = at.with_timezone(&zone);
        match self {
            // By the offset that holds now: the hour that a clock change repeats is two hours, each with its own sum.
            Self::Hour => {
                let past = TimeDelta::seconds(i64::from(local.minute() * 60 + local.second()))
                    + TimeDelta::nanoseconds(i64::from(local.nanosecond()));
                at - past
            }
            Self::Day => midnight(local.date_naive(), zone),
        }
    }
}

/// The first instant of a day. Where clocks jump over midnight, it is the first that exists.
pub(super) fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let mut wall = day.and_time(chrono::NaiveTime::MIN);
    for _ in 0..96 {
        match zone.from_local_datetime(&wall) {
            MappedLocalTime::Single(instant) | MappedLocalTime::Ambiguous(instant, _) => return instant.with_timezone(&Utc),
            MappedLocalTime::None => wall += TimeDelta::minutes(15),
        }
    }
    // A whole day that never was (Samoa's 30 December 2011): it began and ended with the next one.
    let offset = zone.offset_from_utc_datetime(&wall).fix();
    DateTime::from_naive_utc_and_offset(wall - offset, Utc)
}

impl FromStr for Period {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|period| period.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(period: Period, zone: &str, at: &str) -> String {
        let at: DateTime<Utc> = at.parse().unwrap();
        period.start(at, zone.parse().unwrap()).to_rfc3339()
    }

    #[test]
    fn a_day_begins_at_the_stores_midnight() {
        let cases = [
            ("Europe/Berlin", "2026-07-01T21:59:59Z", "2026-06-30T22:00:00+00:00"),
            ("Europe/Berlin", "2026-07-01T22:00:00Z", "2026-07-01T22:00:00+00:00"),
            // The day on which clocks go forward begins in winter time and lasts 23 hours.
            ("Europe/Berlin", "2026-03-29T21:59:00Z", "2026-03-28T23:00:00+00:00"),
            ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-29T22:00:00+00:00"),
            // The day on which they go back lasts 25.
            ("Europe/Berlin", "2026-10-25T22:59:00Z", "2026-10-24T22:00:00+00:00"),
            ("America/New_York", "2026-01-01T04:59:59Z", "2025-12-31T05:00:00+00:00"),
            ("Asia/Kathmandu", "2026-01-01T18:15:00Z", "2026-01-01T18:15:00+00:00"),
            // Clocks in Santiago jump from 24:00 to 01:00: the day's first instant is one o'clock.
            ("America/Santiago", "2026-09-06T12:00:00Z", "2026-09-06T04:00:00+00:00"),
        ];
        for (zone, at, start) in cases {
            assert_eq!(starts(Period::Day, zone, at), start, "{zone} {at}");
        }
    }

    #[test]
    fn an_hour_that_clocks_repeat_is_two_hours() {
        let first = starts(Period::Hour, "Europe/Berlin", "2026-10-25T00:30:00Z");
        let second = starts(Period::Hour, "Europe/Berlin", "2026-10-25T01:30:00Z");
        assert_ne!(first, second);
        assert_eq!(starts(Period::Hour, "Asia/Kathmandu", "2026-01-01T12:10:30.5Z"), "2026-01-01T11:15:00+00:00");
    }
}
