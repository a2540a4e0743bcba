package protocol_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the page's types anew")

// pageTypes is the file with the types that the page is checked with.
const pageTypes = "../page/src/protocol.ts"

// TestPageHasTheSameTypes holds the page's types to those of the server, which they are made of, so that the two cannot part.
func TestPageHasTheSameTypes(t *testing.T) {
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range []string{"protocol.go", "packets.go"} {
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	want := script(t, parsed)
	if *update {
		if err := os.WriteFile(pageTypes, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(pageTypes)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what protocol.go and packets.go say; write it anew with: go test ./internal/ui/protocol -update", pageTypes)
	}
}

// script returns the types in TypeScript.
func script(t *testing.T, files []*ast.File) string {
	out := &strings.Builder{}
	out.WriteString("// What the page and the server say to each other: the types of internal/ui/protocol.\n")
	var declarations []ast.Decl
	for _, file := range files {
		declarations = append(declarations, file.Decls...)
	}
	for _, declaration := range declarations {
		types, ok := declaration.(*ast.GenDecl)
		if !ok || types.Tok != token.TYPE {
			continue
		}
		for _, spec := range types.Specs {
			spec := spec.(*ast.TypeSpec)
			out.WriteString("\n")
			writeComment(out, "", types.Doc)
			writeType(t, out, spec.Name.Name, spec.Type.(*ast.StructType))
		}
	}
	return out.String()
}

// writeType writes one type.
func writeType(t *testing.T, out *strings.Builder, name string, s *ast.StructType) {
	fmt.Fprintf(out, "export interface %s", name)
	for _, field := range s.Fields.List {
		if len(field.Names) == 0 {
			fmt.Fprintf(out, " extends %s", scriptType(t, field.Type))
		}
	}
	out.WriteString(" {\n")
	for _, field := range s.Fields.List {
		if len(field.Names) == 0 {
			continue
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
		member, options, _ := strings.Cut(tag, ",")
		if options == "omitempty" {
			member += "?"
		}
		writeComment(out, "\t", field.Doc)
		fmt.Fprintf(out, "\t%s: %s;", member, scriptType(t, field.Type))
		if field.Comment != nil {
			out.WriteString(" // " + strings.TrimSpace(field.Comment.Text()))
		}
		out.WriteString("\n")
	}
	out.WriteString("}\n")
}

// writeComment writes a comment as it is.
func writeComment(out *strings.Builder, indent string, comment *ast.CommentGroup) {
	if comment == nil {
		return
	}
	for _, line := range comment.List {
		out.WriteString(indent + line.Text + "\n")
	}
}

// scriptType returns the type that encoding/json's text of a Go type has.
func scriptType(t *testing.T, expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.Ident:
		switch e.Name {
		case "int", "int64", "float64":
			return "number"
		case "bool":
			return "boolean"
		case "any":
			return "unknown"
		}
		return e.Name
	case *ast.StarExpr:
		return scriptType(t, e.X)
	case *ast.ArrayType:
		if element, ok := e.Elt.(*ast.Ident); ok && element.Name == "byte" {
			return "string" // base64
		}
		return scriptType(t, e.Elt) + "[]"
	case *ast.SelectorExpr: // json.RawMessage
		return "unknown"
	}
	t.Fatalf("there is no type of TypeScript for %T", expression)
	return ""
}
