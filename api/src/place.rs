//! Approximate location of IP addresses, from a local file, so that no address is sent to a third party.

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

const CHARS_MAX: usize = 120;

#[derive(Debug, Error)]
#[error("the GeoIP file cannot be read")]
pub struct PlacesError(#[from] MaxMindDbError);

/// GeoIP database. Without a file, no location is known.
#[derive(Clone, Default)]
pub struct Places(Option<Arc<Reader<Vec<u8>>>>);

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Places").field(&self.0.is_some()).finish()
    }
}

/// The fields read from a record of a city or country file.
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
    /// Opens a MaxMind file with cities or countries.
    ///
    /// # Errors
    /// [`PlacesError`] if the file is missing or has another format.
    pub fn open(file: &Path) -> Result<Self, PlacesError> {
        Ok(Self(Some(Arc::new(Reader::open_readfile(file)?))))
    }

    /// Returns city and country, such as `Nairobi, KE`, or the country alone.
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
