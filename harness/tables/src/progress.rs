//! Progress of long work: a bar on a terminal; elsewhere a line on standard error every ten seconds.
//!
//! A log, a pipe or a batch system shows no bar, and a program that says nothing for minutes looks as if it hung.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// Time between two lines; a reader should not wait longer than 15 s.
const EVERY: Duration = Duration::from_secs(10);
/// Steps between two looks at the loss, which waits for the device.
const LOOK: u64 = 50;

/// Counts steps, and says how far they are.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    steps: AtomicU64,
    lines: Option<(Sender<()>, JoinHandle<()>)>, // dropping the sender ends the thread
}

impl Progress {
    /// For work of this name; `quiet` says nothing.
    ///
    /// # Errors
    /// None that a user can cause: the bar's template is ours.
    pub fn new(name: &str, quiet: bool) -> Result<Progress> {
        let terminal = stderr().is_terminal();
        let bar = if quiet || !terminal { ProgressBar::hidden() } else { ProgressBar::new(0) };
        bar.set_length(0);
        bar.set_style(ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len} steps, {msg}, {eta} left")?);
        bar.set_prefix(name.to_owned());
        let lines = (!quiet && !terminal).then(|| write_lines(bar.clone(), EVERY, stderr()));
        Ok(Progress { bar, steps: AtomicU64::new(0), lines })
    }

    /// So many more steps are to be done.
    pub fn plan(&self, steps: usize) {
        self.bar.inc_length(steps as u64);
    }

    /// A step was done; `loss` is asked for now and then.
    pub fn step(&self, loss: impl FnOnce() -> f64) {
        if self.steps.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK) {
            self.bar.set_message(format!("loss {:.3}", loss()));
        }
        self.bar.inc(1);
    }

    /// All is done: the bar goes, and no line comes any more.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.lines.take() {
            drop(sender);
            let _ = thread.join(); // it can only have failed to write
        }
    }
}

/// A thread that writes a line each time, until its sender is dropped.
fn write_lines(
    bar: ProgressBar,
    every: Duration,
    mut out: impl Write + Send + 'static,
) -> (Sender<()>, JoinHandle<()>) {
    let (sender, ended) = channel();
    let start = Instant::now();
    let thread = std::thread::spawn(move || {
        while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            let (done, of) = (bar.position(), bar.length().unwrap_or(0));
            // nobody may be reading any more, which is no reason to stop the work
            let _ = writeln!(out, "{}", line(&bar.prefix(), &bar.message(), done, of, start.elapsed()));
        }
    });
    (sender, thread)
}

/// What is done, how far it is, and how long it will take.
fn line(name: &str, message: &str, done: u64, of: u64, elapsed: Duration) -> String {
    let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
    let seconds = elapsed.as_secs();
    if done == 0 || of == 0 {
        return format!("{name}preparing, for {seconds} s");
    }
    let left = elapsed.as_secs_f64() / done as f64 * of.saturating_sub(done) as f64;
    let left = match left {
        left if left < 100.0 => format!("{left:.0} s"),
        left if left < 6000.0 => format!("{:.0} min", left / 60.0),
        left => format!("{:.1} h", left / 3600.0),
    };
    format!("{name}{done} of {of} steps ({} %), {message}, {left} left", 100 * done / of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_line_says_what_how_far_and_how_long() {
        let second = Duration::from_secs;
        assert_eq!(
            line("brca", "loss 0.500", 50, 200, second(20)),
            "brca: 50 of 200 steps (25 %), loss 0.500, 60 s left"
        );
        assert_eq!(line("", "loss 0.5", 1, 1000, second(2)), "1 of 1000 steps (0 %), loss 0.5, 33 min left");
        assert_eq!(line("", "loss 0.5", 1, 10_000, second(2)), "1 of 10000 steps (0 %), loss 0.5, 5.6 h left");
        assert_eq!(line("brca", "", 0, 0, second(12)), "brca: preparing, for 12 s");
    }

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_while_the_work_runs_and_stop_with_it() {
        let (bar, kept) = (ProgressBar::hidden(), Kept::default());
        bar.set_length(100);
        let (sender, thread) = write_lines(bar.clone(), Duration::from_millis(20), kept.clone());
        bar.inc(10);
        std::thread::sleep(Duration::from_millis(300)); // no step comes, and lines do
        drop(sender);
        thread.join().unwrap();
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(text.lines().count() >= 2 && text.contains("10 of 100 steps"), "{text}");
    }
}
