//! A counter in a browser page: a button sets a watched value, and any number of elements show what is derived from it.

extern crate alloc;

use alloc::format;
use alloc::string::String;

use event_core::{StateValue, prelude::*};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;

/// The state of the page.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Counter {
    count: StateValue<u32>,
}

#[wasm_bindgen]
impl Counter {
    /// A counter that begins with zero.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts. The page calls it when the button is clicked.
    pub fn add(&self) {
        self.count.update(|count| *count += 1);
    }

    /// Shows the count in `element`, until the counter is freed.
    pub fn show_count(&self, element: Element) {
        show(element, self.count.watch().map(|count| format!("{count}")));
    }

    /// Shows in `element` whether the count is even; the element changes only when that does.
    pub fn show_parity(&self, element: Element) {
        let parity = self.count.watch().map(|count| count % 2 == 0).dedup();
        show(element, parity.map(|even| if even { "even" } else { "odd" }.into()));
    }
}

/// Shows each text, until there are no more.
fn show(element: Element, mut texts: impl Watcher<Item = String> + 'static) {
    spawn_local(async move {
        while let Ok(text) = texts.get().await {
            element.set_text_content(Some(&text));
        }
        element.set_text_content(Some("ended"));
    });
}
