package engine

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// plainText is V8's text where goja's has all that it says.
func plainText(text string) string {
	if n, ok := strings.CutPrefix(text, "Invalid index "); ok {
		return "Invalid typed array length: " + n
	}
	if rest, ok := strings.CutPrefix(text, "Index "); ok && strings.HasSuffix(rest, " is out of bounds") {
		return "Offset is outside the bounds of the DataView"
	}
	if rest, ok := strings.CutPrefix(text, "Cannot convert "); ok {
		n, ok := strings.CutSuffix(rest, " to a BigInt")
		if _, err := strconv.ParseFloat(n, 64); ok && err == nil {
			return "The number " + n + " cannot be converted to a BigInt because it is not an integer"
		}
	}
	if head, of, ok := strings.Cut(text, "' of "); ok && strings.HasPrefix(head, "Cannot delete property '") && elements().MatchString(of) {
		return head + "' of [object Array]"
	}
	return evalText(text)
}

// elements are those of an array of numbers, as a text.
var elements = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[-\d.,]+$`) })

// evalText is the message of a SyntaxError of eval, which goja begins with the name and the place.
func evalText(text string) string {
	rest, ok := strings.CutPrefix(text, "SyntaxError: ")
	if !ok {
		return ""
	}
	if m := evalPlace().FindStringSubmatch(rest); m != nil {
		return m[1]
	}
	return ""
}

var evalPlace = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:\S*: Line \d+:\d+ )?(.*?)(?: \(and \d+ more errors\)| at \S*:\d+:\d+)?$`)
})

// plainTexts are texts of goja's and V8's for the same errors.
var plainTexts = map[string]string{
	"Invalid count value":                                                  "Invalid count value: -1",
	"Malformed URI":                                                        "URI malformed",
	"No initial value":                                                     "Reduce of empty array with no initial value",
	"object is not a function %s":                                          "undefined is not a function",
	"toFixed() precision must be between 0 and 100":                        "toFixed() digits argument must be between 0 and 100",
	"toExponential() precision must be between 0 and 100":                  "toExponential() argument must be between 0 and 100",
	"toPrecision() precision must be between 1 and 100":                    "toPrecision() argument must be between 1 and 100",
	"Must call super constructor in derived class before accessing 'this'": "Must call super constructor in derived class before accessing 'this' or returning from derived constructor",
	"Must call super constructor in derived class before returning from derived constructor": "Must call super constructor in derived class before accessing 'this' or returning from derived constructor",
	"The normalization form should be one of NFC, NFD, NFKC, NFKD":                           "The normalization form should be one of NFC, NFD, NFKC, NFKD.",
	"Illegal generator state":            "Generator is already running",
	"Promise self-resolution":            "Chaining cycle detected for promise #<Promise>",
	"Constructor Promise requires 'new'": "Promise constructor cannot be invoked without 'new'",
}
