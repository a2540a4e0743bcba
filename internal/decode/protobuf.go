package decode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"dunlin/mqtt"
)

// newProtobuf returns what decodes one type of message, which schema names as FILE#TYPE. A FILE whose name ends in
// .proto is source, whose imports are looked for in its folder and then in the working directory; any other is a
// descriptor set, as "protoc --include_imports --descriptor_set_out" writes it. A TYPE needs its package only
// where the file has two of that name. The JSON is the one that protobuf defines, with the names of the file, and
// with fields at their default: whole numbers of 64 bits are strings in it. What the type does not know is left out.
func newProtobuf(schema string) (decodeFunc, error) {
	at := strings.LastIndexByte(schema, '#')
	if at <= 0 || at == len(schema)-1 {
		return nil, fmt.Errorf("--decode protobuf:%s: a file and a type are needed, as in protobuf:sensor.proto#lab.Reading", schema)
	}
	file, name := schema[:at], strings.TrimPrefix(schema[at+1:], ".")
	files, main, err := readSchema(file)
	if err != nil {
		return nil, fmt.Errorf("--decode protobuf:%s: %w", schema, err)
	}
	message, err := findMessage(files, main, name)
	if err != nil {
		return nil, fmt.Errorf("--decode protobuf:%s: %w", schema, err)
	}
	types := dynamicpb.NewTypes(files)
	in := proto.UnmarshalOptions{Resolver: types, RecursionLimit: maxDepth}
	out := protojson.MarshalOptions{Resolver: types, UseProtoNames: true, EmitDefaultValues: true}
	return func(dst []byte, m *mqtt.Received) ([]byte, error) {
		value := dynamicpb.NewMessage(message)
		if err := contained(func() error { return in.Unmarshal(m.Payload, value) }); err != nil {
			return dst, trimProto(err)
		}
		text, err := out.Marshal(value)
		if err != nil {
			return dst, trimProto(err)
		}
		return appendCompact(dst, text) // the library varies its spaces
	}, nil
}

// contained calls a function of the library, and makes an error of a panic in it: google.golang.org/protobuf v1.36.12
// panics at some payloads with broken entries of a map, and a payload must not end the command.
func contained(f func() error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("the library that reads it fails: %v", x)
		}
	}()
	return f()
}

// trimProto takes the name of the library, and the space that it varies, from its error.
func trimProto(err error) error {
	_, text, found := strings.Cut(err.Error(), "proto:")
	if !found {
		text = err.Error()
	}
	return errors.New(strings.TrimLeft(text, " \u00a0"))
}

// readSchema reads a schema with all that it imports. It also returns the files that types without a package are
// looked for in.
func readSchema(file string) (*protoregistry.Files, []protoreflect.FileDescriptor, error) {
	if strings.HasSuffix(file, ".proto") {
		return compile(file)
	}
	encoded, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(encoded, &set); err != nil || len(set.GetFile()) == 0 {
		return nil, nil, errors.New("the file is no descriptor set; the name of a source file ends in .proto")
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, nil, trimProto(err)
	}
	var all []protoreflect.FileDescriptor
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		all = append(all, f)
		return true
	})
	return files, all, nil
}

// compile reads a source file.
func compile(file string) (*protoregistry.Files, []protoreflect.FileDescriptor, error) {
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{filepath.Dir(file), "."}}),
	}
	compiled, err := compiler.Compile(context.Background(), filepath.Base(file))
	if err != nil {
		return nil, nil, err
	}
	files := &protoregistry.Files{}
	if err := register(files, compiled[0]); err != nil {
		return nil, nil, trimProto(err)
	}
	return files, []protoreflect.FileDescriptor{compiled[0]}, nil
}

// register adds a file and all that it imports.
func register(files *protoregistry.Files, file protoreflect.FileDescriptor) error {
	if _, err := files.FindFileByPath(file.Path()); err == nil {
		return nil
	}
	imports := file.Imports()
	for i := range imports.Len() {
		if err := register(files, imports.Get(i).FileDescriptor); err != nil {
			return err
		}
	}
	return files.RegisterFile(file)
}

// findMessage returns the message type of a full name, or of a name that only one of the files' types has.
func findMessage(files *protoregistry.Files, main []protoreflect.FileDescriptor, name string) (protoreflect.MessageDescriptor, error) {
	if found, err := files.FindDescriptorByName(protoreflect.FullName(name)); err == nil {
		if message, ok := found.(protoreflect.MessageDescriptor); ok {
			return message, nil
		}
		return nil, fmt.Errorf("%s is not a message type", name)
	}
	var alike []protoreflect.MessageDescriptor
	var known []string
	for _, file := range main {
		eachMessage(file.Messages(), func(m protoreflect.MessageDescriptor) {
			known = append(known, string(m.FullName()))
			if strings.HasSuffix("."+string(m.FullName()), "."+name) {
				alike = append(alike, m)
			}
		})
	}
	if len(alike) == 1 {
		return alike[0], nil
	}
	const shown = 10
	if len(known) > shown {
		known = append(known[:shown], "...")
	}
	if len(alike) > 1 {
		return nil, fmt.Errorf("%d message types are called %s; name one with its package", len(alike), name)
	}
	return nil, fmt.Errorf("the file has no message type %s; it has %s", name, strings.Join(known, ", "))
}

// eachMessage calls visit with all message types, those within others included, but for the entries of maps.
func eachMessage(messages protoreflect.MessageDescriptors, visit func(protoreflect.MessageDescriptor)) {
	for i := range messages.Len() {
		if m := messages.Get(i); !m.IsMapEntry() {
			visit(m)
			eachMessage(m.Messages(), visit)
		}
	}
}
