#!/usr/bin/env bash
# goja: in a regular expression with the flag m, ^ and $ know the line end \n alone, and the dot knows all four.
#
# A good guess is that \r, U+2028 and U+2029 are line ends, too: "LineTerminator" of ECMAScript section 12.3, which "." excludes
# and at which ^ and $ match with m. The dot does exclude them. Text from devices has \r\n: a program that takes it apart by
# lines finds the last one alone, or, where each line has such an end, none at all.
#
# Seen, with github.com/dop251/goja of 2026-09-17 and Node.js 20.20.2:
#
#	lines      node    ["a","b"]
#	lines      goja    ["b"]
#	words      node    ["a","b"]
#	words      goja    null
#
# The script builds a small program with the module in a temporary folder (it is downloaded), and runs Node.js beside
# it. It needs Linux, Bash, Go and Node.js 20 or later; no code of this project takes part. It ends with status 0 when it
# sees what is written above, and with 1 when not.
set -euo pipefail
goja=v0.0.0-20260917113740-793a2a65c13b
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'END'
// Runs the program on standard input in goja.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/dop251/goja"
)

func main() {
	source, _ := io.ReadAll(os.Stdin)
	vm := goja.New()
	vm.Set("print", func(s string) { fmt.Println(s) })
	if _, err := vm.RunString(string(source)); err != nil {
		fmt.Println(err)
	}
}
END
{ go mod init finding && go get "github.com/dop251/goja@$goja" && go mod tidy && go build -o run .; } >out 2>&1 || {
	tail -n 3 out >&2
	echo "goja $goja cannot be built here" >&2
	exit 2
}
cat >lines.js <<'END'
print(JSON.stringify('a\r\nb'.match(/^.+$/gm)))
END
cat >words.js <<'END'
print(JSON.stringify('a\r\nb\r\n'.match(/^\w+$/gm)))
END
for name in lines words; do
	said=$(node -e 'globalThis.print = console.log; (0, eval)(require("fs").readFileSync(0, "utf8"))' <$name.js)
	printf '%-10s %-7s %s\n' $name node "$said"
	printf '%-10s %-7s %s\n' $name goja "$(./run <$name.js)"
done | tee seen
cat >want <<'END'
lines      node    ["a","b"]
lines      goja    ["b"]
words      node    ["a","b"]
words      goja    null
END
diff want seen || { echo "this is not what was seen of goja $goja: it has changed" >&2; exit 1; }
echo "as seen before: goja knows one line end"
