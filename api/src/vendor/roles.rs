use commerce::{
    fault::FieldFault,
    identity::team::{
        self,
        roles::{self, NewRole, RoleChanges},
    },
    ids::RoleId,
};
use salvo::{
    Router, Writer,
    oapi::{ToSchema, endpoint},
};
use serde::{Deserialize, Serialize};
use tenancy::Permission;

use crate::{
    Problem, State,
    context::{Body, Once, PathId, Replay, Vendor},
    json::{Created, Json, NoContent, Page},
};

pub(super) fn router() -> Router {
    Router::with_path("roles").get(list).post(create).push(Router::with_path("{id}").patch(update).delete(delete))
}

/// What a member of the team may.
#[derive(Debug, Serialize, ToSchema)]
struct Role {
    /// A built-in role's word, such as `catalogue`, or the id of one of the store's own.
    id: String,
    name: String,
    /// Whether every store has it; such a role cannot be changed.
    is_built_in: bool,
    permissions: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct CreateRole {
    #[garde(length(chars, min = 1, max = 60))]
    #[salvo(schema(min_length = 1, max_length = 60))]
    name: String,
    /// Words such as `read_products`; never one that you lack.
    #[garde(length(min = 1, max = 50))]
    #[salvo(schema(min_items = 1, max_items = 50, example = json!(["read_orders", "write_orders"])))]
    permissions: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
struct ChangeRole {
    #[garde(inner(length(chars, min = 1, max = 60)))]
    #[salvo(schema(min_length = 1, max_length = 60))]
    name: Option<String>,
    /// All that the role is to have; never one that you lack.
    #[garde(inner(length(min = 1, max = 50)))]
    #[salvo(schema(min_items = 1, max_items = 50))]
    permissions: Option<Vec<String>>,
}

/// List the roles: the built-in ones, then the store's own by name.
#[endpoint]
async fn list(vendor: Vendor) -> Result<Page<Role>, Problem> {
    vendor.require(Permission::ReadTeam)?;
    let tx = vendor.db.begin().await?;
    Ok(Page::whole(roles::list(&tx).await?.into_iter().map(Into::into).collect()))
}

/// Make a role of the store's own.
#[endpoint]
async fn create(vendor: Vendor, state: State, once: Once, body: Body<CreateRole>) -> Result<Replay<Created<Role>>, Problem> {
    vendor.require(Permission::WriteTeam)?;
    vendor.fresh().await?;
    let new = NewRole { permissions: permissions("/permissions", &body.0.permissions)?, name: body.0.name };
    let tx = vendor.db.begin().await?;
    if let Some(first) = once.first_answer(&tx).await? {
        return Ok(first);
    }
    let role = Role::from(roles::create(&tx, &state.clock, &vendor.caller(), new).await?);
    once.commit(tx, &state.clock, Created::at(format!("/vendor/v1/roles/{}", role.id), role)).await
}

/// Change one of the store's own roles.
///
/// Its members may what it says from then on; what they only read other processes refuse within half a minute.
#[endpoint]
async fn update(vendor: Vendor, state: State, id: PathId<RoleId>, body: Body<ChangeRole>) -> Result<Json<Role>, Problem> {
    vendor.require(Permission::WriteTeam)?;
    vendor.fresh().await?;
    let words = body.0.permissions.map(|words| permissions("/permissions", &words)).transpose()?;
    let changes = RoleChanges { name: body.0.name, permissions: words };
    let tx = vendor.db.begin().await?;
    let role = roles::change(&tx, &state.clock, &vendor.caller(), id.0, changes).await?;
    tx.commit().await?;
    state.sessions.forget_store(vendor.store.id)?;
    Ok(Json(role.into()))
}

/// Delete one of the store's own roles.
///
/// Only one that nobody has and that no open invitation names.
#[endpoint]
async fn delete(vendor: Vendor, id: PathId<RoleId>) -> Result<NoContent, Problem> {
    vendor.require(Permission::WriteTeam)?;
    vendor.fresh().await?;
    let tx = vendor.db.begin().await?;
    roles::delete(&tx, &vendor.caller(), id.0).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Permissions by their words, or every word that is none.
pub(super) fn permissions(pointer: &str, words: &[String]) -> Result<Vec<Permission>, Problem> {
    let mut faults = Vec::new();
    let mut permissions = Vec::new();
    for (place, word) in words.iter().enumerate() {
        match word.parse() {
            Ok(permission) => permissions.push(permission),
            Err(error) => faults.push(FieldFault::new(format!("{pointer}/{place}"), "unknown_word", format!("{error}"))),
        }
    }
    if faults.is_empty() { Ok(permissions) } else { Err(Problem::invalid(faults)) }
}

impl From<team::Role> for Role {
    fn from(role: team::Role) -> Self {
        Self {
            id: role.id.to_string(),
            is_built_in: role.is_built_in(),
            permissions: role.permissions.iter().map(ToString::to_string).collect(),
            name: role.name,
        }
    }
}
