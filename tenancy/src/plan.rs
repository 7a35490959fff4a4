//! How much: what a plan allows a tenant to use of what all tenants share.

use std::{fmt, str::FromStr};

use crate::permission::UnknownWord;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    Standard,
    Plus,
}

/// A bucket: refilled by `per_second`, holding `burst` at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_second: u32,
    pub burst: u32,
}

/// Requests a tenant may make, by class of route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub storefront_reads: Rate,
    pub storefront_writes: Rate,
    pub vendor: Rate,
}

impl Plan {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Plus => "plus",
        }
    }

    pub const fn limits(self) -> Limits {
        let scale = match self {
            Self::Standard => 1,
            Self::Plus => 10,
        };
        Limits {
            storefront_reads: Rate { per_second: 200 * scale, burst: 1_000 * scale },
            storefront_writes: Rate { per_second: 50 * scale, burst: 250 * scale },
            vendor: Rate { per_second: 25 * scale, burst: 250 * scale },
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Plan {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "standard" => Ok(Self::Standard),
            "plus" => Ok(Self::Plus),
            other => Err(UnknownWord(other.to_owned())),
        }
    }
}
