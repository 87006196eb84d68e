//! How much each segment of a programme is turned up or down.

use super::loudness::{ABSOLUTE_GATE_LUFS, integrated};

/// Most that one segment is moved against the others, dB. A voice recorded 20 dB too low would bring its
/// room and hiss along; 12 dB evens what differs between studios and telephones.
const MOST_SEGMENT_DB: f64 = 12.0;
/// Most that the whole programme is moved, dB.
const MOST_PROGRAMME_DB: f64 = 30.0;

/// The gain of each part in dB, from the energies of its tenths of a second.
///
/// First every segment goes toward the target by itself, so that a quiet voice is not lost beside loud
/// music; then one gain for all brings the programme's integrated loudness to the target exactly. Within
/// a segment nothing moves: its dynamics are the editor's.
pub(super) fn gains_db(parts: &[Vec<f32>], target_lufs: f64) -> Vec<f64> {
    let audible = |lufs: f64| lufs > ABSOLUTE_GATE_LUFS;
    let toward = |energies: &Vec<f32>| {
        let lufs = integrated(&[(energies, 0.0)]);
        if audible(lufs) { (target_lufs - lufs).clamp(-MOST_SEGMENT_DB, MOST_SEGMENT_DB) } else { 0.0 }
    };
    let mut gains: Vec<f64> = parts.iter().map(toward).collect();
    // The absolute gate does not move with the gain: the second round is for quiet passages that it let in.
    for _ in 0..2 {
        let levelled: Vec<(&[f32], f64)> =
            parts.iter().map(Vec::as_slice).zip(gains.iter().copied()).collect();
        let lufs = integrated(&levelled);
        if audible(lufs) {
            let all = (target_lufs - lufs).clamp(-MOST_PROGRAMME_DB, MOST_PROGRAMME_DB);
            for gain in &mut gains {
                *gain += all;
            }
        }
    }
    gains
}

#[cfg(test)]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "small test signals, compared exactly where they must be equal"
)]
mod tests {
    use super::*;

    fn at(lufs: f64, tenths: usize) -> Vec<f32> {
        vec![10f64.powf((lufs + 0.691) / 10.0) as f32; tenths]
    }

    #[test]
    fn a_programme_reaches_the_target_and_its_parts_come_near_each_other() {
        let check = |levels: &[f64], expected: &[f64]| {
            let parts: Vec<Vec<f32>> = levels.iter().map(|lufs| at(*lufs, 100)).collect();
            let gains = gains_db(&parts, -16.0);
            for (gain, expected) in gains.iter().zip(expected) {
                assert!((gain - expected).abs() < 0.1, "{gains:?} {expected:?}");
            }
            let levelled: Vec<(&[f32], f64)> = parts.iter().map(Vec::as_slice).zip(gains).collect();
            let lufs = integrated(&levelled);
            assert!(!lufs.is_finite() || (lufs + 16.0).abs() < 0.01, "{lufs}");
        };
        check(&[-23.0], &[7.0]);
        check(&[-23.0, -9.0, -20.0], &[7.0, -7.0, 4.0]);
        // One voice beyond the limit alone is moved by the programme's gain all the same.
        check(&[-36.0], &[20.0]);
        check(&[f64::NEG_INFINITY], &[0.0]);
        check(&[-16.0, f64::NEG_INFINITY], &[0.0, 0.0]);
        check(&[], &[]);
    }
}
