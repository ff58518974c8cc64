//! CPU time of this process, and rounds that take what is measured in turn.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time that the process has taken so far, all threads together.
#[must_use]
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The times of several rounds.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Measures `work`, whose result is given back.
    pub fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = cpu_time();
        let result = work();
        self.0.push(cpu_time().saturating_sub(start));
        result
    }

    /// How far the extremes are apart, as a part of the median.
    #[must_use]
    pub fn spread(&self) -> f64 {
        (self.max_ms() - self.min_ms()) / self.median_ms()
    }

    /// Times as given, for tests.
    #[cfg(test)]
    pub fn of_ms(times: &[u64]) -> Self {
        Self(times.iter().map(|&ms| Duration::from_millis(ms)).collect())
    }

    fn sorted_ms(&self) -> Vec<f64> {
        let mut times: Vec<f64> = self.0.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        times
    }

    #[must_use]
    pub fn min_ms(&self) -> f64 {
        self.sorted_ms().first().copied().unwrap_or(f64::NAN)
    }

    #[must_use]
    pub fn max_ms(&self) -> f64 {
        self.sorted_ms().last().copied().unwrap_or(f64::NAN)
    }

    /// Of an even number of rounds, the mean of the two in the middle.
    #[must_use]
    pub fn median_ms(&self) -> f64 {
        let times = self.sorted_ms();
        match times.len() {
            0 => f64::NAN,
            len if len % 2 == 1 => times[len / 2],
            len => f64::midpoint(times[len / 2 - 1], times[len / 2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_numbers_of_rounds() {
        let times = Times::of_ms;
        assert_eq!(times(&[5, 1, 3]).median_ms(), 3.0);
        assert_eq!(times(&[4, 1, 2, 9]).median_ms(), 3.0);
        assert!(times(&[]).median_ms().is_nan());
        assert_eq!((times(&[4, 1]).min_ms(), times(&[4, 1]).max_ms()), (1.0, 4.0));
    }

    #[test]
    fn work_takes_time() {
        let mut times = Times::default();
        let sum = times.measure(|| (0..3_000_000_u64).map(std::hint::black_box).sum::<u64>());
        assert_eq!(sum, 4_499_998_500_000);
        assert!(times.median_ms() > 0.0);
    }
}
