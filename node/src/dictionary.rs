//! Which dictionary does this node use? The shipped one, unless the registry put another into the data folder.

use question::dictionary::{Dictionary, SHIPPED_CSV};

use crate::data_dir::DataDir;
use crate::error::NodeError;
use crate::store::schema;

/// The dictionary's own text.
pub fn text(data: &DataDir) -> Result<String, NodeError> {
    let path = data.dictionary();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(SHIPPED_CSV.to_owned()),
        Err(error) => Err(NodeError::file("read", &path, error)),
    }
}

/// The dictionary, checked.
pub fn load(data: &DataDir) -> Result<Dictionary, NodeError> {
    let dictionary = Dictionary::parse(&text(data)?).map_err(|error| {
        NodeError::Dictionary(format!("{error}. correct {}", data.dictionary().display()))
    })?;
    schema::check(&dictionary)?;
    Ok(dictionary)
}
