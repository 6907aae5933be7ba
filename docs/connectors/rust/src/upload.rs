use async_trait::async_trait;
use powersync::{CrudEntry, UpdateType, error::PowerSyncError};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::{BoxError, Connector, Refusal, sdk_error};

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

impl Connector {
    /// Writes the local changes of one transaction to Supabase, in their order. What may succeed later is tried again.
    ///
    /// PostgREST commits each request alone: what follows a rejected change is still written.
    pub async fn upload_next(&self) -> Result<(), PowerSyncError> {
        let Some(transaction) = self.database.next_crud_transaction().await? else {
            return Ok(());
        };
        let written = self.write_all(&transaction.crud).await;
        written.map_err(sdk_error)?;
        transaction.complete().await
    }

    async fn write_all(&self, changes: &[CrudEntry]) -> Result<(), BoxError> {
        // Without a token the database would reject what this user may write.
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

    async fn write<'a>(
        &self,
        change: &'a CrudEntry,
        access_token: Option<&str>,
    ) -> Result<Option<Rejected<'a>>, BoxError> {
        let response = self.write_request(change, access_token).send().await?;
        if response.status().is_success() {
            let range = response.headers().get("content-range");
            let range =
                range.ok_or("This is not PostgREST's answer. The change is tried again.")?;
            // Row level security hides the rows that a user may not change: Postgres then changes none.
            let changed_none = range.as_bytes().ends_with(b"/0");
            let hidden = matches!(change.update_type, UpdateType::Patch) && changed_none;
            return Ok(hidden.then(|| Rejected {
                change,
                code: NO_ROW.into(),
                message: format!(
                    "There is no {} {} that this user may change",
                    change.table, change.id
                ),
            }));
        }
        let status = response.status();
        let refusal = Refusal::of(status, &response.text().await?, "PostgREST's");
        // 401: the session has ended. Whoever signs in may have the right.
        let must_sign_in = status == StatusCode::UNAUTHORIZED && access_token.is_some();
        match refusal {
            Refusal {
                code: Some(code),
                message,
                ..
            } if can_never_succeed(&code) && !must_sign_in => Ok(Some(Rejected {
                change,
                code,
                message,
            })),
            _ => Err(refusal.into()),
        }
    }

    fn write_request(&self, change: &CrudEntry, access_token: Option<&str>) -> RequestBuilder {
        let mut row = change.data.clone().unwrap_or_default();
        let this_row = [("id", format!("eq.{}", change.id))];
        let (method, prefer) = match change.update_type {
            UpdateType::Put => (Method::POST, "resolution=merge-duplicates,count=exact"),
            UpdateType::Patch => (Method::PATCH, "count=exact"),
            UpdateType::Delete => (Method::DELETE, "count=exact"),
        };
        let request = self
            .request(method, &format!("rest/v1/{}", change.table), access_token)
            .header("Prefer", prefer);
        match change.update_type {
            UpdateType::Put => {
                row.insert("id".into(), Value::from(change.id.as_str()));
                request.json(&row)
            }
            UpdateType::Patch => request.query(&this_row).json(&row),
            UpdateType::Delete => request.query(&this_row),
        }
    }
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
