package interop

var propertyCases, optionCases, limitCases []testCase
