use std::{fmt, sync::Arc};

use async_trait::async_trait;
use powersync::{Authenticator, error::PowerSyncError};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{Backend, BoxError, Session};

/// Who syncs. Your app chooses, and the connector never changes from one to the other.
#[derive(Clone)]
pub enum SyncAs {
    /// `powersync-auth`, with the session's access token.
    SignedIn(Arc<dyn Session>),
    /// `powersync-auth-anonymous`, with the publishable key.
    Anonymous,
}

/// Fetches a PowerSync token whenever the SDK asks for one. Stores none.
pub struct Connector {
    backend: Backend,
    sync_as: SyncAs,
    http: Client,
}

impl Connector {
    pub fn new(backend: Backend, sync_as: SyncAs) -> Self {
        Self {
            backend,
            sync_as,
            http: Client::new(),
        }
    }

    pub async fn fetch_token(&self) -> Result<String, CredentialsError> {
        let (function, access_token) = match &self.sync_as {
            SyncAs::Anonymous => ("powersync-auth-anonymous", None),
            SyncAs::SignedIn(session) => {
                ("powersync-auth", Some(self.access_token(session).await?))
            }
        };
        let mut request = self
            .http
            .get(self.backend.function(function))
            .header("apikey", &self.backend.publishable_key)
            .timeout(self.backend.timeout);
        if let Some(access_token) = access_token {
            request = request.bearer_auth(access_token);
        }
        let response = request.send().await?;
        let status = response.status();
        let body = response.text().await?;
        if status.is_success() {
            self.token_in(status, &body)
        } else {
            Err(refusal(status, &body))
        }
    }

    async fn access_token(&self, session: &Arc<dyn Session>) -> Result<String, CredentialsError> {
        // When the time is over, the future is dropped, and its requests with it.
        let access_token = timeout(self.backend.timeout, session.access_token())
            .await
            .map_err(|_| {
                CredentialsError::Unavailable("The session did not answer in time.".into())
            })?
            .map_err(CredentialsError::Unavailable)?;
        access_token.ok_or(CredentialsError::NotSignedIn)
    }

    fn token_in(&self, status: StatusCode, body: &str) -> Result<String, CredentialsError> {
        let credentials: Credentials =
            serde_json::from_str(body).map_err(|_| CredentialsError::Unreadable {
                status,
                start: start_of(body),
            })?;
        let configured = self.backend.powersync_url.trim_end_matches('/');
        if credentials.endpoint.trim_end_matches('/') != configured {
            let endpoint = credentials.endpoint;
            return Err(CredentialsError::OtherEndpoint { endpoint });
        }
        Ok(credentials.token)
    }
}

#[async_trait]
impl Authenticator for Connector {
    async fn resolve_credentials(&self) -> Result<Arc<String>, PowerSyncError> {
        // The SDK has no other way to make its error of ours; its message begins with "Error in upload_data".
        self.fetch_token()
            .await
            .map(Arc::new)
            .map_err(PowerSyncError::upload_error)
    }
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
    endpoint: String,
}

/// Why there is no token. Each of them is shown as the download error of the SDK's status, which asks again after 5 s.
#[derive(Debug)]
pub enum CredentialsError {
    /// What is `null` in other SDKs: no session, a refused refresh, or a refused access token. The user must sign in.
    NotSignedIn,
    /// The set-up is wrong, or this caller gets no token.
    Refused {
        status: StatusCode,
        refusal: Refusal,
    },
    /// A proxy answered and not the function.
    Unreadable { status: StatusCode, start: String },
    /// The token is for another instance than [Backend::powersync_url].
    OtherEndpoint { endpoint: String },
    /// No connection, or no answer in time.
    Unavailable(BoxError),
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSignedIn => write!(f, "Not signed in"),
            Self::Refused { status, refusal } => {
                let Refusal {
                    code,
                    reason,
                    message,
                    hint,
                } = refusal;
                let reason = reason
                    .as_ref()
                    .map(|word| format!(" {word}"))
                    .unwrap_or_default();
                write!(f, "{code}{reason} ({}): {message} {hint}", status.as_u16())
            }
            Self::Unreadable { status, start } => {
                write!(f, "{status}, not the function's answer: {start}")
            }
            Self::OtherEndpoint { endpoint } => {
                write!(
                    f,
                    "The functions issue tokens for {endpoint}. Set Backend::powersync_url to it."
                )
            }
            Self::Unavailable(source) => {
                write!(f, "No credentials for now: {source}")?;
                let mut cause = source.source();
                while let Some(error) = cause {
                    write!(f, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for CredentialsError {}

impl From<reqwest::Error> for CredentialsError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

/// An error of the function, as docs/errors.md has it.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    pub code: String,
    /// The word that claims.ts gave to `refusal`.
    pub reason: Option<String>,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub hint: String,
}

fn refusal(status: StatusCode, body: &str) -> CredentialsError {
    let Ok(refusal) = serde_json::from_str::<Refusal>(body) else {
        return CredentialsError::Unreadable {
            status,
            start: start_of(body),
        };
    };
    // Another 401, such as API_KEY_INVALID, is a fault of the app: signing in again does not help.
    let must_sign_in = matches!(
        refusal.code.as_str(),
        "USER_TOKEN_INVALID" | "USER_TOKEN_EXPIRED"
    );
    if status == StatusCode::UNAUTHORIZED && must_sign_in {
        return CredentialsError::NotSignedIn;
    }
    CredentialsError::Refused { status, refusal }
}

fn start_of(body: &str) -> String {
    body.chars().take(200).collect()
}
