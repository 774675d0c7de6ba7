//! Medians and quartiles, and the ratio of two columns that took turns.

/// The three quartiles of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter of the figures is below.
    pub lower: f64,
    /// Half of the figures is below.
    pub median: f64,
    /// A quarter of the figures is above.
    pub upper: f64,
}

impl Quartiles {
    /// Of nothing there are none. Between two figures it interpolates.
    #[must_use]
    pub fn of(figures: &[f64]) -> Option<Self> {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * (sorted.len() - 1) as f64;
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        if sorted.is_empty() {
            return None;
        }
        Some(Self { lower: at(0.25), median: at(0.5), upper: at(0.75) })
    }

    /// Of the ratio of two columns, round by round.
    ///
    /// The batches of one round lie close together in time, so what disturbs the machine for longer
    /// than a round cancels out.
    #[must_use]
    pub fn of_ratio(above: &[f64], below: &[f64]) -> Option<Self> {
        let ratios: Vec<_> = above.iter().zip(below).map(|(above, below)| above / below).collect();
        Self::of(&ratios)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_interpolate() {
        let quartiles = Quartiles::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(quartiles, Quartiles { lower: 1.75, median: 2.5, upper: 3.25 });
    }

    #[test]
    fn one_figure_is_its_own_quartiles() {
        assert_eq!(Quartiles::of(&[7.0]), Some(Quartiles { lower: 7.0, median: 7.0, upper: 7.0 }));
        assert_eq!(Quartiles::of(&[]), None);
    }

    #[test]
    fn a_disturbance_of_a_whole_round_does_not_change_the_ratio() {
        let ratio = Quartiles::of_ratio(&[1.0, 50.0, 1.0], &[2.0, 100.0, 2.0]).unwrap();
        assert_eq!(ratio, Quartiles { lower: 0.5, median: 0.5, upper: 0.5 });
    }
}
