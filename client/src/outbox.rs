//! What did this person sign and send? Every signed query is on disk before it travels, so that a crash loses none.

use std::fs;

use protocol::documents::Query;
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use transport::coordinator_api::CoordinatorApi;
use transport::fault;
use transport::keys::write_atomic;

use crate::error::ClientError;
use crate::home::Home;

/// Keeps a signed query and sends it. Sending twice is harmless: the coordinator knows documents by their id.
pub async fn keep_and_send(
    home: &Home,
    api: &CoordinatorApi,
    query: &Envelope,
) -> Result<DocumentId, ClientError> {
    let id = query.id();
    write_atomic(&path_of(home, id), &query.to_json())?;
    fault::point("client.signed");
    api.submit(query).await?;
    fault::point("client.submitted");
    Ok(id)
}

/// Sends a kept query again, if this home signed it; others' queries are theirs to send.
pub async fn send_again(
    home: &Home,
    api: &CoordinatorApi,
    id: DocumentId,
) -> Result<(), ClientError> {
    if let Some(query) = kept(home, id)? {
        api.submit(&query).await?;
    }
    Ok(())
}

/// All kept queries, newest first.
pub fn all(home: &Home) -> Result<Vec<(DocumentId, Query)>, ClientError> {
    let dir = home.path("queries");
    let mut queries = Vec::new();
    for file in fs::read_dir(&dir).map_err(ClientError::file(&dir))? {
        let path = file.map_err(ClientError::file(&dir))?.path();
        if path.extension().is_some_and(|e| e == "json") {
            let envelope =
                Envelope::from_json(&fs::read(&path).map_err(ClientError::file(&path))?)?;
            queries.push((envelope.id(), envelope.parse_unverified::<Query>()?));
        }
    }
    queries.sort_by_key(|(_, query)| std::cmp::Reverse(query.created));
    Ok(queries)
}

fn kept(home: &Home, id: DocumentId) -> Result<Option<Envelope>, ClientError> {
    match fs::read(path_of(home, id)) {
        Ok(bytes) => Ok(Some(Envelope::from_json(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClientError::file(path_of(home, id))(error)),
    }
}

fn path_of(home: &Home, id: DocumentId) -> std::path::PathBuf {
    home.path("queries").join(format!("{id}.json"))
}
