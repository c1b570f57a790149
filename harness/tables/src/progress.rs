//! Progress of long work: a bar on a terminal; elsewhere a line on standard error every ten seconds.
//!
//! A log, a pipe or a batch system shows no bar, and a program that says nothing for minutes looks as if it hung.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
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
    part: Arc<Mutex<Part>>,
    steps: AtomicU64,
    lines: Option<(Sender<()>, JoinHandle<()>)>, // dropping the sender ends the thread
}

/// What is being done: training, whose steps the bar counts, or what comes before and after it.
#[derive(Debug, Clone)]
struct Part {
    what: Option<String>, // none while it trains
    done: u64,
    of: u64,
    begun: Instant,
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
        let part = Arc::new(Mutex::new(Part { what: None, done: 0, of: 0, begun: Instant::now() }));
        let lines = (!quiet && !terminal).then(|| write_lines(bar.clone(), Arc::clone(&part), EVERY, stderr()));
        Ok(Progress { bar, part, steps: AtomicU64::new(0), lines })
    }

    /// Other work than training, such as reading `done` of `of` images; 0 of 0 where that is not known.
    pub fn part(&self, what: &str, done: usize, of: usize) {
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        if part.what.as_deref() != Some(what) {
            (part.what, part.begun) = (Some(what.to_owned()), Instant::now());
        }
        (part.done, part.of) = (done as u64, of as u64);
    }

    /// So many more steps are to be done.
    pub fn plan(&self, steps: usize) {
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        if part.what.take().is_some() {
            part.begun = Instant::now();
        }
        drop(part);
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
    part: Arc<Mutex<Part>>,
    every: Duration,
    mut out: impl Write + Send + 'static,
) -> (Sender<()>, JoinHandle<()>) {
    let (sender, ended) = channel();
    let thread = std::thread::spawn(move || {
        while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let elapsed = part.begun.elapsed();
            let text = match part.what {
                None => line("steps", &bar.message(), bar.position(), bar.length().unwrap_or(0), elapsed),
                Some(what) => line(&what, "", part.done, part.of, elapsed),
            };
            let name = bar.prefix();
            // nobody may be reading any more, which is no reason to stop the work
            let _ = if name.is_empty() { writeln!(out, "{text}") } else { writeln!(out, "{name}: {text}") };
        }
    });
    (sender, thread)
}

/// What is done, how far it is, and how long it will take.
fn line(what: &str, message: &str, done: u64, of: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if done == 0 || of == 0 {
        let what = if what == "steps" { "preparing" } else { what };
        return format!("{what}, for {seconds} s");
    }
    let left = elapsed.as_secs_f64() / done as f64 * of.saturating_sub(done) as f64;
    let left = match left {
        left if left < 100.0 => format!("{left:.0} s"),
        left if left < 6000.0 => format!("{:.0} min", left / 60.0),
        left => format!("{:.1} h", left / 3600.0),
    };
    let comma = if message.is_empty() { "" } else { ", " };
    format!("{done} of {of} {what} ({} %){comma}{message}, {left} left", 100 * done / of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_how_far_and_how_long() {
        let second = Duration::from_secs;
        let steps = |message, done, of, elapsed| line("steps", message, done, of, second(elapsed));
        assert_eq!(steps("loss 0.500", 50, 200, 20), "50 of 200 steps (25 %), loss 0.500, 60 s left");
        assert_eq!(steps("loss 0.5", 1, 1000, 2), "1 of 1000 steps (0 %), loss 0.5, 33 min left");
        assert_eq!(steps("loss 0.5", 1, 10_000, 2), "1 of 10000 steps (0 %), loss 0.5, 5.6 h left");
        assert_eq!(steps("", 0, 0, 12), "preparing, for 12 s");
        assert_eq!(line("images read", "", 30, 40, second(30)), "30 of 40 images read (75 %), 10 s left");
        assert_eq!(line("writing tables", "", 0, 0, second(12)), "writing tables, for 12 s");
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
        let (kept, mut progress) = (Kept::default(), Progress::new("brca", true).unwrap());
        let every = Duration::from_millis(20);
        progress.lines = Some(write_lines(progress.bar.clone(), Arc::clone(&progress.part), every, kept.clone()));
        let text = || String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let comes = |line: &str| {
            while !text().contains(line) {
                std::thread::sleep(every); // no step comes, and lines do
            }
        };
        comes("brca: preparing, for 0 s\n");
        progress.part("images read", 30, 40);
        comes("brca: 30 of 40 images read (75 %), ");
        progress.plan(60);
        progress.plan(40);
        (0..10).for_each(|_| progress.step(|| 0.5));
        comes("brca: 10 of 100 steps (10 %), loss 0.500, ");
        progress.part("writing tables", 0, 0);
        comes("brca: writing tables, for 0 s\n");
        progress.finish();
        let said = text();
        std::thread::sleep(4 * every);
        assert_eq!(text(), said);
    }

    /// The promise is 15 s.
    #[test]
    fn a_reader_waits_no_longer_than_promised() {
        assert!(EVERY <= Duration::from_secs(15));
    }
}
