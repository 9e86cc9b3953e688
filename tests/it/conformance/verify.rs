//! Identity verification in the conformance story.

use super::Observer;
use amana_harness::{PNG, Person};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Withdraws one application, rejects one and approves one.
pub(super) async fn verify(observer: &Observer, person: &Person, operator: &Person) {
    let (own, reviews) = ("/v1/kyc/applications", "/v1/operator/kyc/applications");
    for decision in ["withdraw", "reject", "approve"] {
        let begun = observer.post(person, own, json!({ "tier": "business" }), 201).await;
        let id = begun["id"].as_str().expect("an id");
        let path = format!("{own}/{id}");
        let mut documents = vec![];
        for kind in ["passport", "selfie", "selfie", "business_registration", "proof_of_address"] {
            let key = Uuid::new_v4().to_string();
            let added = observer.app.kyc_upload(person, id, (kind, &key), PNG.to_vec()).await;
            let added = observer.checked(&Method::POST, &format!("{path}/documents"), added);
            documents.push(added.expect(201)["id"].as_str().expect("an id").to_owned());
        }
        let document = format!("documents/{}", documents[1]);
        let link =
            observer.post(person, &format!("{path}/{document}/link"), Value::Null, 200).await;
        let url = link["url"].as_str().expect("a link");
        observer.call(None, Method::GET, url, Value::Null).await.expect(200);
        let removed = format!("{path}/{document}");
        observer.call(Some(person), Method::DELETE, &removed, Value::Null).await.expect(200);
        observer.post(person, &format!("{path}/submit"), Value::Null, 200).await;
        observer.get(operator, reviews).await;
        let review = format!("{reviews}/{id}");
        observer.get(operator, &review).await;
        let link = format!("{review}/documents/{}/link", documents[0]);
        observer.post(operator, &link, Value::Null, 200).await;
        let note = json!({ "note": "looked into" });
        match decision {
            "withdraw" => {
                observer.post(person, &format!("{path}/withdraw"), Value::Null, 200).await
            }
            "approve" => observer.post(operator, &format!("{review}/approve"), note, 200).await,
            _ => {
                let body = json!({ "note": "looked into", "reasons": ["expired", "unreadable"] });
                observer.post(operator, &format!("{review}/reject"), body, 200).await
            }
        };
        observer.get(person, &path).await;
    }
    observer.get(person, own).await;
}
