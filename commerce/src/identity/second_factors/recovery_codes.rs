//! Codes on paper, for who has lost their authenticator: 80 random bits each, kept as a hash, good for once.

use sea_orm::{DbErr, FromQueryResult, Value};
use tenancy::{PlatformTx, directory::hash_of};
use uuid::Uuid;

use super::{Subject, run, statement};

/// How many somebody has.
pub const COUNT: usize = 10;

const LETTERS: usize = 16;
const GROUP: usize = 4;
/// Crockford's: no letter of it is mistaken for another.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Makes new ones, shown here and never again; the old ones end.
pub(super) async fn replace(tx: &PlatformTx, subject: Subject) -> Result<Vec<String>, DbErr> {
    delete(tx, subject).await?;
    let codes: Vec<String> = (0..COUNT).map(|_| draw()).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().filter_map(|code| folded(code)).map(|code| hash(subject, &code)).collect();
    let ids: Vec<Uuid> = hashes.iter().map(|_| Uuid::now_v7()).collect();
    let sql = "INSERT INTO recovery_codes (principal, principal_id, id, code_hash, created_at)
               SELECT $1, $2, new.id, new.code_hash, now() FROM unnest($3::uuid[], $4::bytea[]) AS new (id, code_hash)";
    run(tx, sql, subject, [ids.into(), hashes.into()]).await?;
    Ok(codes)
}

/// Takes a code; says how many are left, or nothing where it is none of theirs or was used.
pub(super) async fn redeem(tx: &PlatformTx, subject: Subject, code: &str) -> Result<Option<i64>, DbErr> {
    let Some(code) = folded(code) else { return Ok(None) };
    let sql = "UPDATE recovery_codes SET used_at = now() WHERE principal = $1 AND principal_id = $2 AND code_hash = $3 AND used_at IS NULL";
    match run(tx, sql, subject, [hash(subject, &code).into()]).await? {
        0 => Ok(None),
        _ => left(tx, subject).await.map(Some),
    }
}

/// How many were not used.
pub(super) async fn left(tx: &PlatformTx, subject: Subject) -> Result<i64, DbErr> {
    let sql = "SELECT count(*) AS codes FROM recovery_codes WHERE principal = $1 AND principal_id = $2 AND used_at IS NULL";
    let counted = Count::find_by_statement(statement(sql, subject.columns())).one(tx).await?;
    Ok(counted.map_or(0, |counted| counted.codes))
}

pub(super) async fn delete(tx: &PlatformTx, subject: Subject) -> Result<(), DbErr> {
    run(tx, "DELETE FROM recovery_codes WHERE principal = $1 AND principal_id = $2", subject, [] as [Value; 0]).await.map(|_| ())
}

#[derive(FromQueryResult)]
struct Count {
    codes: i64,
}

fn draw() -> String {
    let mut random = [0_u8; LETTERS];
    rand::fill(&mut random);
    let letters: Vec<char> = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    letters.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A code as it is hashed, however it was typed; none for what cannot be one.
fn folded(text: &str) -> Option<String> {
    let fold = |letter: char| match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        letter => letter,
    };
    let code: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').map(fold).collect();
    (code.len() == LETTERS && code.bytes().all(|letter| ALPHABET.contains(&letter))).then_some(code)
}

/// Nobody searches 80 bits: no key and no slow hash are needed.
fn hash(subject: Subject, code: &str) -> Vec<u8> {
    hash_of(&format!("recovery code of {} {}: {code}", subject.word(), subject.uuid())).to_vec()
}

#[cfg(test)]
mod tests {
    use tenancy::{AccountId, OperatorId};

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = draw();
        assert_eq!(code.len(), 19, "{code}");
        let plain = folded(&code).unwrap();
        assert_eq!(folded(&code.to_lowercase().replace('-', " ")), Some(plain.clone()));
        assert_eq!(folded(&plain.replace('0', "o").replace('1', "l")), Some(plain));
        for wrong in ["", "123456", "0000-0000-0000-000", "0000-0000-0000-000U", "0000-0000-0000-0000-0"] {
            assert_eq!(folded(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_code_is_another_for_another_person() {
        let (ada, code) = (AccountId::new(), "0000000000000000");
        assert_ne!(hash(Subject::Account(ada), code), hash(Subject::Account(AccountId::new()), code));
        assert_ne!(hash(Subject::Account(ada), code), hash(Subject::Operator(OperatorId::from_uuid(ada.uuid())), code));
    }
}
