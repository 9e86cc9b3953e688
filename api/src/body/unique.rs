//! JSON without duplicate members. Parsers disagree about duplicates, so a checked value and the used one could differ.

use super::push_segment;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// The reason why a body cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    NotJson(serde_json::Error),
    /// The JSON pointer of the duplicate member.
    Twice(String),
}

/// Reads one JSON value.
///
/// # Errors
/// [`Unreadable`].
pub(super) fn read(bytes: &[u8]) -> Result<Value, Unreadable> {
    let twice = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = Node { at: String::new(), twice: &twice }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| match twice.into_inner() {
        Some(pointer) => Unreadable::Twice(pointer),
        None => Unreadable::NotJson(error),
    })
}

/// A value at a place of the document.
struct Node<'a> {
    at: String,
    twice: &'a RefCell<Option<String>>,
}

impl Node<'_> {
    fn child(&self, segment: &str) -> Self {
        let mut at = self.at.clone();
        push_segment(&mut at, segment);
        Self { at, twice: self.twice }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = vec![];
        while let Some(item) = items.next_element_seed(self.child(&list.len().to_string()))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let node = self.child(&name);
            if object.contains_key(&name) {
                *self.twice.borrow_mut() = Some(node.at);
                return Err(A::Error::custom("duplicate member"));
            }
            object.insert(name, members.next_value_seed(node)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_named_twice_is_found_at_any_depth() {
        for (body, pointer) in [
            (r#"{"a":1,"a":1}"#, "/a"),
            (r#"{"to":{"b":1},"amount":{"amount":1,"amount":7}}"#, "/amount/amount"),
            (r#"[{"x":[0,{"y/z":1,"y/z":2}]}]"#, "/0/x/1/y~1z"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
        ] {
            let found = match read(body.as_bytes()) {
                Err(Unreadable::Twice(pointer)) => pointer,
                other => panic!("{body}: {other:?}"),
            };
            assert_eq!(found, pointer, "{body}");
        }
    }

    #[test]
    fn other_json_reads_as_before() {
        for body in [
            r#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#,
            r#"[null,true,-1,18446744073709551615,1.5,1e300,"text",{}]"#,
            "5",
        ] {
            let expected: Value = serde_json::from_str(body).unwrap();
            assert_eq!(read(body.as_bytes()).unwrap(), expected, "{body}");
        }
        for body in ["", "{", "{}{}", "\"\\ud800\"", "1e999", "NaN"] {
            assert!(matches!(read(body.as_bytes()), Err(Unreadable::NotJson(_))), "{body}");
        }
        assert!(matches!(read("[".repeat(60_000).as_bytes()), Err(Unreadable::NotJson(_))));
    }
}
