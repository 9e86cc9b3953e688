//! Declares the kinds of one area: the enum, the name of each kind, and its audience.

/// Declares an enum of events. Each variant has a stable kind and an audience, and its fields are the event's data.
macro_rules! event_kinds {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$vmeta:meta])* $variant:ident = $kind:literal for $audience:ident {
            $($(#[$fmeta:meta])* $field:ident: $type:ty,)*
        })+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(tag = "kind", content = "data")]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $kind)] $variant { $($(#[$fmeta])* $field: $type,)* },)+
        }

        impl $name {
            /// Every kind of the area, in the order of declaration.
            pub const KINDS: &'static [&'static str] = &[$($kind,)+];

            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $kind,)+ }
            }

            #[must_use]
            pub const fn audience(&self) -> $crate::event::Audience {
                match self { $(Self::$variant { .. } => $crate::event::Audience::$audience,)+ }
            }
        }
    };
}

pub(super) use event_kinds;
