//! Letters to who may never have heard of us: to an address that nobody has proved here, because somebody else has named it. In all stores
//! together an address gets so many and no more, whoever asks for them, and they hold no links but our own.

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::call::{Call, JobError};

const AT_ONCE: i32 = 20;
/// And then one each.
const MINUTES: i32 = 5;

/// Whether one more may be sent now; where not, it is dropped and counted. Who asked for it hears nothing: it would tell them what others
/// have sent there.
pub(crate) async fn may_write_to_stranger(call: &Call, address: &str) -> Result<bool, JobError> {
    let sql = "INSERT INTO letter_allowances AS a (address_hash, full_at) VALUES ($1, now() + make_interval(mins => $2))
               ON CONFLICT (address_hash) DO UPDATE SET full_at = greatest(a.full_at, now()) + make_interval(mins => $2)
               WHERE greatest(a.full_at, now()) <= now() + make_interval(mins => $2 * ($3 - 1))";
    let values: [Value; 3] = [tenancy::directory::hash_of(address).to_vec().into(), MINUTES.into(), AT_ONCE.into()];
    let tx = call.database.platform().begin().await?;
    let taken = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?.rows_affected() == 1;
    tx.commit().await?;
    if !taken {
        metrics::counter!("stoa_mails_withheld_total", "kind" => call.kind()).increment(1);
    }
    Ok(taken)
}

/// A name that somebody has chosen, in which no mail program finds an address to click on.
pub(crate) fn without_links(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        shown.push(letter);
        let goes_on = letters.peek().is_some_and(|next| !next.is_whitespace());
        if matches!(letter, '.' | ':' | '/' | '@' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}') && goes_on {
            shown.push(' ');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::without_links;

    #[test]
    fn names_hold_no_address_to_click_on() {
        for (name, shown) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("A. Lovelace & Co.", "A. Lovelace & Co."),
            ("Refund: http://evil.example/x", "Refund: http: / / evil. example/ x"),
            ("www.evil.example", "www. evil. example"),
            ("pay@evil.example", "pay@ evil. example"),
        ] {
            assert_eq!(without_links(name), shown);
        }
    }
}
