//! What an append gives at once: a ticket that resolves when the entry is on the disk, for callers
//! that wait on a thread and for callers that await.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::Error;

/// Where the answer is put.
#[derive(Debug)]
struct Slot<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

#[derive(Debug)]
struct State<T> {
    answer: Option<Result<T, Error>>,
    waker: Option<Waker>,
    waiting: bool,
}

impl<T> Slot<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here can panic half-way; a poisoned lock still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resolves once the entry is durable. Await it, or [`Ticket::wait`] for it on a thread.
#[derive(Debug)]
#[must_use = "an entry is in the log only when its ticket says so"]
pub struct Ticket<T>(Arc<Slot<T>>);

/// The other end of a ticket. Dropped without an answer it says [`Error::Closed`].
#[derive(Debug)]
pub(crate) struct Promise<T>(Option<Arc<Slot<T>>>);

/// A ticket and its other end.
pub(crate) fn ticket<T>() -> (Promise<T>, Ticket<T>) {
    let slot = Arc::new(Slot {
        state: Mutex::new(State {
            answer: None,
            waker: None,
            waiting: false,
        }),
        ready: Condvar::new(),
    });
    (Promise(Some(Arc::clone(&slot))), Ticket(slot))
}

impl<T> Promise<T> {
    /// Gives the answer.
    pub(crate) fn resolve(mut self, answer: Result<T, Error>) {
        self.put(answer);
    }

    fn put(&mut self, answer: Result<T, Error>) {
        let Some(slot) = self.0.take() else { return };
        let mut state = slot.state();
        state.answer = Some(answer);
        let (waker, waiting) = (state.waker.take(), state.waiting);
        drop(state);
        if waiting {
            slot.ready.notify_one();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.put(Err(Error::Closed));
    }
}

impl<T> Ticket<T> {
    /// Waits on this thread. Not for asynchronous code: there, await the ticket.
    pub fn wait(self) -> Result<T, Error> {
        let mut state = self.0.state();
        loop {
            if let Some(answer) = state.answer.take() {
                return answer;
            }
            state.waiting = true;
            state = self
                .0
                .ready
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Future for Ticket<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state();
        if let Some(answer) = state.answer.take() {
            return Poll::Ready(answer);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_waits_for_its_answer() {
        let (promise, ticket) = ticket();
        let waiting = std::thread::spawn(move || ticket.wait());
        std::thread::sleep(std::time::Duration::from_millis(5));
        promise.resolve(Ok(7));
        assert_eq!(waiting.join().unwrap().unwrap(), 7);
    }

    #[test]
    fn a_ticket_is_a_future() {
        let (promise, mut ticket) = ticket();
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut ticket).poll(&mut context).is_pending());
        promise.resolve(Ok("here"));
        let Poll::Ready(answer) = Pin::new(&mut ticket).poll(&mut context) else {
            panic!("still waiting");
        };
        assert_eq!(answer.unwrap(), "here");
    }

    #[test]
    fn a_promise_that_is_dropped_says_closed() {
        let (promise, ticket) = ticket::<u8>();
        drop(promise);
        assert!(matches!(ticket.wait(), Err(Error::Closed)));
    }
}
