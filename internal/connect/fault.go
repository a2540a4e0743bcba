package connect

import (
	"fmt"
	"strings"
)

// PropertyFault says what is wrong with a property.
type PropertyFault int

// The faults.
const (
	UnknownCommand   PropertyFault = iota + 1 // there is no such command
	UnknownProperty                           // there is no such property
	NotAllowed                                // the packet has no such property
	NotSupported                              // the command cannot be given properties
	OutOfRange                                // it is no number, or one that is too small or too large
	NotText                                   // the value is not UTF-8, or too long
	WrongValueNumber                          // there are too few or too many values
)

// PropertyError is a property that cannot be set.
type PropertyError struct {
	Fault                PropertyFault
	Command, Name, Value string // as they were given; Value is the wrong one
}

func (e *PropertyError) with(fault PropertyFault, value string) error {
	e.Fault, e.Value = fault, value
	return e
}

// Error returns one line: which property, what is wrong with it, and what would be right.
func (e *PropertyError) Error() string {
	switch e.Fault {
	case UnknownCommand:
		return fmt.Sprintf("%q is not one of %s", e.Command, strings.Join(Commands, ", "))
	case NotSupported:
		return fmt.Sprintf("%s cannot be given properties; %s can", e.Command, strings.Join(Commands, ", "))
	case UnknownProperty:
		return fmt.Sprintf("%s: there is no property %q", e.Command, e.Name)
	case NotAllowed:
		return fmt.Sprintf("%s has no property %s", e.Command, e.Name)
	case OutOfRange:
		return fmt.Sprintf("%s %s: %q is not a number between 0 and %d", e.Command, e.Name, e.Value, limits[known[strings.ToLower(e.Name)].kind])
	case NotText:
		return fmt.Sprintf("%s %s: %q is not UTF-8 text of at most 65535 bytes", e.Command, e.Name, e.Value)
	default:
		return fmt.Sprintf("%s %s needs %d value(s)", e.Command, e.Name, PropertyValues(e.Name))
	}
}
