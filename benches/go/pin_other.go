//go:build !linux

package main

// pin does something on Linux only.
func pin(int) {}
