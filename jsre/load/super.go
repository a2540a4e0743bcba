package load

import "strings"

// esbuild 0.28.2 puts the body of an async generator method into a function of its own, where goja, as the
// language has it, refuses super. An object stands there for it, with a name of the same length.
const superWord = "$uper"

const superObject = ` const $uper = new Proxy({}, { get: (_, k) => { const v = super[k]; return typeof v === "function" ? v.bind(this) : v; }, set: (_, k, v) => { super[k] = v; return true; } });`

var (
	generatorBody = pattern(`^( *)return __asyncGenerator\(this, .*function\* ?\(.*\) \{$`)
	methodHead    = pattern(`(?:^ *|[{,] )(?:static )?(?:get |set |async )?\*?(?:[\w$#]+|\[.*\]|".*")\(.*\) \{$`)
	statementHead = pattern(`^ *(?:\} )?(?:if|for|while|switch|catch|with|function|async function|return|else|try|label)\b`)
	superOrText   = pattern("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`|\\bsuper\\b")
	classHead     = pattern(`\bclass\b.* \{$`)
)

// restoreSuper makes super work in async generator methods. It goes by the lines and the indentation of what
// esbuild prints; a method that has a template of several lines stays as it is.
func restoreSuper(code string) string {
	if !strings.Contains(code, "super") || !strings.Contains(code, "__asyncGenerator(this") || strings.Contains(code, superWord) {
		return code
	}
	lines := strings.Split(code, "\n")
	for i := 1; i < len(lines); i++ {
		m := generatorBody().FindStringSubmatch(lines[i])
		if m == nil || !isMethod(lines[i-1]) {
			continue
		}
		if replaceSuper(lines[i+1:], m[1]) {
			lines[i-1] += superObject
		}
	}
	return strings.Join(lines, "\n")
}

func isMethod(line string) bool {
	return methodHead().MatchString(line) && !statementHead().MatchString(line) && !strings.Contains(line, "function")
}

// replaceSuper replaces super in the lines of one body, which ends at the indentation of its beginning. What
// is in classes and methods inside has a super of its own.
func replaceSuper(lines []string, indent string) bool {
	changed, inner := map[int]string{}, ""
	for i, line := range lines {
		if strings.HasPrefix(line, indent+"});") {
			for at, text := range changed {
				lines[at] = text
			}
			return len(changed) > 0
		}
		switch {
		case inner != "":
			if strings.HasPrefix(line, inner) {
				inner = ""
			}
			continue
		case isMethod(line) || classHead().MatchString(line):
			inner = line[:len(line)-len(strings.TrimLeft(line, " "))] + "}"
			continue
		case strings.Count(line, "`")%2 != 0:
			return false
		}
		text := superOrText().ReplaceAllStringFunc(line, func(word string) string {
			if word == "super" {
				return superWord
			}
			return strings.ReplaceAll(word, "${super.", "${"+superWord+".")
		})
		if text != line {
			changed[i] = text
		}
	}
	return false
}
