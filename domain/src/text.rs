//! Enums with a stable text for each value, used in SQL, JSON and job payloads.

use thiserror::Error;

#[doc(hidden)]
pub use {schemars, serde};

/// The text is not a value of the enum.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a known {what}")]
pub struct UnknownText {
    pub what: &'static str,
    pub text: String,
}

/// Declares a fieldless enum with the text of each value.
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident as $what:literal {
        $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// All values, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::UnknownText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err($crate::text::UnknownText { what: $what, text: text.to_owned() }),
                }
            }
        }

        impl $crate::text::serde::Serialize for $name {
            fn serialize<S: $crate::text::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::text::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::text::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err($crate::text::serde::de::Error::custom)
            }
        }

        impl $crate::text::schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut $crate::text::schemars::SchemaGenerator) -> $crate::text::schemars::Schema {
                let texts: Vec<&str> = $name::ALL.iter().map(|value| value.as_str()).collect();
                $crate::text::schemars::json_schema!({ "type": "string", "enum": texts })
            }
        }
    };
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro declares what its callers export")]
mod tests {
    crate::text_enum! {
        enum Fruit as "fruit" { Mango = "mango", Pawpaw = "pawpaw", }
    }

    #[test]
    fn text_reads_back_and_strangers_are_refused() {
        for fruit in Fruit::ALL {
            assert_eq!(fruit.to_string().parse::<Fruit>(), Ok(*fruit));
        }
        assert_eq!("kiwi".parse::<Fruit>().unwrap_err().to_string(), "`kiwi` is not a known fruit");
    }
}
