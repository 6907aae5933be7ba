use std::sync::Arc;

use async_trait::async_trait;
use powersync::{Authenticator, MutationUploader, PowerSyncDatabase, error::PowerSyncError};
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{Backend, BoxError, NotSignedIn, OnRejected, Refusal, Session, sdk_error};

/// Who syncs. Your app chooses, and the connector never changes from one to the other.
#[derive(Clone)]
pub enum SyncAs {
    /// `powersync-auth`, with the session's access token.
    SignedIn(Arc<dyn Session>),
    /// `powersync-auth-anonymous`, with the publishable key.
    Anonymous,
}

/// Fetches a PowerSync token whenever the SDK asks for one, and uploads to Supabase. Stores no token.
#[derive(Clone)]
pub struct Connector {
    pub(crate) database: PowerSyncDatabase,
    pub(crate) on_rejected: Arc<dyn OnRejected>,
    backend: Backend,
    sync_as: SyncAs,
    http: Client,
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
    endpoint: String,
}

impl Connector {
    pub fn new(
        database: PowerSyncDatabase,
        backend: Backend,
        sync_as: SyncAs,
        on_rejected: Arc<dyn OnRejected>,
    ) -> Self {
        Self {
            database,
            on_rejected,
            backend,
            sync_as,
            http: Client::new(),
        }
    }

    /// Fails with [NotSignedIn], with a [Refusal], or without an answer. The SDK's status shows the error as its
    /// download error, and the SDK asks again after 5 s.
    pub async fn fetch_token(&self) -> Result<String, BoxError> {
        let access_token = self.access_token().await?;
        let function = match self.sync_as {
            SyncAs::Anonymous => "powersync-auth-anonymous",
            SyncAs::SignedIn(_) => "powersync-auth",
        };
        let path = format!("functions/v1/{function}");
        let request = self.request(Method::GET, &path, access_token.as_deref());
        let response = request.send().await?;
        let status = response.status();
        let body = response.text().await?;
        if status.is_success()
            && let Ok(Credentials { token, endpoint }) = serde_json::from_str(&body)
        {
            let configured = self.backend.powersync_url.trim_end_matches('/');
            if endpoint.trim_end_matches('/') == configured {
                return Ok(token);
            }
            let found = format!("The functions issue tokens for {endpoint}.");
            return Err(format!("{found} Set Backend::powersync_url to it.").into());
        }
        let refusal = Refusal::of(status, &body, "the function's");
        // Another 401, such as API_KEY_INVALID, is a fault of the app: signing in again does not help.
        match refusal.code.as_deref() {
            Some("USER_TOKEN_INVALID" | "USER_TOKEN_EXPIRED") => Err(NotSignedIn.into()),
            _ => Err(refusal.into()),
        }
    }

    /// `None` for somebody without an account.
    pub(crate) async fn access_token(&self) -> Result<Option<String>, BoxError> {
        let SyncAs::SignedIn(session) = &self.sync_as else {
            return Ok(None);
        };
        // When the time is over, the future is dropped, and its requests with it.
        let access_token = timeout(self.backend.timeout, session.access_token())
            .await
            .map_err(|_| "The session did not answer in time")??;
        Ok(Some(access_token.ok_or(NotSignedIn)?))
    }

    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        access_token: Option<&str>,
    ) -> RequestBuilder {
        let request = self.backend.request(&self.http, method, path);
        match access_token {
            Some(access_token) => request.bearer_auth(access_token),
            None => request,
        }
    }
}

#[async_trait]
impl Authenticator for Connector {
    async fn resolve_credentials(&self) -> Result<Arc<String>, PowerSyncError> {
        self.fetch_token().await.map(Arc::new).map_err(sdk_error)
    }
}

#[async_trait]
impl MutationUploader for Connector {
    async fn upload(&self) -> Result<(), PowerSyncError> {
        self.upload_next().await
    }
}
