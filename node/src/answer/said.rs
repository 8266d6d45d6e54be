//! What did the log say on this thread? One subscriber for the whole test program, because `tracing` remembers for all
//! threads at once which lines anybody listens to; what it hears is kept apart by thread.

use std::cell::RefCell;
use std::io::Write;
use std::sync::OnceLock;

use tracing_subscriber::fmt::MakeWriter;

thread_local! {
    static HEARD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

static LISTENING: OnceLock<()> = OnceLock::new();

/// Everything, down to `trace`, that `work` logs on this thread; without times.
pub(super) fn said_during<T>(work: impl FnOnce() -> T) -> (T, String) {
    LISTENING.get_or_init(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .without_time()
            .with_ansi(false)
            .with_writer(OwnThread)
            .init();
    });
    HEARD.with_borrow_mut(Vec::clear);
    let done = work();
    (
        done,
        HEARD.with_borrow_mut(|heard| String::from_utf8(std::mem::take(heard)).unwrap()),
    )
}

struct OwnThread;

impl Write for OwnThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        HEARD.with_borrow_mut(|heard| heard.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for OwnThread {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}
