//! Roles: those that every store has, and a store's own, which are data: a name and permissions of the one vocabulary.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use tenancy::{BuiltInRole, Permission, TenantTx};

use super::{Caller, Error, Role, RoleRef, invitations, rights, role::known};
use crate::{
    clock::Clock,
    fault::{FieldFault, OnConstraint, violated},
    ids::RoleId,
    sql,
    text::{clean_line, fold, is_invisible},
};

pub const NAME_MAX: usize = 60;

/// Of a store's own. Who needs more has another kind of problem than a missing role.
const AT_MOST: i64 = 50;

#[derive(Clone, Debug)]
pub struct NewRole {
    pub name: String,
    pub permissions: Vec<Permission>,
}

#[derive(Clone, Debug, Default)]
pub struct RoleChanges {
    pub name: Option<String>,
    pub permissions: Option<Vec<Permission>>,
}

/// Every role that a member of this store can have: the built-in ones first, then its own by name.
///
/// # Errors
/// Postgres is away.
pub async fn list(tx: &TenantTx) -> Result<Vec<Role>, Error> {
    let sql = "SELECT id, name, permissions FROM roles WHERE tenant_id = $1 ORDER BY name_folded LIMIT $2";
    let rows = rows(tx, sql, [tx.tenant().into(), AT_MOST.into()]).await?;
    let own = rows.iter().map(own).collect::<Result<Vec<_>, _>>()?;
    Ok(BuiltInRole::ALL.iter().map(|role| Role::from(*role)).chain(own).collect())
}

/// Makes a role of the store's own.
///
/// # Errors
/// `NotYours` for a permission that the caller lacks, `RoleNameTaken`, `TooManyRoles`, `Invalid`.
pub async fn create(tx: &TenantTx, clock: &Clock, caller: &Caller, new: NewRole) -> Result<Role, Error> {
    let (name, permissions) = (checked_name(&new.name)?, checked_permissions(new.permissions)?);
    rights(tx, caller).await?.include(&permissions)?;
    let (id, words) = (RoleId::new(), words(&permissions));
    let sql = "INSERT INTO roles (tenant_id, id, name, name_folded, permissions, created_at, updated_at)
               SELECT $1, $2, $3, $4, $5, $6, $6 WHERE (SELECT count(*) FROM roles WHERE tenant_id = $1) < $7";
    let values: [Value; 7] =
        [tx.tenant().into(), id.into(), (&*name).into(), fold(&name).into(), words.into(), clock.now().into(), AT_MOST.into()];
    let made = sql::run(tx, sql, values).await.on_constraint("roles_name_folded_key", || Error::RoleNameTaken)?;
    if made == 0 {
        return Err(Error::TooManyRoles);
    }
    Ok(Role { id: RoleRef::Custom(id), name, permissions: permissions.into() })
}

/// Changes a role, and with it what all its members may. When they may less than before, the invitations that they have sent end.
///
/// # Errors
/// `NotYours` for a permission that the role had or is to have and the caller lacks, `RoleNotFound`, `RoleNameTaken`, `Invalid`.
pub async fn change(tx: &TenantTx, clock: &Clock, caller: &Caller, id: RoleId, changes: RoleChanges) -> Result<Role, Error> {
    let name = changes.name.as_deref().map(checked_name).transpose()?;
    let permissions = changes.permissions.map(checked_permissions).transpose()?;
    let rights = rights(tx, caller).await?;
    let mut role = get(tx, id).await?.ok_or(Error::RoleNotFound(id))?;
    rights.cover(&role)?;
    rights.include(permissions.as_deref().unwrap_or_default())?;
    if permissions.as_ref().is_some_and(|left| role.permissions.iter().any(|had| !left.contains(had))) {
        invitations::end_of_members(tx, id).await?;
    }
    role.name = name.unwrap_or(role.name);
    role.permissions = permissions.map_or(role.permissions, Into::into);
    let sql = "UPDATE roles SET name = $3, name_folded = $4, permissions = $5, updated_at = $6 WHERE tenant_id = $1 AND id = $2";
    let values: [Value; 6] =
        [tx.tenant().into(), id.into(), (&*role.name).into(), fold(&role.name).into(), words(&role.permissions).into(), clock.now().into()];
    sql::run(tx, sql, values).await.on_constraint("roles_name_folded_key", || Error::RoleNameTaken)?;
    Ok(role)
}

/// Deletes a role that nobody has and that no open invitation names.
///
/// # Errors
/// `RoleInUse`, `RoleNotFound`, `NotYours` for a permission of it that the caller lacks.
pub async fn delete(tx: &TenantTx, caller: &Caller, id: RoleId) -> Result<(), Error> {
    let rights = rights(tx, caller).await?;
    rights.cover(&get(tx, id).await?.ok_or(Error::RoleNotFound(id))?)?;
    let dead = format!("DELETE FROM invitations i WHERE i.tenant_id = $1 AND i.role_id = $2 AND NOT ({})", invitations::OPEN);
    sql::run(tx, &dead, [tx.tenant().into(), id.into()]).await?;
    let deleted = sql::run(tx, "DELETE FROM roles WHERE tenant_id = $1 AND id = $2", [tx.tenant().into(), id.into()]).await;
    match deleted {
        Err(error) if is_named(&error) => Err(Error::RoleInUse),
        other => other.map(|_| ()).map_err(Error::Database),
    }
}

/// The role that a request names.
///
/// # Errors
/// `UnknownRole`.
pub(super) async fn named(tx: &TenantTx, id: RoleRef) -> Result<Role, Error> {
    match id {
        RoleRef::BuiltIn(role) => Ok(role.into()),
        RoleRef::Custom(id) => get(tx, id).await?.ok_or(Error::UnknownRole),
    }
}

async fn get(tx: &TenantTx, id: RoleId) -> Result<Option<Role>, DbErr> {
    let sql = "SELECT id, name, permissions FROM roles WHERE tenant_id = $1 AND id = $2";
    rows(tx, sql, [tx.tenant().into(), id.into()]).await?.first().map(own).transpose()
}

async fn rows(tx: &TenantTx, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<QueryResult>, DbErr> {
    tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await
}

fn own(row: &QueryResult) -> Result<Role, DbErr> {
    let permissions: Vec<String> = row.try_get("", "permissions")?;
    Ok(Role { id: RoleRef::Custom(row.try_get("", "id")?), name: row.try_get("", "name")?, permissions: known(&permissions) })
}

/// A name that no other role has; a built-in one's would make people believe what they should not.
fn checked_name(name: &str) -> Result<String, Error> {
    let name = clean_line("/name", name, NAME_MAX).map_err(Error::Invalid)?;
    if name.contains(is_invisible) {
        return Err(Error::Invalid(FieldFault::new("/name", "characters", "must not contain characters that do not show")));
    }
    let folded = fold(&name);
    let is_built_in = BuiltInRole::ALL.iter().any(|role| fold(role.name()) == folded || role.as_str() == folded);
    if is_built_in { Err(Error::RoleNameTaken) } else { Ok(name) }
}

fn checked_permissions(mut permissions: Vec<Permission>) -> Result<Vec<Permission>, Error> {
    permissions.sort_unstable();
    permissions.dedup();
    if permissions.is_empty() {
        return Err(Error::Invalid(FieldFault::new("/permissions", "required", "a role needs at least one permission")));
    }
    Ok(permissions)
}

fn words(permissions: &[Permission]) -> Vec<String> {
    permissions.iter().map(ToString::to_string).collect()
}

/// Whether a row that names the role is why it stays.
fn is_named(error: &DbErr) -> bool {
    violated(error).is_some_and(|name| ["memberships_role_id_fkey", "invitations_role_id_fkey"].contains(&name.as_str()))
}
