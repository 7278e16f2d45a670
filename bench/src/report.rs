//! What was measured, as ratios, and which aims were missed.

/// Samples of one thing, taken in turns with those of what it is compared with.
#[derive(Default)]
pub struct Samples(Vec<f64>);

/// How many times as much as its floor something takes.
pub struct Ratio {
    median: f64,
    /// The middle half of the ratios of single turns.
    quartiles: [f64; 2],
}

impl Samples {
    pub fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    pub fn median(&self) -> f64 {
        quantile(self.0.clone(), 0.5)
    }

    pub fn over(&self, floor: &Self) -> Ratio {
        let pairs: Vec<f64> = self.0.iter().zip(&floor.0).map(|(sample, floor)| sample / floor).collect();
        Ratio {
            median: rounded(self.median() / floor.median()),
            quartiles: [0.25, 0.75].map(|at| quantile(pairs.clone(), at)),
        }
    }
}

fn quantile(mut samples: Vec<f64>, at: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index between 0 and the number of samples"
    )]
    let index = (samples.len().saturating_sub(1) as f64 * at).round() as usize;
    samples.get(index).copied().unwrap_or(f64::NAN)
}

/// As printed, so that nothing is missed by less than one sees.
fn rounded(ratio: f64) -> f64 {
    (ratio * 100.0).round() / 100.0
}

/// What is printed, and what is remembered of it.
#[derive(Default)]
pub struct Report {
    missed: Vec<String>,
}

impl Report {
    pub fn heading(text: &str) {
        println!("\n{text}");
    }

    /// A ratio, and the most that it should be.
    pub fn ratio(&mut self, name: &str, ratio: &Ratio, most: Option<f64>, note: &str) {
        let Ratio { median, quartiles: [low, high] } = ratio;
        let aim = most.map(|most| format!("aim ≤ {most}")).unwrap_or_default();
        println!("  {name:<10}{median:>7.2}   {low:.2}–{high:.2}   {aim:<11} {note}");
        if most.is_some_and(|most| *median > most || median.is_nan()) {
            self.missed.push(format!("{name}: {median:.2}, {aim}"));
        }
    }

    /// Sizes in bytes, and the most that the zip should be.
    pub fn size(&mut self, name: &str, binary: usize, zip: usize, most: usize) {
        println!("  {name:<10}{:>7}   {:>7}", megabytes(binary), megabytes(zip));
        if zip > most {
            self.missed.push(format!("{name}: zip of {} MB, aim ≤ {} MB", megabytes(zip), megabytes(most)));
        }
    }

    /// Says what missed its aim; false if something did.
    pub fn finish(self) -> bool {
        if self.missed.is_empty() {
            println!("\nEverything is as it should be.");
        } else {
            println!("\nMissed:\n  {}", self.missed.join("\n  "));
        }
        self.missed.is_empty()
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn megabytes(bytes: usize) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        Samples(values.to_vec())
    }

    #[test]
    fn ratios_are_those_of_medians() {
        let ratio = samples(&[30.0, 2.0, 3.0]).over(&samples(&[1.0, 2.0, 90.0]));
        assert!((ratio.median - 1.5).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_over_its_aim_is_missed_and_what_is_at_it_is_not() {
        let ratio = samples(&[1.2]).over(&samples(&[1.0]));
        let mut report = Report::default();
        report.ratio("at", &ratio, Some(1.2), "");
        report.ratio("without", &ratio, None, "");
        report.size("at", 10, 4, 4);
        assert!(report.missed.is_empty());
        report.ratio("over", &ratio, Some(1.1), "");
        report.size("over", 10, 5, 4);
        assert_eq!(report.missed.len(), 2);
        assert!(!report.finish());
    }

    #[test]
    fn no_samples_are_a_miss() {
        let mut report = Report::default();
        report.ratio("none", &samples(&[]).over(&samples(&[])), Some(1.0), "");
        assert!(!report.finish());
    }
}
