#!/usr/bin/env bash
# goja: a class of Unicode characters in a regular expression, \p{L}, is the text p{L}. No error tells; a made-up class is
# taken as well. esbuild passes it on.
#
# A good guess is that it works, or is a SyntaxError, as other things are that goja has not: "CharacterClassEscape :: p{
# UnicodePropertyValueExpression }", ECMAScript 2018 section 21.2.1, with the flag u. A program that checks names with it
# refuses all of them, and one that removes such characters leaves them.
#
# Seen, with github.com/dop251/goja of 2026-09-17, github.com/evanw/esbuild v0.28.2 and Node.js 20.20.2; the middle column is where
# the program ran: Node.js, goja, or goja after esbuild for that target:
#
#	letter     node    true
#	letter     goja    false
#	letter     es2022  false
#	literal    node    false
#	literal    goja    true
#	madeup     node    SyntaxError
#	madeup     goja    /\p{NoSuchClass}/u
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
cat >letter.js <<'END'
print(String(/^\p{L}+$/u.test('Łódź')))
END
cat >literal.js <<'END'
print(String(/^\p{L}$/u.test('p{L}')))
END
cat >madeup.js <<'END'
try { print(String(new RegExp('\\p{NoSuchClass}', 'u'))) } catch (e) { print(e.name) }
END
try letter node
try letter goja
try letter es2022
try literal node
try literal goja
try madeup node
try madeup goja
cat >want <<'END'
letter node true
letter goja false
letter es2022 false
literal node false
literal goja true
madeup node SyntaxError
madeup goja /\p{NoSuchClass}/u
END
printf %s "$seen" | diff want - || { echo "this is not what was seen of these versions: one has changed" >&2; exit 1; }
echo "as seen before: goja takes classes of Unicode characters for text"
