use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;
use powersync::{
    CrudEntry, MutationUploader, PowerSyncDatabase, UpdateType, error::PowerSyncError,
};
use reqwest::{Client, Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::{Backend, BoxError, SyncAs};

const NO_ROW: &str = "NO_ROW";

/// A local change that the database will never take as it is.
pub struct Rejected<'a> {
    pub change: &'a CrudEntry,
    /// Postgres' SQLSTATE: 22… the data is not of the column's type, 23… a constraint, 42501 row level security. Or
    /// NO_ROW: there is no such row, or none that this user may change.
    pub code: String,
    pub message: String,
}

#[async_trait]
pub trait OnRejected: Send + Sync {
    /// When it returns, the changes leave the queue and the next sync undoes them locally: save them for the user or
    /// your support. If it fails, the whole transaction is tried again.
    async fn rejected(&self, changes: &[Rejected<'_>]) -> Result<(), BoxError>;
}

/// Writes local changes to Supabase in their order, one transaction a call. What may succeed later is tried again.
///
/// PostgREST commits each request alone: what follows a rejected change is still written.
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

    pub async fn upload_next(&self) -> Result<(), PowerSyncError> {
        let Some(transaction) = self.database.next_crud_transaction().await? else {
            return Ok(());
        };
        let written = self.write_all(&transaction.crud).await;
        written.map_err(|error| PowerSyncError::upload_error(UploadError(error)))?;
        transaction.complete().await
    }

    async fn write_all(&self, changes: &[CrudEntry]) -> Result<(), BoxError> {
        let access_token = self.access_token().await?;
        let mut rejected = Vec::new();
        for change in changes.iter().filter(|change| !changes_nothing(change)) {
            let refused = self.write(change, access_token.as_deref()).await?;
            rejected
                .extend(refused.filter(|it| it.code != NO_ROW || !is_deleted_in(changes, change)));
        }
        if rejected.is_empty() {
            Ok(())
        } else {
            self.on_rejected.rejected(&rejected).await
        }
    }

    async fn access_token(&self) -> Result<Option<String>, BoxError> {
        let SyncAs::SignedIn(session) = &self.sync_as else {
            return Ok(None);
        };
        // Without a token the database would reject what this user may write.
        let access_token = timeout(self.backend.timeout, session.access_token()).await??;
        Ok(Some(access_token.ok_or(
            "Not signed in: local changes wait in the upload queue",
        )?))
    }

    async fn write<'a>(
        &self,
        change: &'a CrudEntry,
        access_token: Option<&str>,
    ) -> Result<Option<Rejected<'a>>, BoxError> {
        let response = self
            .http
            .execute(self.request(change, access_token)?)
            .await?;
        if response.status().is_success() {
            let counts_none = counts_none(&response)
                .ok_or("This is not PostgREST's answer. The change is tried again.")?;
            // Row level security hides the rows that a user may not change: Postgres then changes none.
            let changed_none = matches!(change.update_type, UpdateType::Patch) && counts_none;
            let no_row = || Rejected {
                change,
                code: NO_ROW.into(),
                message: format!(
                    "There is no {} {} that this user may change",
                    change.table, change.id
                ),
            };
            return Ok(changed_none.then(no_row));
        }
        // The session has ended. Whoever signs in may have the right.
        let must_sign_in = response.status() == StatusCode::UNAUTHORIZED && access_token.is_some();
        let Refusal { code, message } = refusal(response).await?;
        if must_sign_in || !can_never_succeed(&code) {
            return Err(format!("{code}: {message}").into());
        }
        Ok(Some(Rejected {
            change,
            code,
            message,
        }))
    }

    fn request(&self, change: &CrudEntry, access_token: Option<&str>) -> reqwest::Result<Request> {
        let mut row = change.data.clone().unwrap_or_default();
        let this_row = [("id", format!("eq.{}", change.id))];
        let (method, prefer) = match change.update_type {
            UpdateType::Put => (Method::POST, "resolution=merge-duplicates,count=exact"),
            UpdateType::Patch => (Method::PATCH, "count=exact"),
            UpdateType::Delete => (Method::DELETE, "count=exact"),
        };
        let mut request = self
            .http
            .request(method, self.backend.table(&change.table))
            .header("apikey", &self.backend.publishable_key)
            .header("Prefer", prefer)
            .timeout(self.backend.timeout);
        if let Some(access_token) = access_token {
            request = request.bearer_auth(access_token);
        }
        match change.update_type {
            UpdateType::Put => {
                row.insert("id".into(), Value::from(change.id.as_str()));
                request.json(&row)
            }
            UpdateType::Patch => request.query(&this_row).json(&row),
            UpdateType::Delete => request.query(&this_row),
        }
        .build()
    }
}

#[async_trait]
impl MutationUploader for Uploader {
    async fn upload(&self) -> Result<(), PowerSyncError> {
        self.upload_next().await
    }
}

/// `None` if it is not an answer of PostgREST, such as a page that a redirect led to.
fn counts_none(response: &Response) -> Option<bool> {
    let range = response.headers().get("content-range")?;
    Some(range.as_bytes().ends_with(b"/0"))
}

/// An update to the same values. PostgREST would count no row.
fn changes_nothing(change: &CrudEntry) -> bool {
    matches!(change.update_type, UpdateType::Patch)
        && change.data.as_ref().is_none_or(|data| data.is_empty())
}

/// When a transaction is tried again, its rows may be deleted already.
fn is_deleted_in(changes: &[CrudEntry], change: &CrudEntry) -> bool {
    changes.iter().any(|other| {
        matches!(other.update_type, UpdateType::Delete)
            && other.table == change.table
            && other.id == change.id
    })
}

fn can_never_succeed(code: &str) -> bool {
    code.len() == 5 && (code.starts_with("22") || code.starts_with("23")) || code == "42501"
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
