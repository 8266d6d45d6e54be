//! How is a file kept from filling the memory? Its reader is given so many bytes for each row, and no more.

use std::cell::Cell;
use std::io::{ErrorKind, Read, Result};
use std::rc::Rc;

/// A reader that fails with [`ErrorKind::FileTooLarge`] once its ration is used up.
pub(super) struct Rationed<R> {
    inner: R,
    left: Ration,
}

/// Bytes that may still be read before the next row begins.
#[derive(Clone)]
pub(super) struct Ration(Rc<Cell<u64>>);

impl Ration {
    pub(super) fn new(bytes: u64) -> Self {
        Self(Rc::new(Cell::new(bytes)))
    }

    /// A new row begins.
    pub(super) fn renew(&self, bytes: u64) {
        self.0.set(bytes);
    }
}

impl<R: Read> Rationed<R> {
    pub(super) const fn new(inner: R, left: Ration) -> Self {
        Self { inner, left }
    }
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = self.left.0.get();
        if left == 0 {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let read = self.inner.by_ref().take(left).read(buffer)?;
        self.left.renew(left.saturating_sub(read as u64));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ration_is_read_and_not_a_byte_more_until_it_is_renewed() {
        let ration = Ration::new(3);
        let mut reader = Rationed::new(b"abcdef".as_slice(), ration.clone());
        let mut buffer = [0; 4];
        assert_eq!(reader.read(&mut buffer).unwrap(), 3);
        assert_eq!(
            reader.read(&mut buffer).unwrap_err().kind(),
            ErrorKind::FileTooLarge
        );
        ration.renew(9);
        assert_eq!(reader.read(&mut buffer).unwrap(), 3);
        assert_eq!(reader.read(&mut buffer).unwrap(), 0);
    }
}
