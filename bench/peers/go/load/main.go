// Command load is both ends of the benchmark around the server: a fake KMS and a load generator. It
// does as little as it can per call, so that the measurement is of the server between the two.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"kms": serveKms, "run": runLoad}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load kms|run …")
		os.Exit(64)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
