//! PowerSync credentials from the functions `powersync-auth` and `powersync-auth-anonymous`, and uploads to Supabase.
//! Written for `powersync` 0.2.0.

mod connector;
mod follow_user;
mod supabase_session;
mod upload;

pub use connector::{Connector, CredentialsError, Refusal, SyncAs};
pub use follow_user::{FollowUser, User};
pub use supabase_session::SupabaseSession;
pub use upload::{OnRejected, Rejected, Uploader};

use std::{error::Error, time::Duration};

use async_trait::async_trait;

pub type BoxError = Box<dyn Error + Send + Sync>;

/// Where everything is.
#[derive(Clone)]
pub struct Backend {
    /// `https://<project>.supabase.co`
    pub supabase_url: String,
    pub publishable_key: String,
    /// The PowerSync instance, as `POWERSYNC_URL` of the functions: this SDK must know it before it connects.
    pub powersync_url: String,
    /// For one whole request. Longer than the functions wait for Supabase Auth or an identity provider.
    pub timeout: Duration,
}

impl Backend {
    pub const TIMEOUT: Duration = Duration::from_secs(15);

    pub fn function(&self, name: &str) -> String {
        format!(
            "{}/functions/v1/{name}",
            self.supabase_url.trim_end_matches('/')
        )
    }

    pub fn table(&self, name: &str) -> String {
        format!("{}/rest/v1/{name}", self.supabase_url.trim_end_matches('/'))
    }
}

/// The signed-in user's session at Supabase, Clerk, Auth0, Firebase … [SupabaseSession] is one.
#[async_trait]
pub trait Session: Send + Sync {
    /// An access token that is valid now. `None`: nobody is signed in, or the refresh was refused. An error: the
    /// refresh did not get an answer, so PowerSync tries again.
    async fn access_token(&self) -> Result<Option<String>, BoxError>;

    /// Fetches a new access token even if the current one is valid.
    async fn renew(&self) -> Result<(), BoxError>;
}
