#!/usr/bin/env bash
# goja: "arguments" in an arrow function is not that of the function around it, unless that one mentions it, too. esbuild
# passes it on for every target that has arrow functions.
#
# A good guess is that it is: an arrow function has no arguments of its own, ECMAScript 2015 section 14.2.16, and in it the
# name means what it means outside. No error tells: the value is undefined.
#
# Seen, with github.com/dop251/goja of 2026-09-17, github.com/evanw/esbuild v0.28.2 and Node.js 20.20.2; the middle column is where
# the program ran: Node.js, goja, or goja after esbuild for that target:
#
#	plain      node    given
#	plain      goja    undefined
#	plain      es2022  undefined
#	plain      es2016  undefined
#	mentioned  goja    given
#	mentioned  es2016  given
#
# The script builds a small program with both modules in a temporary folder (they are downloaded), and runs Node.js beside
# it. It needs Linux, Bash, Go and Node.js 20 or later; no code of this project takes part. It ends with status 0 when it
# sees what is written above, and with 1 when not.
set -euo pipefail
goja=v0.0.0-20260917113740-793a2a65c13b
esbuild=v0.28.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'END'
// Runs the program on standard input in goja, after esbuild where a target is named.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	source, _ := io.ReadAll(os.Stdin)
	targets := map[string]api.Target{"es2022": api.ES2022, "es2017": api.ES2017, "es2016": api.ES2016}
	if target, ok := targets[os.Args[1]]; ok {
		built := api.Transform(string(source), api.TransformOptions{Target: target})
		for _, m := range built.Errors {
			fmt.Println("esbuild:", m.Text)
			return
		}
		source = built.Code
	}
	vm := goja.New()
	vm.Set("print", func(s string) { fmt.Println(s) })
	if _, err := vm.RunString(string(source)); err != nil {
		fmt.Println(err)
	}
}
END
{ go mod init finding && go get "github.com/dop251/goja@$goja" "github.com/evanw/esbuild@$esbuild" &&
	go mod tidy && go build -o run .; } >out 2>&1 || {
	tail -n 3 out >&2
	echo "goja $goja and esbuild $esbuild cannot be built here" >&2
	exit 2
}
# try NAME WHERE: runs the program NAME.js and notes what it prints.
seen=
try() {
	if [ "$2" = node ]; then
		said=$(node -e 'globalThis.print = console.log; (0, eval)(require("fs").readFileSync(0, "utf8"))' <"$1.js" 2>&1) || said="fails"
	else
		said=$(./run "$2" <"$1.js" 2>&1)
	fi
	printf '%-10s %-7s %s\n' "$1" "$2" "$said"
	seen="$seen$1 $2 $said"$'\n'
}
cat >plain.js <<'END'
function outer() { return [0].map(() => arguments[0])[0] }
print(String(outer('given')))
END
cat >mentioned.js <<'END'
function outer() { arguments; return [0].map(() => arguments[0])[0] }
print(String(outer('given')))
END
try plain node
try plain goja
try plain es2022
try plain es2016
try mentioned goja
try mentioned es2016
cat >want <<'END'
plain node given
plain goja undefined
plain es2022 undefined
plain es2016 undefined
mentioned goja given
mentioned es2016 given
END
printf %s "$seen" | diff want - || { echo "this is not what was seen of these versions: one has changed" >&2; exit 1; }
echo "as seen before: goja takes arguments in an arrow function for its own"
