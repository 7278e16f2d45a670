//! Stand-ins for what the crate `vestibule` is about to have. Goes with the merge.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

#[derive(Clone, Copy)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }
    pub const fn millis(self) -> i64 {
        self.0
    }
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "seam")]
    pub fn system() -> Self {
        Self::new(|| {
            Timestamp(
                i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis())
                    .unwrap_or(0),
            )
        })
    }
    pub fn new(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

#[derive(Clone)]
pub struct Random(Arc<dyn Fn(&mut [u8]) + Send + Sync>);

impl Random {
    #[expect(clippy::disallowed_methods, clippy::expect_used, reason = "seam")]
    pub fn system() -> Self {
        Self::new(|bytes| getrandom::fill(bytes).expect("randomness"))
    }
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
    pub fn secret(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }
}
