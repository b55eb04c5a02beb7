//! How often one request was sent, and refused: the SDK tries again by itself, and says so to nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// Counts the tries of one request. Clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    sent: Arc<AtomicU32>,
    refused: Arc<AtomicU32>,
}

impl Attempts {
    /// So many went out so far.
    pub(super) fn count(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// So many of them may have been done: what was answered that it was not, with a 4xx or SlowDown's 503, was not.
    pub(super) fn may_be_done(&self) -> u32 {
        self.count().saturating_sub(self.refused.load(Ordering::Relaxed))
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_after_transmit(
        &self,
        answer: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if matches!(answer.response().status().as_u16(), 400..=499 | 503) {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
