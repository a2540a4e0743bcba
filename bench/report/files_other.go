//go:build !linux

package report

func fileSystem(string) string { return "" }
