//! What an app brings: an access token, and a place for refused changes.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use async_trait::async_trait;
use powersync_auth_connector::{BoxError, OnRejected, Rejected, Session};
use serde_json::json;

use crate::say;

/// The access token of another identity provider.
#[derive(Default)]
pub struct Provided(pub Mutex<String>);

#[async_trait]
impl Session for Provided {
    async fn access_token(&self) -> Result<Option<String>, BoxError> {
        let token = self.0.lock().unwrap().clone();
        match token.as_str() {
            "fails" => Err("The provider cannot be reached".into()),
            "hangs" => std::future::pending().await,
            _ => Ok(Some(token).filter(|token| !token.is_empty())),
        }
    }

    async fn renew(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

pub static SAVING_FAILS: AtomicBool = AtomicBool::new(false);

pub struct SaveRejected;

#[async_trait]
impl OnRejected for SaveRejected {
    async fn rejected(&self, changes: &[Rejected<'_>]) -> Result<(), BoxError> {
        let text = |Rejected { change, code, .. }: &Rejected<'_>| {
            let op = json!(change.update_type);
            format!("{} {} {code}", op.as_str().unwrap_or_default(), change.id)
        };
        let texts: Vec<String> = changes.iter().map(text).collect();
        say(json!({ "event": "refused", "changes": texts.join(", ") }));
        if SAVING_FAILS.load(Relaxed) {
            return Err("The disk is full".into());
        }
        Ok(())
    }
}
