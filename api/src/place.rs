//! Roughly where an address is, by a file that lies here: nobody is asked, and no address leaves.

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

const CHARS_MAX: usize = 120;

#[derive(Debug, Error)]
#[error("the file of places cannot be read")]
pub struct PlacesError(#[from] MaxMindDbError);

/// What the file knows of networks. Without a file nothing is known of any.
#[derive(Clone, Default)]
pub struct Places(Option<Arc<Reader<Vec<u8>>>>);

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Places").field(&self.0.is_some()).finish()
    }
}

/// As much as we read of a record of a city or country file.
#[derive(Deserialize)]
struct Record {
    country: Option<Country>,
    city: Option<City>,
}

#[derive(Deserialize)]
struct Country {
    iso_code: Option<String>,
}

#[derive(Deserialize)]
struct City {
    names: Option<Names>,
}

#[derive(Deserialize)]
struct Names {
    en: Option<String>,
}

impl Places {
    /// Reads a file in the format of MaxMind, with cities or with countries only.
    ///
    /// # Errors
    /// [`PlacesError`] if there is none, or it is of another format.
    pub fn open(file: &Path) -> Result<Self, PlacesError> {
        Ok(Self(Some(Arc::new(Reader::open_readfile(file)?))))
    }

    /// City and country, or the country alone: `Nairobi, KE`.
    pub(crate) fn of(&self, address: IpAddr) -> Option<String> {
        let found = self.0.as_ref()?.lookup(address).and_then(|found| found.decode::<Record>());
        let record = found.unwrap_or_else(|error| {
            tracing::warn!("a place could not be looked up: {error}");
            None
        })?;
        let city = record.city.and_then(|city| city.names).and_then(|names| names.en);
        let country = record.country.and_then(|country| country.iso_code);
        let known: Vec<String> = city.into_iter().chain(country).collect();
        let place: String = known.join(", ").chars().take(CHARS_MAX).collect();
        (!place.is_empty()).then_some(place)
    }
}
