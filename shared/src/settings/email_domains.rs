//! Domains of email addresses, as `ACCOUNT_SIGNUP_DOMAINS` lists them.

use super::kind::{Kind, Wrong, list};
use crate::domain::email;

/// Domains of email addresses; none for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmailDomains(Vec<EmailDomain>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum EmailDomain {
    /// This domain, in canonical form.
    Exactly(String),
    /// Every subdomain of the domain that this ends with, after its dot.
    SubdomainsOf(String),
}

impl EmailDomains {
    /// Whether only some domains are listed.
    pub const fn is_restricted(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether an email address, in canonical form, is of one of the domains.
    pub fn has(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        let fits = |listed: &EmailDomain| match listed {
            EmailDomain::Exactly(name) => domain == name,
            EmailDomain::SubdomainsOf(suffix) => domain.ends_with(suffix),
        };
        !self.is_restricted() || self.0.iter().any(fits)
    }
}

pub(super) const EMAIL_DOMAINS: Kind<EmailDomains> =
    Kind::new("a list of domains such as example.com, or *.example.com for its subdomains", |raw| {
        let read = |text: String| {
            let (name, subdomains) = match text.strip_prefix("*.") {
                Some(name) => (name, true),
                None => (text.as_str(), false),
            };
            let name = email::canonical_domain(name).ok_or(Wrong::Shape)?;
            Ok(if subdomains {
                EmailDomain::SubdomainsOf(format!(".{name}"))
            } else {
                EmailDomain::Exactly(name)
            })
        };
        list(raw)?.into_iter().map(read).collect::<Result<_, _>>().map(EmailDomains)
    });

#[cfg(test)]
mod tests {
    use super::super::kind::Raw;
    use super::*;

    fn domains(text: &str) -> EmailDomains {
        (EMAIL_DOMAINS.read)(&Raw::of(text)).unwrap()
    }

    #[test]
    fn a_domain_is_itself_and_subdomains_are_listed_apart() {
        let listed = domains("Example.com, *.example.org, bücher.example");
        for (email, fits) in [
            ("ann@example.com", true),
            ("ann@mail.example.com", false),
            ("ann@badexample.com", false),
            ("ann@example.com.evil.test", false),
            ("\"@example.com\"@evil.test", false),
            ("ann@example.org", false),
            ("ann@mail.example.org", true),
            ("ann@a.b.example.org", true),
            ("ann@badexample.org", false),
            ("ann@xn--bcher-kva.example", true),
        ] {
            assert_eq!(listed.has(email), fits, "{email}");
        }
        assert!(domains("[]").has("ann@anything.test") && !domains("").is_restricted());
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for text in
            ["@example.com", ".example.com", "*", "*example.com", "a@example.com", "example.com/x", "[1]"]
        {
            assert!((EMAIL_DOMAINS.read)(&Raw::of(text)).is_err(), "{text}");
        }
    }
}
