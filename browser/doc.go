// Package browser has tests of pages in a real browser: Chromium without a window.
package browser
