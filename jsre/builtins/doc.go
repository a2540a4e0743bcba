// Package builtins gives scripts what the language has and the engine lacks or does wrong.
package builtins
