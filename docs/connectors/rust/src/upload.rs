use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;
use powersync::{
    CrudEntry, MutationUploader, PowerSyncDatabase, UpdateType, error::PowerSyncError,
};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::{Backend, BoxError, SyncAs};

/// Changes that Postgres will never accept.
#[async_trait]
pub trait OnRejected: Send + Sync {
    /// Called before a rejected change leaves the queue: show it to the user, or store it. An error keeps it there.
    ///
    /// `code` is Postgres' SQLSTATE: 22… the data is not of the column's type, 23… a constraint, 42501 row level security.
    async fn rejected(&self, change: &CrudEntry, code: &str, message: &str)
    -> Result<(), BoxError>;
}

/// Writes local changes to Supabase, in order, one transaction a call. Whatever may succeed later is tried again.
pub struct Uploader {
    database: PowerSyncDatabase,
    backend: Backend,
    sync_as: SyncAs,
    on_rejected: Arc<dyn OnRejected>,
    http: Client,
}

impl Uploader {
    pub fn new(
        database: PowerSyncDatabase,
        backend: Backend,
        sync_as: SyncAs,
        on_rejected: Arc<dyn OnRejected>,
    ) -> Self {
        Self {
            database,
            backend,
            sync_as,
            on_rejected,
            http: Client::new(),
        }
    }

    async fn write(&self, change: &CrudEntry) -> Result<(), BoxError> {
        let response = self.request(change).await?.send().await?;
        if response.status().is_success() {
            return Ok(());
        }
        let Refusal { code, message } = refusal(response).await?;
        if !can_never_succeed(&code) {
            return Err(format!("{code}: {message}").into());
        }
        // One rejected change must not keep all later ones in the queue for ever.
        self.on_rejected.rejected(change, &code, &message).await
    }

    async fn request(&self, change: &CrudEntry) -> Result<RequestBuilder, BoxError> {
        let method = match change.update_type {
            UpdateType::Put => Method::POST,
            UpdateType::Patch => Method::PATCH,
            UpdateType::Delete => Method::DELETE,
        };
        let mut request = self
            .http
            .request(method, self.backend.table(&change.table))
            .header("apikey", &self.backend.publishable_key)
            .timeout(self.backend.timeout);
        if let SyncAs::SignedIn(session) = &self.sync_as {
            // Without it Postgres would see an anonymous user and reject what this user may write.
            let access_token = timeout(self.backend.timeout, session.access_token()).await??;
            request = request.bearer_auth(access_token.ok_or("Not signed in")?);
        }
        let mut row = change.data.clone().unwrap_or_default();
        Ok(match change.update_type {
            UpdateType::Put => {
                row.insert("id".into(), Value::from(change.id.as_str()));
                request
                    .header("Prefer", "resolution=merge-duplicates")
                    .json(&row)
            }
            UpdateType::Patch => request
                .query(&[("id", format!("eq.{}", change.id))])
                .json(&row),
            UpdateType::Delete => request.query(&[("id", format!("eq.{}", change.id))]),
        })
    }
}

#[async_trait]
impl MutationUploader for Uploader {
    async fn upload(&self) -> Result<(), PowerSyncError> {
        let Some(transaction) = self.database.next_crud_transaction().await? else {
            return Ok(());
        };
        for change in &transaction.crud {
            self.write(change)
                .await
                .map_err(|error| PowerSyncError::upload_error(UploadError(error)))?;
        }
        transaction.complete().await
    }
}

fn can_never_succeed(code: &str) -> bool {
    code.len() == 5 && (code.starts_with("22") || code.starts_with("23") || code == "42501")
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    #[serde(default)]
    message: String,
}

async fn refusal(response: Response) -> Result<Refusal, BoxError> {
    let status = response.status();
    let body = response.text().await?;
    serde_json::from_str(&body).map_err(|_| {
        let start: String = body.chars().take(200).collect();
        format!("{status}: {start}").into()
    })
}

#[derive(Debug)]
struct UploadError(BoxError);

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for UploadError {}
