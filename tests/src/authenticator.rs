use commerce::{
    clock::Clock,
    identity::second_factors::totp::{self, Secret},
};

/// Somebody's authenticator, whose clock is the world's.
pub struct Authenticator {
    secret: Secret,
    clock: Clock,
}

impl Authenticator {
    pub(crate) fn new(secret: Secret, clock: Clock) -> Self {
        Self { secret, clock }
    }

    /// What it shows now.
    pub fn code(&self) -> String {
        self.code_of(0)
    }

    /// What it shows so many steps from now.
    pub fn code_of(&self, steps: i64) -> String {
        self.secret.code(totp::step_at(self.clock.now()) + steps)
    }

    /// Six digits that it does not show, nor will in a while.
    pub fn wrong_code(&self) -> String {
        let near: Vec<String> = (-3..=3).map(|steps| self.code_of(steps)).collect();
        (0..8).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).expect("eight codes are not seven")
    }
}
