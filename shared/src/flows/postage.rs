//! Rate limits of messages: budgets by cause, so that unauthenticated clients never use up an owner's.
//!
//! One recipient gets no more than `MAIL_RATE_LIMIT_RECIPIENT` says of what anybody asks for, and as much again of what an
//! account's owner asks for, who has proved a password or is logged in. `MAIL_RATE_LIMIT_TOTAL` has a part for each cause.

use super::visit::{Context, Decision, Visit, Visitor};
use crate::changes::{Dropped, LetterContent};
use crate::domain::account::Standing;
use crate::domain::account_id::AccountId;
use crate::domain::message::Recipient;
use crate::domain::rate::Rate;
use crate::settings::EmailVerification;
use crate::signing::Keys;
use crate::snapshot::Need;

const MAIL: &str = "mail";
const ALL_MAIL: &str = "all_mail";
/// The fewest counters that a part of a limit on all mail is spread over: one would be written with every mail there is, and
/// two mails at once would get in each other's way.
const FEWEST_COUNTERS: u64 = 16;
/// How many messages a counter counts where there are more counters: however much is sent, few write to one at once.
const OF_ONE_COUNTER: u64 = 256;

/// A part of the limit on all mail, by what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What anybody can trigger, for a recipient without an account: an address that only unverified sign-ups have is one.
    Nobody,
    /// What anybody can trigger, for an account.
    Accounts,
    /// What an owner asks for, to an address or a number that they have not proved to be theirs yet.
    Claimed,
    /// What an owner asks for.
    Owners,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Accounts => "accounts",
            Self::Claimed => "claimed",
            Self::Owners => "owners",
        }
    }

    /// How many eighths of the whole it has.
    const fn eighths(self) -> u64 {
        match self {
            Self::Nobody | Self::Owners => 2,
            Self::Accounts => 3,
            Self::Claimed => 1,
        }
    }

    /// How many counters the limits on all mail are spread over.
    fn counters(self, limits: &[Rate]) -> u64 {
        let smallest = limits.iter().map(|rate| u64::from(rate.amount)).min().unwrap_or_default();
        (smallest * self.eighths()).div_ceil(8 * OF_ONE_COUNTER).max(FEWEST_COUNTERS)
    }

    /// What each counter has of these limits.
    fn of_one_counter(self, limits: &[Rate]) -> Vec<Rate> {
        let counters = self.counters(limits);
        let amount = |rate: &Rate| (u64::from(rate.amount) * self.eighths()).div_ceil(8 * counters);
        let part = |rate: &Rate| Rate { amount: u32::try_from(amount(rate)).unwrap_or(u32::MAX), ..*rate };
        limits.iter().map(part).collect()
    }

    /// The counter of mail to this recipient: its key is unpredictable, so that no one else can use it up.
    fn key(self, limits: &[Rate], keys: &Keys, address: &str) -> String {
        format!("{}{}", self.name(), u64::from(keys.spread(address)) % self.counters(limits))
    }
}

/// What a message is counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Budget {
    /// The recipient's own counter.
    key: String,
    part: Part,
}

impl Visit<'_> {
    /// What decides whether a message is sent that anybody can trigger, to be read beforehand: the counters that it is
    /// counted with, the same whether or not the recipient has an account, and whether it is undeliverable.
    pub fn mail_counters(context: &Context<'_>, visitor: &Visitor, address: &str) -> Vec<Need> {
        let budgets = [Part::Nobody, Part::Accounts].map(|part| Budget { key: address.to_owned(), part });
        let counters = budgets.iter().flat_map(|budget| counters(context, visitor, address, budget));
        let mark = address.contains('@').then(|| Need::Undeliverable(address.to_owned()));
        counters.chain(mark).collect()
    }

    /// The counters that a message to an address or number is counted with which an owner adds, to be read beforehand.
    pub fn added_counters(context: &Context<'_>, visitor: &Visitor, address: &str) -> Vec<Need> {
        counters(context, visitor, address, &Budget { key: added(address), part: Part::Claimed })
    }

    /// Reads the counters of a message, so that it costs as much if none is sent.
    pub(super) fn prepare(&self, to: &Recipient, asker: Option<&AccountId>) -> Decision<()> {
        let address = to.address();
        if let Some(account) = asker {
            let budget = self.budget_of(account, to)?;
            return self.require(counters(&self.context, self.visitor, address, &budget));
        }
        let mut needs = Self::mail_counters(&self.context, self.visitor, address);
        needs.push(Need::Owners(to.clone()));
        self.require(needs)
    }

    /// Sends a message that anybody can trigger, unless the recipient or the service as a whole was sent too many, or the
    /// recipient is undeliverable.
    pub fn send(&mut self, to: Recipient, content: LetterContent) -> Decision<()> {
        self.send_for(None, to, content)
    }

    /// Sends a message on behalf of this account's owner, where the client has proved a password or is authenticated.
    pub fn send_for(
        &mut self,
        asker: Option<&AccountId>,
        to: Recipient,
        content: LetterContent,
    ) -> Decision<()> {
        self.prepare(&to, asker)?;
        let budget = match asker {
            Some(account) => self.budget_of(account, &to)?,
            None => self.budget_for_anybody(&to)?,
        };
        let withheld = match to.email() {
            Some(email) if asker.is_none() => self.is_undeliverable(email)?,
            _ => false,
        };
        let limits = &self.settings().mail;
        let part = budget.part.of_one_counter(&limits.in_all);
        let key = budget.part.key(&limits.in_all, self.context.keys, to.address());
        if !self.consume_rates(MAIL, &limits.per_recipient, &budget.key)? {
            self.drop_letter(Dropped { by_recipient: 1, in_all: 0 });
        } else if self.consume_rates(ALL_MAIL, &part, &key)? {
            if withheld { self.withhold(to, content) } else { self.send_anyway(to, content) }
        } else {
            self.drop_letter(Dropped { by_recipient: 0, in_all: 1 });
        }
        Ok(())
    }

    /// This account, where the client has proved to be its owner; none at a sign-up, which proves nothing.
    pub(super) fn asker<'i>(&self, account: &'i AccountId) -> Option<&'i AccountId> {
        let proved = self.is_user(account) || !self.session().records_of(account).is_empty();
        (proved && self.is_kept(account)).then_some(account)
    }

    fn budget_for_anybody(&self, to: &Recipient) -> Decision<Budget> {
        let mandatory = self.settings().account.email_verification == EmailVerification::Mandatory;
        let has_account = match to {
            Recipient::Email(_) => {
                let reached = self.owners(to)?.reached(mandatory);
                let is_real = |standing| !mandatory || standing == Standing::Verified;
                reached.into_iter().any(|owner| owner.active && is_real(owner.standing))
            }
            Recipient::Phone(_) => !self.reached_by(to)?.is_empty(),
        };
        let part = if has_account { Part::Accounts } else { Part::Nobody };
        Ok(Budget { key: to.address().to_owned(), part })
    }

    /// Another account's owner can't use it up, as its key has both; nor can they have more sent to an address that they add
    /// than all accounts together may.
    fn budget_of(&self, account: &AccountId, to: &Recipient) -> Decision<Budget> {
        let (verified, own) = match (self.account(account)?, to) {
            (Some(account), Recipient::Email(email)) => {
                let first = !account.has_verified(None) && account.primary_email() == Some(email);
                (account.has_verified(Some(email)), first)
            }
            (Some(account), Recipient::Phone(number)) => {
                let phone = account.phone.as_ref().filter(|phone| phone.number == *number);
                (phone.is_some_and(|phone| phone.verified), phone.is_some())
            }
            (None, _) => (false, false),
        };
        let part = if verified { Part::Owners } else { Part::Claimed };
        let address = to.address();
        let key = if verified || own { format!("{}\0{address}", account.as_str()) } else { added(address) };
        Ok(Budget { key, part })
    }
}

/// What is counted of an address or number that accounts add. Nothing that messages go to has a NUL in it.
fn added(address: &str) -> String {
    format!("\0{address}")
}

fn counters(context: &Context<'_>, visitor: &Visitor, address: &str, budget: &Budget) -> Vec<Need> {
    let (settings, limits) = (context.settings, &context.settings.mail);
    let part = budget.part.of_one_counter(&limits.in_all);
    let key = budget.part.key(&limits.in_all, context.keys, address);
    let mut needs = Visit::counters_of(settings, MAIL, &limits.per_recipient, visitor, None, &budget.key);
    needs.extend(Visit::counters_of(settings, ALL_MAIL, &part, visitor, None, &key));
    needs
}

#[cfg(test)]
mod tests {
    use super::super::password_reset;
    use super::super::stages::login_by_code;
    use super::super::testing::{EMAIL, World};
    use super::*;

    const CODE_AFTER_PASSWORD: [(&str, &str); 2] =
        [("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"), ("ACCOUNT_LOGIN_BY_CODE_REQUIRED", "true")];

    fn ask(world: &mut World, email: &str) -> usize {
        let before = world.letters.len();
        world
            .visit(|visit| {
                password_reset::request(visit, email, &password_reset::find_accounts(visit, email)?)
            })
            .unwrap();
        world
            .visit(|visit| {
                let to = Recipient::Email(email.into());
                let account = visit.owners(&to)?.reached(true).first().map(|it| it.account.clone());
                login_by_code::request(visit, account, to)
            })
            .unwrap();
        world.letters.len() - before
    }

    #[test]
    fn strangers_use_up_nothing_of_the_owners() {
        let mut world =
            World::new(&[&CODE_AFTER_PASSWORD[..], &[("MAIL_RATE_LIMIT_RECIPIENT", "4/h")]].concat());
        world.add(true, None);
        for expected in [2, 2, 0, 0] {
            assert_eq!(ask(&mut world, EMAIL), expected);
        }
        for expected in [1, 1, 1, 1, 0] {
            world.forget_session();
            let before = world.letters.len();
            world.log_in();
            assert_eq!(world.letters.len() - before, expected);
        }
    }

    #[test]
    fn mail_to_nobody_uses_up_nothing_of_the_accounts() {
        for rates in ["16/h", "16/h/key"] {
            let mut world =
                World::new(&[&CODE_AFTER_PASSWORD[..], &[("MAIL_RATE_LIMIT_TOTAL", rates)]].concat());
            world.add(true, None);
            let sent: usize = (0..200)
                .map(|number| {
                    // Each from elsewhere: all clients count together.
                    world.ip = format!("192.0.2.{number}");
                    ask(&mut world, &format!("nobody{number}@example.com"))
                })
                .sum();
            assert_eq!(sent, 16, "one for each of the counters, {rates}");
            assert_eq!(ask(&mut world, EMAIL), 1, "what is left to accounts");
            let before = world.letters.len();
            world.forget_session();
            world.log_in();
            assert_eq!(world.letters.len() - before, 1, "what is left to owners");
        }
    }

    #[test]
    fn the_parts_are_the_whole() {
        for amount in [128, 12_800, 1_024_000] {
            let per = crate::domain::rate::Per::Key;
            let rate = |amount| Rate { amount, duration: std::time::Duration::from_secs(60), per };
            // A larger one beside it does not let more through.
            let limits = [rate(amount), rate(amount * 10)];
            let parts = [Part::Nobody, Part::Accounts, Part::Claimed, Part::Owners];
            for (at, limit) in limits.iter().enumerate() {
                let of =
                    |part: Part| u64::from(part.of_one_counter(&limits)[at].amount) * part.counters(&limits);
                let rounded = parts.map(|part| part.counters(&limits)).iter().sum::<u64>();
                let (whole, sum) = (u64::from(limit.amount), parts.map(of).iter().sum::<u64>());
                assert!((whole..whole + rounded).contains(&sum), "{sum} of {whole}");
            }
            assert!(
                parts.iter().all(|part| u64::from(part.of_one_counter(&limits)[0].amount) <= OF_ONE_COUNTER)
            );
        }
    }
}
