//! How settings are declared: the `group!` macro, and what it says of each setting.
//!
//! One declaration makes the field, its documentation, the reading of its value, its line in
//! `docs/settings.md` and its place among the known names.

use super::setting::About;
use super::source::Source;

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
///         field: type = KIND, "NAME", Is("default"), also "OTHER_NAME", of "Vestibule";
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
                $field:ident: $type:ty = $kind:expr, $name:literal, $default:expr $(, also $alias:literal)* $(, of $origin:literal)?;
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
            const ABOUT: $crate::settings::setting::About = $crate::settings::setting::About {
                title: $title,
                text: &[$($about),+],
                settings: &[$(
                    $crate::settings::setting::Setting {
                        name: $name,
                        expects: $kind.expects,
                        default: $default,
                        text: &[$($doc),+],
                        aliases: &[$($alias),*],
                        origin: &[$($origin)?],
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
