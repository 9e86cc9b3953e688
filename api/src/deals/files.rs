//! Files of a deal: upload, and links for reading.

use crate::context::Context;
use crate::disputes::{FileAnswer, added};
use crate::kyc::FoundLink;
use crate::once::{Made, keyed, unless_used};
use crate::principal::{DealsRead, DealsWrite, Principal};
use crate::problem::ApiError;
use crate::upload::{self, Upload};
use crate::wire::{Key, Wire};
use amana_domain::id::{DealId, DocumentId};
use amana_postgres::FilePlace;
use poem_openapi::payload::Json;
use std::sync::Arc;

pub(crate) async fn add(
    context: &Arc<Context>,
    (caller, key, operation): (&Principal<DealsWrite>, Wire<Key>, &'static str),
    (deal, place): (DealId, FilePlace),
    file: Upload,
) -> Result<Made<FileAnswer>, ApiError> {
    let user = caller.user();
    // Permission is checked before the upload is read.
    let check = async { Ok(context.store.may_add_deal_file(user, (deal, place)).await?) };
    unless_used(context, (user, &key), check).await?;
    let document = upload::keep(context, user, file).await?;
    let place_id = match place {
        FilePlace::Evidence(id) => id.to_string(),
        FilePlace::Delivery(id) => id.to_string(),
    };
    let said = format!("{deal} {place_id} {}", hex::encode(document.sha256));
    let (kept, keyed) = (document.id, keyed(caller, key, operation, &said));
    let made = context
        .write(async move |store, now| {
            store.add_deal_file(&keyed, (deal, place), &document, added, now).await
        })
        .await;
    Ok(upload::recorded(context, kept, made).await?.into())
}

pub(crate) async fn link(
    context: &Context,
    caller: &Principal<DealsRead>,
    at: (DealId, FilePlace),
    document: DocumentId,
) -> Result<FoundLink, ApiError> {
    let document = context.store.deal_file(caller.user(), at, document).await?;
    Ok(FoundLink::Link(Json(context.links.make(document, caller, context.now()))))
}
