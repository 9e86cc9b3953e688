//! The output: plain lines, and one `BENCH` line per figure.

/// Prints a figure and its peer. `meaning` names the unit and which direction is better.
pub fn figure(name: &str, ours: f64, peer: f64, meaning: &str) {
    println!("# {name}: {meaning}");
    println!("BENCH {name} ours={ours:.2} peer={peer:.2} ratio={:.2}", ours / peer);
}

pub fn say(text: impl std::fmt::Display) {
    println!("  {text}");
}

/// Returns the value that is at least as large as `share` (0 to 1) of the sorted values.
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
