use sea_orm::DbErr;

use crate::fault::{Fault, FieldFault, Kind};
use crate::ids::{ShippingMethodId, ShippingZoneId};
use crate::page::CursorError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no shipping zone {0} in this store")]
    ZoneNotFound(ShippingZoneId),
    #[error("there is no shipping method {0} in this store")]
    MethodNotFound(ShippingMethodId),
    #[error("a shipping zone is already named `{0}`")]
    ZoneNameTaken(String),
    #[error("the zone already has a method named `{0}`")]
    MethodNameTaken(String),
    #[error("a country belongs to one zone; one of these is in another zone already")]
    CountryTaken,
    #[error("a checkout has chosen this method, or one of this zone: deactivate it instead")]
    InUse,
    #[error("the shipping rules are not valid")]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fault for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::ZoneNotFound(_) | Self::MethodNotFound(_) => Kind::NotFound,
            Self::ZoneNameTaken(_) | Self::MethodNameTaken(_) | Self::CountryTaken | Self::InUse => Kind::Conflict,
            Self::Invalid(_) => Kind::Invalid,
            Self::Cursor(error) => error.kind(),
            Self::Database(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ZoneNotFound(_) => "shipping.zone_not_found",
            Self::MethodNotFound(_) => "shipping.method_not_found",
            Self::ZoneNameTaken(_) => "shipping.zone_name_taken",
            Self::MethodNameTaken(_) => "shipping.method_name_taken",
            Self::CountryTaken => "shipping.country_taken",
            Self::InUse => "shipping.in_use",
            Self::Invalid(_) => "shipping.invalid",
            Self::Cursor(error) => error.code(),
            Self::Database(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            Self::Cursor(error) => error.fields(),
            _ => Vec::new(),
        }
    }
}
