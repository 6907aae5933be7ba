//! PowerSync credentials from the functions `powersync-auth` and `powersync-auth-anonymous`, and uploads to Supabase.
//! Written for `powersync` 0.2.0.

mod connector;
mod error;
mod follow_user;
mod supabase_session;
mod upload;

pub use connector::{Connector, SyncAs};
pub use error::{BoxError, NotSignedIn, Refusal, sdk_error};
pub use follow_user::{FollowUser, User};
pub use supabase_session::SupabaseSession;
pub use upload::{OnRejected, Rejected};

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Method, RequestBuilder};

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

    pub(crate) fn request(&self, http: &Client, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/{path}", self.supabase_url.trim_end_matches('/'));
        http.request(method, url)
            .header("apikey", &self.publishable_key)
            .timeout(self.timeout)
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
