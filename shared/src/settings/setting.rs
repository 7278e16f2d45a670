//! What is known of each setting, for the documentation and the reading alike.

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

    /// The setting that has that name, or has it as an alias.
    pub fn find(&'static self, name: &str) -> Option<&'static Setting> {
        let mut found = None;
        self.walk(&mut |group| {
            found = found
                .or_else(|| group.settings.iter().find(|setting| setting.names().any(|its| its == name)));
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
    /// The project that its name comes from; none for the names of allauth and Django.
    pub origin: &'static [&'static str],
    /// Whether its value must not be shown.
    pub secret: bool,
    /// Whether an empty value is a value, and not the same as none.
    pub keeps_empty: bool,
}

impl Setting {
    /// All its names, its own first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
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
