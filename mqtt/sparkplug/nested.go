package sparkplug

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"dunlin/internal/sparkplugb"
)

// readDataSet reads a table, all of whose lists must fit one another.
func readDataSet(d *sparkplugb.DataSet) (*DataSet, error) {
	// [tck-id-payloads-dataset-column-num-headers] [tck-id-payloads-dataset-types-num]
	if len(d.Columns) != len(d.Types) || d.Size.Has && d.Size.V != uint64(len(d.Columns)) {
		return nil, fmt.Errorf("a data set says that it has %d columns, and has %d names and %d types of columns", d.Size.V, len(d.Columns), len(d.Types))
	}
	table := &DataSet{Columns: d.Columns, Types: make([]DataType, len(d.Types)), Rows: make([][]any, len(d.Rows))}
	for i, t := range d.Types {
		table.Types[i] = DataType(t)
		if !table.Types[i].basic() { // [tck-id-payloads-dataset-types-value]
			return nil, fmt.Errorf("column %d of a data set has the type %s", i+1, table.Types[i])
		}
		if !utf8.ValidString(d.Columns[i]) {
			return nil, fmt.Errorf("the name of column %d of a data set is not UTF-8", i+1)
		}
	}
	for i, row := range d.Rows {
		if len(row) != len(d.Types) {
			return nil, fmt.Errorf("row %d of a data set has %d values for %d columns", i+1, len(row), len(d.Types))
		}
		table.Rows[i] = make([]any, len(row))
		for j, v := range row {
			value, err := optional(table.Types[j], v)
			if err != nil {
				return nil, fmt.Errorf("row %d, column %d of a data set: %w", i+1, j+1, err)
			}
			table.Rows[i][j] = value
		}
	}
	return table, nil
}

// optional is interpret for a value that may be missing.
func optional(t DataType, v sparkplugb.Value) (any, error) {
	if v.Kind == sparkplugb.None {
		return nil, nil
	}
	return interpret(t, v)
}

// encodeOptional is encode for a value that may be nil.
func encodeOptional(t DataType, value any) (sparkplugb.Value, error) {
	if value == nil {
		return sparkplugb.Value{}, nil
	}
	return encode(t, value)
}

func writeDataSet(d *DataSet) (*sparkplugb.DataSet, error) {
	if len(d.Columns) != len(d.Types) {
		return nil, fmt.Errorf("a data set has %d names and %d types of columns", len(d.Columns), len(d.Types))
	}
	table := &sparkplugb.DataSet{
		Size: sparkplugb.Some(uint64(len(d.Columns))), Columns: d.Columns,
		Types: make([]uint32, len(d.Types)), Rows: make([][]sparkplugb.Value, len(d.Rows)),
	}
	for i, t := range d.Types {
		if !t.basic() {
			return nil, fmt.Errorf("column %d of a data set has the type %s", i+1, t)
		}
		table.Types[i] = uint32(t)
	}
	for i, row := range d.Rows {
		if len(row) != len(d.Types) {
			return nil, fmt.Errorf("row %d of a data set has %d values for %d columns", i+1, len(row), len(d.Types))
		}
		table.Rows[i] = make([]sparkplugb.Value, len(row))
		for j, value := range row {
			v, err := encodeOptional(d.Types[j], value)
			if err != nil {
				return nil, fmt.Errorf("row %d, column %d of a data set: %w", i+1, j+1, err)
			}
			table.Rows[i][j] = v
		}
	}
	return table, nil
}

func readTemplate(t *sparkplugb.Template) (*Template, error) {
	// [tck-id-payloads-template-is-definition-definition] [tck-id-payloads-template-definition-ref]
	// [tck-id-payloads-template-instance-ref]
	switch {
	case t.Definition.V && t.Ref.V != "":
		return nil, errors.New("the definition of a template refers to another template")
	case !t.Definition.V && t.Ref.V == "":
		return nil, errors.New("an instance of a template does not say of which")
	}
	metrics, err := readMetrics(t.Metrics)
	if err != nil {
		return nil, fmt.Errorf("a template: %w", err)
	}
	made := &Template{Version: t.Version.V, Ref: t.Ref.V, Definition: t.Definition.V, Metrics: metrics}
	for i := range t.Parameters {
		p := &t.Parameters[i]
		datatype := DataType(p.Type.V)
		value, err := any(nil), error(nil)
		if datatype == 0 { // only a definition has to give it
			value, err = plain(p.Value)
		} else if datatype.basic() {
			value, err = optional(datatype, p.Value)
		} else {
			err = fmt.Errorf("a parameter cannot be of type %s", datatype)
		}
		if err == nil && p.Name.V == "" {
			err = errors.New("a parameter has no name")
		}
		if err != nil {
			return nil, fmt.Errorf("a template, parameter %q: %w", p.Name.V, err)
		}
		made.Parameters = append(made.Parameters, Parameter{Name: p.Name.V, Type: datatype, Value: value})
	}
	return made, nil
}

func writeTemplate(t *Template) (*sparkplugb.Template, error) {
	if t.Definition == (t.Ref != "") {
		return nil, errors.New("a template is either a definition or has a Ref")
	}
	metrics, err := writeMetrics(t.Metrics)
	if err != nil {
		return nil, fmt.Errorf("a template: %w", err)
	}
	// [tck-id-payloads-template-is-definition]
	made := &sparkplugb.Template{Metrics: metrics, Version: textIf(t.Version), Ref: textIf(t.Ref), Definition: sparkplugb.Some(t.Definition)}
	for _, p := range t.Parameters {
		v, err := encodeOptional(p.Type, p.Value)
		if err == nil && (!p.Type.basic() || p.Name == "") {
			err = fmt.Errorf("its type is %s; it needs a name and a type from Int8 to UUID", p.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("a template, parameter %q: %w", p.Name, err)
		}
		made.Parameters = append(made.Parameters, sparkplugb.Parameter{Name: sparkplugb.Some(p.Name), Type: sparkplugb.Some(uint32(p.Type)), Value: v})
	}
	return made, nil
}

// textIf returns a field that is there if it says anything.
func textIf(s string) sparkplugb.Opt[string] {
	return sparkplugb.Opt[string]{V: s, Has: s != ""}
}

func readProperties(s *sparkplugb.PropertySet) ([]Property, error) {
	// [tck-id-payloads-propertyset-keys-array-size] [tck-id-payloads-propertyset-values-array-size]
	if len(s.Keys) != len(s.Values) {
		return nil, fmt.Errorf("a set of properties has %d keys and %d values", len(s.Keys), len(s.Values))
	}
	all := make([]Property, 0, len(s.Keys))
	for i, key := range s.Keys {
		v := &s.Values[i]
		p := Property{Name: key, Type: DataType(v.Type.V)}
		var err error
		switch {
		case !utf8.ValidString(key):
			err = errors.New("the name is not UTF-8")
		case p.Type != 0 && !p.Type.ofProperty():
			err = fmt.Errorf("a property cannot be of type %s", p.Type)
		case v.Null.V || v.Value.Kind == sparkplugb.None:
		case p.Type == 0: // only births have to give it
			p.Value, err = plainProperty(v.Value)
		default:
			p.Value, err = interpret(p.Type, v.Value)
		}
		if err != nil {
			return nil, fmt.Errorf("property %q: %w", key, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// plainProperty is plain for the value of a property, which may be a set or a list of them.
func plainProperty(v sparkplugb.Value) (any, error) {
	switch v.Kind {
	case sparkplugb.Set:
		return interpretNested(PropertySet, v)
	case sparkplugb.Sets:
		return interpretNested(PropertySetList, v)
	}
	return plain(v)
}

func readPropertyList(list []sparkplugb.PropertySet) ([][]Property, error) {
	all := make([][]Property, 0, len(list))
	for i := range list {
		set, err := readProperties(&list[i])
		if err != nil {
			return nil, err
		}
		all = append(all, set)
	}
	return all, nil
}

func writeProperties(all []Property) (*sparkplugb.PropertySet, error) {
	set := &sparkplugb.PropertySet{}
	for _, p := range all {
		if !p.Type.ofProperty() {
			return nil, fmt.Errorf("property %q: a property cannot be of type %s", p.Name, p.Type)
		}
		v, err := encodeOptional(p.Type, p.Value)
		if err != nil {
			return nil, fmt.Errorf("property %q: %w", p.Name, err)
		}
		made := sparkplugb.PropertyValue{Type: sparkplugb.Some(uint32(p.Type)), Value: v}
		if p.Value == nil {
			made.Null = sparkplugb.Some(true)
		}
		set.Keys = append(set.Keys, p.Name)
		set.Values = append(set.Values, made)
	}
	return set, nil
}

func writePropertyList(all [][]Property) (*[]sparkplugb.PropertySet, error) {
	list := make([]sparkplugb.PropertySet, 0, len(all))
	for _, properties := range all {
		set, err := writeProperties(properties)
		if err != nil {
			return nil, err
		}
		list = append(list, *set)
	}
	return &list, nil
}
