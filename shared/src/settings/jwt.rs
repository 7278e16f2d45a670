//! What follows from the settings of access and refresh tokens.

use jsonwebtoken::AlgorithmFamily;

use super::declared::JwtSettings;

impl JwtSettings {
    /// Whether tokens are signed with a secret that their verifiers share (HMAC).
    pub fn is_shared(&self) -> bool {
        self.algorithm.family() == AlgorithmFamily::Hmac
    }
}
