//! Money that comes late, or after somebody said that it would not: it is never lost and never counted twice.

use amana_harness::{App, DealPlan, Person, eventually, failed_prompt};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;
