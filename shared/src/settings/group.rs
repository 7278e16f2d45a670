//! How settings are declared: the `group!` macro, and what it says of each setting.
//!
//! One declaration makes the field, its documentation, the reading of its value, its line in
//! `docs/settings.md` and its place among the known names.

use super::source::Source;

/// Settings that belong together: the fields of one struct, and the groups in it.
pub(super) struct About {
    /// The heading in the documentation.
    pub title: &'static str,
    /// What they are for, line by line.
    pub text: &'static [&'static str],
    /// Each one, in order.
    pub settings: &'static [Setting],
    /// The groups in this one.
    pub inner: &'static [&'static About],
}

impl About {
    /// This group and all in it, depth first.
    pub fn walk(&'static self, visit: &mut dyn FnMut(&'static About)) {
        visit(self);
        for inner in self.inner {
            inner.walk(visit);
        }
    }

    /// The setting of that name.
    pub fn find(&'static self, name: &str) -> Option<&'static Setting> {
        let mut found = None;
        self.walk(&mut |group| {
            found = found.or_else(|| group.settings.iter().find(|setting| setting.name == name));
        });
        found
    }
}

/// What is known of one setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// What its value must be.
    pub expects: &'static str,
    /// Its value where none is given.
    pub default: Default,
    /// Its meaning, line by line.
    pub text: &'static [&'static str],
    /// Other names it may have.
    pub aliases: &'static [&'static str],
    /// Whether its value must not be shown.
    pub secret: bool,
    /// Whether an empty value is a value, and not the same as none.
    pub keeps_empty: bool,
}

/// The value of a setting that is not given, written as it would be in the environment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Default {
    /// This one.
    Is(&'static str),
    /// The value of another setting.
    Of(&'static str),
    /// This one for a start; what the whole then makes of it is told in words.
    Computed(&'static str, &'static str),
}

/// A struct whose fields are settings.
pub(super) trait Group: Sized {
    /// What it declares.
    const ABOUT: About;

    /// Reads every field. What is wrong is kept in the source.
    fn read(source: &mut Source) -> Option<Self>;
}

/// Declares a struct of settings:
///
/// ```text
/// group! {
///     /// What the group is for.
///     Name, "Heading" {
///         /// What the setting means.
///         field: type = KIND, "NAME", Is("default"), also "OTHER_NAME";
///     }
///     holding {
///         /// Another group.
///         field: Group;
///     }
/// }
/// ```
macro_rules! group {
    (
        $(#[doc = $about:literal])+
        $visibility:vis $group:ident, $title:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty = $kind:expr, $name:literal, $default:expr $(, also $alias:literal)*;
            )*
        }
        $(holding {
            $(
                $(#[doc = $inner_doc:literal])+
                $inner:ident: $inner_type:ty;
            )*
        })?
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        #[allow(clippy::struct_excessive_bools, reason = "a setting is what it is")]
        $visibility struct $group {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\nSet by `", $name, "`.")]
                pub $field: $type,
            )*
            $($(
                $(#[doc = $inner_doc])+
                pub $inner: $inner_type,
            )*)?
        }

        impl $crate::settings::group::Group for $group {
            const ABOUT: $crate::settings::group::About = $crate::settings::group::About {
                title: $title,
                text: &[$($about),+],
                settings: &[$(
                    $crate::settings::group::Setting {
                        name: $name,
                        expects: $kind.expects,
                        default: $default,
                        text: &[$($doc),+],
                        aliases: &[$($alias),*],
                        secret: $kind.secret,
                        keeps_empty: $kind.keeps_empty,
                    },
                )*],
                inner: &[$($(&<$inner_type>::ABOUT),*)?],
            };

            fn read(source: &mut $crate::settings::source::Source) -> Option<Self> {
                // All of them first: every error is wanted, not only the first.
                let mut settings = Self::ABOUT.settings.iter();
                $(let $field: Option<$type> = source.read(settings.next()?, &$kind);)*
                $($(let $inner = <$inner_type>::read(source);)*)?
                Some(Self { $($field: $field?,)* $($($inner: $inner?,)*)? })
            }
        }
    };
}

pub(super) use group;
