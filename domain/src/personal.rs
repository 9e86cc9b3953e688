//! A wrapper that keeps personal data out of logs.

/// The name that replaces the name of an erased user.
pub const ERASED_NAME: &str = "Erased";

/// A value that is only accessible with [`Personal::expose`]. It has no `Display`, cannot be serialised, and its
/// `Debug` prints nothing of it:
///
/// ```compile_fail
/// let address = amana_domain::personal::Personal::new("amina@example.com");
/// println!("{address}");
/// ```
///
/// [`Msisdn`](crate::phone::Msisdn) and [`Contact`](crate::contact::Contact) mask themselves and need no wrapper.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }

    #[must_use]
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> std::fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Personal")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "it is only printed")]
    struct Person {
        email: Personal<String>,
        keys: Option<Personal<[u8; 2]>>,
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let email = Personal::new("amina@example.com".to_owned());
        let person = Person { email: email.clone(), keys: Some(Personal::new([77, 78])) };
        for shown in [
            format!("{email:?}"),
            format!("{email:#?}"),
            format!("{:?}", vec![Some(email.clone())]),
            format!("{person:?}"),
            format!("{person:#?}"),
        ] {
            for part in ["amina", "example", "@", "17", "77", "78"] {
                assert!(!shown.contains(part), "{shown}");
            }
        }
    }

    #[test]
    fn it_is_exposed_to_whoever_asks() {
        let email = Personal::new("amina@example.com".to_owned());
        assert_eq!(email.expose(), "amina@example.com");
        assert_eq!(email.clone(), email);
        assert_eq!(email.into_exposed(), "amina@example.com");
    }
}
